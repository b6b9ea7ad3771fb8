import assert from "node:assert/strict"
import { AddressInfo, Server, Socket, createServer } from "node:net"
import { TestContext, test } from "node:test"
import { flashWith } from "../../../sim/vm/flash"
import { Network, VmSocket } from "../../../sim/vm/socket"
import { deviceFor, firmware } from "./programs"

/** A server on a free port, which ends with the test. */
async function serve(
    context: TestContext,
    onConnection: (socket: Socket) => void
): Promise<number> {
    const sockets = new Set<Socket>()
    const server: Server = createServer(socket => {
        sockets.add(socket)
        socket.on("error", () => undefined)
        onConnection(socket)
    })
    context.after(() => {
        for (const socket of sockets) socket.destroy()
        server.close()
    })
    await new Promise<void>(resolve =>
        server.listen(0, "127.0.0.1", () => resolve())
    )
    return (server.address() as AddressInfo).port
}

/** What a VM would be told by this socket, until it is closed or broken. */
function events(socket: VmSocket): Promise<(string | Buffer)[]> {
    return new Promise(resolve => {
        const seen: (string | Buffer)[] = []
        socket.once("connect", () => seen.push("connect"))
        socket.on("data", (data: Buffer) => seen.push(data))
        socket.on("error", (error: NodeJS.ErrnoException) =>
            seen.push(error.code ?? error.message)
        )
        socket.on("close", () => {
            seen.push("close")
            resolve(seen)
        })
    })
}

const pattern = (size: number) =>
    Buffer.from(Array.from({ length: size }, (_, i) => (i * 7) & 0xff))

test("120 KB sent at once arrive whole, in order, in pieces of at most 1,024 bytes, the end last", async context => {
    const sent = pattern(120 * 1024)
    const port = await serve(context, socket => socket.end(sent))
    const network = new Network()
    const socket = network.createConnection({ host: "127.0.0.1", port })
    const seen = await events(socket)
    assert.equal(seen.shift(), "connect")
    assert.equal(seen.pop(), "close")
    const pieces = seen as Buffer[]
    assert.ok(Buffer.concat(pieces).equals(sent))
    assert.ok(pieces.every(({ length }) => length <= 1024))
})

test("the VM survives a burst of 120 KB and counts every byte of it", async context => {
    const port = await serve(context, socket => socket.end(pattern(120 * 1024)))
    const device = await deviceFor(context, {
        image: await firmware("sockets"),
        flash: flashWith({ port }),
    })
    const { text } = await device.until("closed:")
    assert.match(text, /^closed: 122880 bytes, largest (\d+), /)
    assert.equal(/largest (\d+)/.exec(text)![1], "1024")
    let sum = 0
    const sent = pattern(120 * 1024)
    for (let i = 0; i < sent.length; i += 512)
        sum = (sum * 31 + sent[i]) & 0xffff
    assert.ok(text.endsWith(`sum ${sum}`), `${text}, expected sum ${sum}`)
    assert.deepEqual(device.panics, [])
})

test("one piece a time: pieces come no faster than the pace", async context => {
    const port = await serve(context, socket => socket.end(pattern(20 * 1024)))
    let now = 0
    const timers: { at: number; run: () => void }[] = []
    const network = new Network({
        pieceIntervalMs: 3,
        clock: {
            now: () => now,
            setTimeout: (run, delayMs) => {
                const timer = { at: now + delayMs, run }
                timers.push(timer)
                return timer
            },
            clearTimeout: timer => {
                const at = timers.indexOf(timer as (typeof timers)[0])
                if (at >= 0) timers.splice(at, 1)
            },
        },
    })
    const socket = network.createConnection({ host: "127.0.0.1", port })
    const times: number[] = []
    socket.on("data", () => times.push(now))
    const done = events(socket)
    // Time goes on whenever Node's own events have been handled.
    const step = setInterval(() => {
        now++
        for (const timer of timers.filter(({ at }) => at <= now)) {
            timers.splice(timers.indexOf(timer), 1)
            timer.run()
        }
    }, 0)
    await done
    clearInterval(step)
    assert.equal(times.length, 20)
    for (let i = 1; i < times.length; i++)
        assert.ok(times[i] - times[i - 1] >= 3, times.join(" "))
})

