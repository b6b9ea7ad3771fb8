/**
 * Goes through `src/net/tcp.ts` as the setting `scenario` says; the peer is at `host` and `port`.
 *
 * Lines: `tcp: open`, what the scenario found out, `tcp: failed {code} {message}`, and at the end `tcp: alive`: the
 * program lives and its fibers go on.
 */
import * as ds from "@devicescript/core"
import { readSetting } from "@devicescript/settings"
import { errorCode } from "../../src/errors"
import { openTcp, TcpTransport } from "../../src/net/tcp"

/** Longer than the peer takes; where nothing comes it is an error of the test. */
const LONG_MS = 20000

/** Reads until `count` bytes are there or the stream ends; a piece's length says nothing. */
async function readAll(tcp: TcpTransport, count: number): Promise<void> {
    let bytes = 0
    let sum = 0
    while (bytes < count) {
        let piece: Buffer
        try {
            piece = await tcp.read(LONG_MS)
        } catch (e: any) {
            console.log(`tcp: ${bytes} bytes, sum ${sum}`)
            throw e
        }
        if (piece === null || piece === undefined) {
            console.log(`tcp: ${bytes} bytes, sum ${sum}`)
            console.log(piece === null ? "tcp: end" : "tcp: nothing")
            return
        }
        for (let i = 0; i < piece.length; i++)
            sum = (sum * 31 + piece[i]) & 0xffff
        bytes += piece.length
        // The runtime stops a program that does not pause; this lets no network event in.
        await ds.sleep(0)
    }
    console.log(`tcp: ${bytes} bytes, sum ${sum}`)
}

/** Keeps the fiber busy, and lets the network's events in, until the peer has sent all it has. */
async function compute(ms: number): Promise<void> {
    const endMs = ds.millis() + ms
    let x = 0
    while (ds.millis() < endMs) {
        for (let i = 0; i < 1000; i++) x = (x * 31 + i) & 0xffff
        await ds.sleep(1)
    }
}

/** 100,000 bytes in writes of 5,000, each of which the transport may spoil. */
async function sendMuch(tcp: TcpTransport): Promise<void> {
    for (let at = 0; at < 100000; at += 5000) {
        const data = Buffer.alloc(5000)
        for (let i = 0; i < data.length; i++) data[i] = (at + i) % 251
        await tcp.write(data)
        await ds.sleep(0)
    }
    console.log("tcp: sent")
}

async function tell(what: string, body: () => Promise<void>): Promise<void> {
    try {
        await body()
        console.log(`tcp: ${what} worked`)
    } catch (e: any) {
        console.log(`tcp: ${what} failed ${errorCode(e)}`)
    }
}

async function wakes(tcp: TcpTransport): Promise<void> {
    // Before the wait: the next read returns at once, the one after it waits.
    tcp.wake()
    console.log("tcp: woken before, " + kind(await tcp.read(LONG_MS)))
    console.log("tcp: not woken, " + kind(await tcp.read(50)))
    // While it waits.
    const waker = async () => {
        await ds.sleep(50)
        tcp.wake()
        tcp.wake()
    }
    waker.start()
    console.log("tcp: woken while waiting, " + kind(await tcp.read(LONG_MS)))
    // No time at all.
    tcp.wake()
    console.log("tcp: no time, " + kind(await tcp.read(0)))
    // A wake-up takes nothing away from the data: the peer answers this.
    await tcp.write(hex`21`)
    let piece: Buffer = undefined
    while (piece === undefined) {
        tcp.wake()
        piece = await tcp.read(LONG_MS)
        await ds.sleep(1)
    }
    console.log("tcp: data, " + piece.toString())
}

function kind(piece: Buffer): string {
    if (piece === null) return "end"
    return piece === undefined ? "undefined" : `${piece.length} bytes`
}

async function second(
    first: TcpTransport,
    host: string,
    port: number
): Promise<void> {
    const tcp = await openTcp(host, port, LONG_MS)
    console.log("tcp: second open")
    console.log("tcp: first reads " + kind(await first.read(LONG_MS)))
    await tell("write to the first", async () => {
        await first.write(hex`31`)
    })
    // Closing what is closed must not close its successor.
    await first.close()
    await tcp.write(hex`32`)
    await readAll(tcp, 1)
    await tcp.close()
}

/** Has the runtime refuse writes: first as it does when its queue is full, later for good. */
async function blocked(tcp: TcpTransport): Promise<void> {
    const runtime = ds as any
    const send = runtime._socketWrite
    let tries = 0
    runtime._socketWrite = (data: Buffer) => {
        tries++
        return tries < 4 ? -1 : send(data)
    }
    await tcp.write(hex`3231`)
    console.log(`tcp: write worked after ${tries} tries`)
    await readAll(tcp, 1)
    runtime._socketWrite = () => -10
    await tell("another result", async () => {
        await tcp.write(hex`21`)
    })
    runtime._socketWrite = send
}

async function run(scenario: string): Promise<void> {
    const host: string = await readSetting("host", "127.0.0.1")
    const port: number = await readSetting("port", 1)
    const timeoutMs: number = await readSetting("timeout", LONG_MS)
    const tcp = await openTcp(host, port, timeoutMs)
    console.log("tcp: open")
    if (scenario === "read") await readAll(tcp, 1000000)
    else if (scenario === "late") {
        // All of it, and the end behind it, has come before the first look.
        await compute(300)
        await readAll(tcp, 1000000)
    } else if (scenario === "burst") {
        await tcp.write(hex`21`)
        await compute(1000)
        await tell("write", async () => {
            await tcp.write(hex`21`)
        })
        await readAll(tcp, 1000000)
    } else if (scenario === "slowly") {
        // Much more than may wait, but it is read as it comes.
        await tcp.write(hex`21`)
        await readAll(tcp, 102400)
    } else if (scenario === "send") {
        await sendMuch(tcp)
        await readAll(tcp, 1)
    } else if (scenario === "blocked") await blocked(tcp)
    else if (scenario === "second") await second(tcp, host, port)
    else if (scenario === "again") {
        // With the rest of what came still on its way through the runtime.
        console.log("tcp: first reads " + kind(await tcp.read(LONG_MS)))
        await tcp.close()
        await readAll(await openTcp(host, port, LONG_MS), 1000000)
    } else if (scenario === "wake") await wakes(tcp)
    else if (scenario === "close") {
        await tcp.close()
        await tcp.close()
        console.log("tcp: reads " + kind(await tcp.read(LONG_MS)))
        await tell("write", async () => {
            await tcp.write(hex`21`)
        })
    } else if (scenario === "written") {
        await readAll(tcp, 1000000)
        await tell("write", async () => {
            await tcp.write(hex`21`)
        })
    }
    await tcp.close()
}

async function main(): Promise<void> {
    const scenario: string = await readSetting("scenario", "read")
    try {
        await run(scenario)
    } catch (e: any) {
        console.log(`tcp: failed ${errorCode(e)} ${e.message}`)
    }
    await ds.sleep(20)
    console.log("tcp: alive")
}

await main()
