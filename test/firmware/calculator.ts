/**
 * A device that calculates what it is asked to, see `test/src/crypto/calculate.ts`: connects to `calculator.test`, port 1.
 *
 * A question is the length of the rest (two bytes), the operation (one), and each field after its length (two bytes).
 * An answer is the length of the rest, and the rest. The end of the stream ends the program.
 */
import { writeUint16 } from "../../src/bytes"
import { openTcp } from "../../src/net/tcp"
import { Transport } from "../../src/transport"
import { calculate } from "../src/crypto/calculate"

const CONNECT_TIMEOUT_MS = 10000
const READ_TIMEOUT_MS = 600000

let unread = Buffer.alloc(0)

/** The next bytes of the stream, `null` at its end or after a long silence. */
async function take(stream: Transport, count: number): Promise<Buffer> {
    while (unread.length < count) {
        const piece = await stream.read(READ_TIMEOUT_MS)
        if (piece === null || piece === undefined) return null
        unread = Buffer.concat(unread, piece)
    }
    const taken = unread.slice(0, count)
    unread = unread.slice(count)
    return taken
}

async function answerOne(stream: Transport): Promise<boolean> {
    const head = await take(stream, 2)
    if (head === null) return false
    const question = await take(stream, head.readUInt16BE(0))
    const fields: Buffer[] = []
    let at = 1
    while (at < question.length) {
        const end = at + 2 + question.readUInt16BE(at)
        fields.push(question.slice(at + 2, end))
        at = end
    }
    const result = await calculate(question[0], fields)
    const length = Buffer.alloc(2)
    writeUint16(length, 0, result.length)
    await stream.write(Buffer.concat(length, result))
    return true
}

async function main() {
    const stream = await openTcp("calculator.test", 1, CONNECT_TIMEOUT_MS)
    let more = true
    while (more) more = await answerOne(stream)
    console.log("calculator: done")
}

await main()
