/** Mutated chains in the real VM: each is refused with a code, or nothing that is needed has changed; never a panic. */
import assert from "node:assert/strict"
import { once } from "node:events"
import { AddressInfo, createServer, Server, Socket } from "node:net"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { pinnedAnchor } from "../../sim/pki/anchor"
import { makeChain } from "../../sim/pki/chain"
import { compile } from "../../sim/vm/compiler"
import { Device, startDevice } from "../../sim/vm/host"
import { mayPass, mutateChain } from "../oracle/mutate"
import { ErrorCode, HOST } from "../oracle/tlssite"
import { seededRandom } from "../random"

const CHAINS = 300

const root = join(__dirname, "..", "..", "..")

let server: Server
let device: Device
let connection: Socket

before(async () => {
    const image = await compile(join(root, "test/firmware/validator.ts"), {
        root,
    })
    server = createServer()
    server.listen(0, "127.0.0.1")
    await once(server, "listening")
    const { port } = server.address() as AddressInfo
    const connected = once(server, "connection")
    device = await startDevice({
        image,
        resolve: () => ({ host: "127.0.0.1", port }),
    })
    connection = (await connected)[0] as Socket
})

after(() => {
    connection?.destroy()
    device?.stop()
    server?.close()
})

function prefixed(bytes: Buffer): Buffer {
    const length = Buffer.alloc(2)
    length.writeUInt16BE(bytes.length)
    return Buffer.concat([length, bytes])
}

/** Asks the device. Rejects when it panics. */
function ask(certificates: Buffer[]): Promise<{ code: number; used: number }> {
    return new Promise((resolve, reject) => {
        let received = Buffer.alloc(0)
        const settle = (end: () => void) => {
            connection.off("data", onData)
            device.off("panic", onPanic)
            end()
        }
        const onData = (piece: Buffer) => {
            received = Buffer.concat([received, piece])
            if (received.length < 3) return
            settle(() =>
                resolve({ code: received.readUInt16BE(0), used: received[2] })
            )
        }
        const onPanic = ({ code, name }: { code: number; name: string }) =>
            settle(() => {
                const lines = device.lines.map(({ text }) => text)
                reject(
                    new Error(
                        [
                            `${code} ${name}`,
                            ...certificates.map(one => one.toString("hex")),
                            ...lines,
                        ].join("\n")
                    )
                )
            })
        connection.on("data", onData)
        device.on("panic", onPanic)
        connection.write(prefixed(Buffer.concat(certificates.map(prefixed))))
    })
}

test(`of ${CHAINS} mutated chains those are accepted in which nothing that is needed has changed, in the VM`, async () => {
    const random = seededRandom("mutated chains in the VM")
    const owner = await makeChain({ names: [HOST], caBits: 2048 })
    const chain = owner.sent.map(({ der }) => der)
    const anchor = pinnedAnchor(owner.root)
    await ask([Buffer.concat([anchor.subjectName, anchor.publicKeyInfo])])
    assert.deepEqual(await ask(chain), { code: 0, used: 3 })
    assert.deepEqual(await ask(chain), { code: 0, used: 0 })
    let accepted = 0
    for (let round = 0; round < CHAINS; round++) {
        const sent = mutateChain(random, chain)
        const { code } = await ask(sent)
        const what = () => sent.map(one => one.toString("hex")).join("\n")
        if (code === 0) {
            accepted++
            assert.ok(mayPass(sent, chain), what())
        } else {
            assert.ok(code in ErrorCode && code >= 3000 && code < 5000, what())
            if (mayPass(sent, chain))
                assert.match(
                    ErrorCode[code],
                    /^X509(Malformed|AlgorithmMismatch)$/,
                    what()
                )
        }
    }
    assert.ok(accepted > 0, "none was accepted")
    assert.deepEqual(device.panics, [])
})
