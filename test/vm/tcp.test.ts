/** The device's TCP transport (`src/net/tcp.ts`) in the real VM, over real sockets. */
import assert from "node:assert/strict"
import { EventEmitter, once } from "node:events"
import net from "node:net"
import { before, describe, test, TestContext } from "node:test"
import { Image } from "../../sim/vm/compiler"
import { FlashImage } from "../../sim/vm/flash"
import { startDevice } from "../../sim/vm/host"
import { VmNetwork, VmSocket } from "../../sim/vm/socket"
import { freePort } from "../peers"
import { firmware } from "../sim/vm/programs"

const TIMEOUT_MS = 60_000

/** What the firmware says of bytes that it has read. */
function said(data: Uint8Array): string {
    let sum = 0
    for (const byte of data) sum = (sum * 31 + byte) & 0xffff
    return `tcp: ${data.length} bytes, sum ${sum}`
}

/** Bytes that are not all the same, so that a lost or repeated piece shows. */
function pattern(length: number): Buffer {
    return Buffer.from(Array.from({ length }, (_, i) => (i * i + i) % 253))
}

/** A server for one test; `talk` is its side of each connection. */
async function serve(
    context: TestContext,
    talk: (socket: net.Socket, index: number) => void
): Promise<number> {
    const open = new Set<net.Socket>()
    let count = 0
    const server = net.createServer({ allowHalfOpen: true }, socket => {
        open.add(socket)
        socket.on("error", () => undefined)
        socket.on("close", () => open.delete(socket))
        talk(socket, count++)
    })
    server.listen(0, "127.0.0.1")
    await once(server, "listening")
    context.after(() => {
        for (const socket of open) socket.destroy()
        server.close()
    })
    return (server.address() as net.AddressInfo).port
}

