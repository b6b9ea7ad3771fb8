/** Connects to the host and port in flash, prints what comes, and how it ends. */
import { connect } from "@devicescript/net"
import { readSetting } from "@devicescript/settings"

async function receive(host: string, port: number): Promise<void> {
    const socket = await connect({ host, port })
    console.log("open")
    await socket.send("hello")
    let pieces = 0
    let bytes = 0
    let largest = 0
    let sum = 0
    for (;;) {
        const piece = await socket.recv()
        if (piece === null) break
        pieces++
        bytes += piece.length
        largest = Math.max(largest, piece.length)
        for (let i = 0; i < piece.length; i += 512)
            sum = (sum * 31 + piece[i]) & 0xffff
    }
    console.log(`closed: ${bytes} bytes, largest ${largest}, sum ${sum}`)
    if (pieces === 0) console.log("nothing came")
}

const host: string = await readSetting("host", "127.0.0.1")
const port: number = await readSetting("port", 1)
try {
    await receive(host, port)
} catch (e: any) {
    console.log(`failed: ${e.message}`)
}