test("a reset is an error, after the data that came before it", async context => {
    const port = await serve(context, socket => {
        socket.write("last words")
        socket.once("data", () => socket.resetAndDestroy())
    })
    const network = new Network()
    const socket = network.createConnection({ host: "127.0.0.1", port })
    socket.once("data", () => socket.write(Buffer.from("go")))
    const seen = await events(socket)
    assert.deepEqual(seen.map(String), [
        "connect",
        "last words",
        "ECONNRESET",
        "close",
    ])
})

test("the firmware tells a reset from an orderly end", async context => {
    const image = await firmware("sockets")
    const reset = await serve(context, socket =>
        socket.once("data", () => socket.resetAndDestroy())
    )
    const ends = await serve(context, socket =>
        socket.once("data", () => socket.end("bye"))
    )
    const first = await deviceFor(context, {
        image,
        flash: flashWith({ port: reset }),
    })
    const second = await deviceFor(context, {
        image,
        flash: flashWith({ port: ends }),
    })
    assert.match((await first.until("failed")).text, /read ECONNRESET/)
    assert.match((await second.until("closed")).text, /^closed: 3 bytes/)
})

test("a server that closes at once does not upset the VM", async context => {
    const port = await serve(context, socket => socket.end())
    const device = await deviceFor(context, {
        image: await firmware("sockets"),
        flash: flashWith({ port }),
    })
    await device.until("open")
    await device.until("nothing came")
})

test("a refused connection and an unknown name are errors that the firmware can read", async context => {
    const image = await firmware("sockets")
    const port = await serve(context, () => undefined)
    const refused = await deviceFor(context, {
        image,
        flash: flashWith({ host: "localhost", port }),
        resolve: () => ({ host: "127.0.0.1", port: 1 }),
    })
    assert.match(
        (await refused.until("failed")).text,
        /localhost:\d+.*connect ECONNREFUSED/
    )
    const unknown = await deviceFor(context, {
        image,
        flash: flashWith({ host: "no.such.name.invalid", port }),
    })
    assert.match(
        (await unknown.until("failed")).text,
        /getaddrinfo (ENOTFOUND|EAI_AGAIN)/
    )
})

test("localhost is found, and a name can be sent to another address and port", async context => {
    const image = await firmware("sockets")
    const port = await serve(context, socket => socket.end("x"))
    const local = await deviceFor(context, {
        image,
        flash: flashWith({ host: "localhost", port }),
    })
    await local.until("closed: 1 bytes")
    const asked: string[] = []
    const mapped = await deviceFor(context, {
        image,
        flash: flashWith({ host: "gateway.example", port: 8883 }),
        resolve: (host, to) => {
            asked.push(`${host}:${to}`)
            return { host: "127.0.0.1", port }
        },
    })
    await mapped.until("closed: 1 bytes")
    assert.deepEqual(asked, ["gateway.example:8883"])
})

test("what the VM writes before it closes still reaches the peer", async context => {
    const sent = pattern(200_000)
    const received = new Promise<Buffer>(resolve => {
        void serve(context, socket => {
            const parts: Buffer[] = []
            // The peer talks as well: unread bytes must not turn the close into a reset.
            socket.write(pattern(5000))
            socket.on("data", part => parts.push(part))
            socket.on("end", () => resolve(Buffer.concat(parts)))
        }).then(port => {
            const socket = new Network().createConnection({
                host: "127.0.0.1",
                port,
            })
            socket.once("connect", () => {
                socket.write(sent)
                socket.end()
            })
        })
    })
    assert.ok((await received).equals(sent))
})

test("a stopped device and a panic close the connection", async context => {
    const image = await firmware("sockets")
    let closed = 0
    const port = await serve(context, socket => {
        socket.resume()
        socket.once("close", () => closed++)
    })
    const device = await deviceFor(context, {
        image,
        flash: flashWith({ port }),
    })
    await device.until("open")
    device.stop()
    for (let i = 0; i < 100 && closed === 0; i++)
        await new Promise(resolve => setTimeout(resolve, 10))
    assert.equal(closed, 1)
})

test("a port that is none is an error, not the end of the VM", async context => {
    const device = await deviceFor(context, {
        image: await firmware("sockets"),
        flash: flashWith({ port: 70_000 }),
    })
    await device.until(/failed: .*port 70000 is not a port/)
    assert.deepEqual(device.panics, [])
})

test("a native TLS socket is refused with a reason", async context => {
    const device = await deviceFor(context, {
        image: await firmware("tls"),
        restartMs: 10,
    })
    const { text } = await device.until("failed")
    assert.match(text, /own TLS is not available/)
    assert.deepEqual(device.panics, [])
})
