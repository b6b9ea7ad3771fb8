/**
 * A device that validates what it is sent: connects to `validator.test`, port 1.
 *
 * A question is the length of the rest (two bytes), and each certificate after its length (two bytes). The first one is the
 * pinned anchor (name and key), the second certificates that are good: what is verified in them is remembered. An answer
 * is the code of the error, two bytes, and the number of signatures that were verified, one byte; 0 and 0 for an anchor.
 */
import { writeUint16 } from "../../src/bytes"
import { errorCode } from "../../src/errors"
import { openTcp } from "../../src/net/tcp"
import { rsaSet } from "../../src/tls/sets"
import { Transport } from "../../src/transport"
import { Der } from "../../src/x509/der"
import { VerifiedIssuers } from "../../src/x509/issuers"
import { PathPolicy, readTrustAnchor, validatePath } from "../../src/x509/path"

const TIMEOUT_MS = 600000
const HOST = "gateway.test"

class Memory implements VerifiedIssuers {
    ids = ""

    has(id: Buffer): boolean {
        return this.ids.indexOf(id.toString("hex")) >= 0
    }

    async add(id: Buffer): Promise<void> {
        this.ids = (id.toString("hex") + this.ids).slice(0, 320)
    }
}

const policy: PathPolicy = {
    anchors: [],
    schemes: rsaSet().schemes,
    host: HOST,
    nowSec: -1,
    floorSec: 0,
    issuers: new Memory(),
}

let unread = Buffer.alloc(0)

async function take(stream: Transport, count: number): Promise<Buffer> {
    while (unread.length < count) {
        const piece = await stream.read(TIMEOUT_MS)
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
    const answer = Buffer.alloc(3)
    if (policy.anchors.length === 0)
        policy.anchors.push(readTrustAnchor(question.slice(2)))
    else {
        const sent: Der[] = []
        let at = 0
        while (at < question.length) {
            const end = at + 2 + question.readUInt16BE(at)
            sent.push(new Der(question, at + 2, end))
            at = end
        }
        try {
            answer[2] = (await validatePath(sent, policy)).signatures
        } catch (e: any) {
            // An error of another kind ends the program.
            if (errorCode(e) === 0) throw e
            writeUint16(answer, 0, errorCode(e))
        }
    }
    await stream.write(answer)
    return true
}

async function main() {
    const stream = await openTcp("validator.test", 1, TIMEOUT_MS)
    let more = true
    while (more) more = await answerOne(stream)
    console.log("validator: done")
}

await main()