describe("TCP in the VM", () => {
    let image: Image

    before(async () => {
        image = await firmware("tcpclient")
    })

    /** The lines of a device that goes through a scenario to its end. */
    async function lines(
        context: TestContext,
        settings: Record<string, unknown>,
        network?: VmNetwork
    ): Promise<string[]> {
        const flash = new FlashImage()
        for (const [name, value] of Object.entries(settings))
            flash.set(name, value)
        const device = await startDevice({ image, flash, network })
        context.after(() => device.stop())
        // Then `until` gives up, and says what happened.
        device.once("panic", () => device.stop())
        await device.until("tcp: alive", TIMEOUT_MS)
        assert.deepEqual(device.panics, [])
        return device.lines
            .map(({ text }) => text)
            .filter(text => text.startsWith("tcp: ") && text !== "tcp: alive")
    }

    test("a port where nobody listens is ConnectFailed, with the reason", async context => {
        const port = await freePort()
        const [line, ...more] = await lines(context, { port })
        assert.match(line, /^tcp: failed 1001 net: .*ECONNREFUSED/)
        assert.deepEqual(more, [])
    })

    test("a name that does not exist is ConnectFailed, with the reason", async context => {
        // RFC 6761 6.4: never resolves.
        const [line, ...more] = await lines(context, {
            host: "gateway.invalid",
            port: 8883,
        })
        assert.match(line, /^tcp: failed 1001 net: .*(ENOTFOUND|EAI_AGAIN)/)
        assert.deepEqual(more, [])
    })

    test("a connection that does not come is given up: ConnectTimeout", async context => {
        let ends = 0
        const silent: VmNetwork = {
            createConnection: () => {
                const socket = new EventEmitter() as EventEmitter & VmSocket
                socket.write = () => true
                socket.end = () => ends++
                return socket
            },
            close: () => undefined,
        }
        assert.deepEqual(
            await lines(context, { port: 1, timeout: 100 }, silent),
            ["tcp: failed 1002 net: no connection in time"]
        )
        assert.equal(ends, 1, "the socket was not closed")
    })

    test("after the peer's FIN a read gives what came before it, then the end", async context => {
        const data = pattern(5000)
        const port = await serve(context, socket => socket.end(data))
        assert.deepEqual(await lines(context, { scenario: "read", port }), [
            "tcp: open",
            said(data),
            "tcp: end",
        ])
    })

    test("data and FIN that came long before the first read are all there", async context => {
        const data = pattern(5000)
        const port = await serve(context, socket => socket.end(data))
        assert.deepEqual(await lines(context, { scenario: "late", port }), [
            "tcp: open",
            said(data),
            "tcp: end",
        ])
    })

    for (const end of ["end", "error", "nothing"])
        test(`data in the tick in which the connection opens, with ${end} behind it, is no assertion`, async context => {
            const network: VmNetwork = {
                createConnection: () => {
                    const socket = new EventEmitter() as EventEmitter & VmSocket
                    socket.write = () => true
                    socket.end = () => true
                    setImmediate(() => {
                        socket.emit("connect")
                        socket.emit("data", Buffer.from("now"))
                        if (end === "error")
                            socket.emit("error", new Error("read ECONNRESET"))
                        if (end !== "nothing") socket.emit("close", false)
                        else setTimeout(() => socket.emit("close", false), 100)
                    })
                    return socket
                },
                close: () => undefined,
            }
            const found = await lines(
                context,
                { scenario: "read", port: 1 },
                network
            )
            assert.deepEqual(found.slice(0, 2), [
                "tcp: open",
                said(Buffer.from("now")),
            ])
            if (end === "error")
                assert.match(found[2], /^tcp: failed 1003 net: .*ECONNRESET/)
            else assert.equal(found[2], "tcp: end")
            assert.equal(found.length, 3)
        })

    test("a reset while reading is ConnectionReset, after the data that came before it", async context => {
        const data = pattern(3000)
        const port = await serve(context, socket => {
            socket.write(data)
            setTimeout(() => socket.resetAndDestroy(), 200)
        })
        const found = await lines(context, { scenario: "read", port })
        assert.deepEqual(found.slice(0, 2), ["tcp: open", said(data)])
        assert.match(found[2], /^tcp: failed 1003 net: .*ECONNRESET/)
        assert.equal(found.length, 3)
    })

    test("a burst of 40 KB while the program computes is ReceiveOverflow, and the connection is closed", async context => {
        const closed = new EventEmitter()
        const port = await serve(context, socket => {
            socket.once("data", () => socket.write(pattern(40960)))
            socket.once("end", () => {
                closed.emit("closed")
                socket.end()
            })
        })
        const peerSawIt = once(closed, "closed")
        const found = await lines(context, { scenario: "burst", port })
        assert.deepEqual(found, [
            "tcp: open",
            "tcp: write failed 1007",
            // What waited is given up: the stream has a hole behind it.
            said(Buffer.alloc(0)),
            "tcp: failed 1007 net: the peer sends faster than the device reads",
        ])
        await peerSawIt
    })

    test("16 KB may wait while the program computes", async context => {
        const data = pattern(16384)
        const port = await serve(context, socket =>
            socket.once("data", () => {
                socket.end(data)
            })
        )
        assert.deepEqual(await lines(context, { scenario: "burst", port }), [
            "tcp: open",
            // The peer has closed its side; the runtime's socket is closed with it.
            "tcp: write failed 1004",
            said(data),
            "tcp: end",
        ])
    })

    test("100 KB that are read as they come are no overflow", async context => {
        const data = pattern(102400)
        const port = await serve(context, socket =>
            socket.once("data", () => socket.write(data))
        )
        assert.deepEqual(await lines(context, { scenario: "slowly", port }), [
            "tcp: open",
            said(data),
        ])
    })

    test("100 KB arrive whole at the peer", async context => {
        const arrived: Buffer[] = []
        const port = await serve(context, socket => {
            let bytes = 0
            socket.on("data", data => {
                arrived.push(data)
                bytes += data.length
                if (bytes === 100000) socket.write("!")
            })
        })
        assert.deepEqual(await lines(context, { scenario: "send", port }), [
            "tcp: open",
            "tcp: sent",
            said(Buffer.from("!")),
        ])
        const wanted = Buffer.from(
            Array.from({ length: 100000 }, (_, i) => i % 251)
        )
        assert.ok(Buffer.concat(arrived).equals(wanted))
    })

    test("a write that would block is tried again until the runtime takes it", async context => {
        const arrived: Buffer[] = []
        const port = await serve(context, socket =>
            socket.on("data", data => {
                arrived.push(data)
                socket.write("!")
            })
        )
        assert.deepEqual(await lines(context, { scenario: "blocked", port }), [
            "tcp: open",
            "tcp: write worked after 4 tries",
            said(Buffer.from("!")),
            "tcp: another result failed 1006",
        ])
        assert.equal(Buffer.concat(arrived).toString(), "21")
    })

    test("opening a second connection closes the first, which says so, and the second lives", async context => {
        const seen: string[] = ["", ""]
        const closed = new EventEmitter()
        const port = await serve(context, (socket, index) => {
            socket.on("data", data => {
                seen[index] += data.toString("latin1")
                socket.write("!")
            })
            socket.once("end", () => {
                if (index === 0) closed.emit("closed")
                socket.end()
            })
        })
        const peerSawIt = once(closed, "closed")
        assert.deepEqual(await lines(context, { scenario: "second", port }), [
            "tcp: open",
            "tcp: second open",
            "tcp: first reads end",
            "tcp: write to the first failed 1004",
            said(Buffer.from("!")),
        ])
        await peerSawIt
        assert.deepEqual(seen, ["", "2"])
    })

    test("what is left over of a connection that was closed is not read by the next one", async context => {
        let count = 0
        const network: VmNetwork = {
            createConnection: () => {
                const socket = new EventEmitter() as EventEmitter & VmSocket
                const isFirst = count++ === 0
                socket.write = () => true
                socket.end = () => true
                setTimeout(() => socket.emit("connect"), 20)
                setTimeout(() => {
                    // All in one tick, so that the runtime queues them.
                    for (let i = 0; i < 8; i++)
                        socket.emit(
                            "data",
                            Buffer.from(isFirst ? "old" : "new")
                        )
                    if (!isFirst) socket.emit("close", false)
                }, 60)
                return socket
            },
            close: () => undefined,
        }
        assert.deepEqual(
            await lines(context, { scenario: "again", port: 1 }, network),
            [
                "tcp: open",
                "tcp: first reads 3 bytes",
                said(Buffer.from("new".repeat(8))),
                "tcp: end",
            ]
        )
    })

    test("wake ends the wait of a read, and of the next one if none waits; no data is lost", async context => {
        const port = await serve(context, socket =>
            socket.on("data", () => socket.write("answer"))
        )
        assert.deepEqual(await lines(context, { scenario: "wake", port }), [
            "tcp: open",
            "tcp: woken before, undefined",
            "tcp: not woken, undefined",
            "tcp: woken while waiting, undefined",
            "tcp: no time, undefined",
            "tcp: data, answer",
        ])
    })

    test("close may be called again; then a read gives the end and a write is ConnectionClosed", async context => {
        const port = await serve(context, socket =>
            socket.once("end", () => socket.end())
        )
        assert.deepEqual(await lines(context, { scenario: "close", port }), [
            "tcp: open",
            "tcp: reads end",
            "tcp: write failed 1004",
        ])
    })

    test("a write after the peer's FIN is ConnectionClosed", async context => {
        const port = await serve(context, socket => socket.end("bye"))
        assert.deepEqual(await lines(context, { scenario: "written", port }), [
            "tcp: open",
            said(Buffer.from("bye")),
            "tcp: end",
            "tcp: write failed 1004",
        ])
    })
})
