/**
 * What a stranger at the gateway's address can do to a device before it has proven anything: make a connection fail, and
 * nothing else. A panic would restart the device, and what it holds in memory would be lost.
 */
import assert from "node:assert/strict"
import { once } from "node:events"
import { AddressInfo, createServer, Socket } from "node:net"
import { after, afterEach, before, describe, test } from "node:test"
import type { Fragment } from "../../sim/faults/hostile"
import { Faults13, TlsServer13 } from "../../sim/faults/tlsserver13"
import { extension, handshake, uint, vector } from "../../sim/faults/wire"
import { issueCertificate, type Certificate } from "../../sim/pki/certificate"
import { issueServer } from "../../sim/pki/chain"
import { generateKeys, KeyPair } from "../../sim/pki/keys"
import { Image } from "../../sim/vm/compiler"
import { GATEWAY_NAME, Site } from "../site"

const WAIT_MS = 60000
const DAY_MS = 86_400_000

/** A line of the firmware about a connection that failed, with the code. */
const FAILURE = /^leaf: (?:no|lost) connection: .* \((\d+)\), next try/

/** The longest Certificate, and the longest other handshake message. */
const MAX_MESSAGE = 6656
/** And of a record during the handshake. */
const MAX_RECORD = 5632
const MAX_SMALL_MESSAGE = 2048

/** In as few records as the device accepts. */
function longestRecords(_: unknown, fragments: Fragment[]): Fragment[] {
    return fragments.flatMap(fragment =>
        Array.from(
            { length: Math.ceil(fragment.content.length / MAX_RECORD) },
            (_, i) => ({
                ...fragment,
                content: fragment.content.subarray(
                    i * MAX_RECORD,
                    (i + 1) * MAX_RECORD
                ),
            })
        )
    )
}

describe("a stranger cannot stop the device", () => {
    let site: Site
    let image: Image
    let keys: KeyPair
    /** Has the owner's root CA's name, and not its key. */
    let impostor: Certificate
    const sockets: Socket[] = []

    before(async () => {
        // The largest keys: their big numbers need the most heap.
        site = await Site.create(4096)
        image = await site.compile("src/main.ts")
        keys = await generateKeys({ type: "rsa", bits: 4096 })
        impostor = await issueCertificate({
            subject: site.chain.root.x509.subject,
            keys,
            notBefore: new Date(),
            notAfter: new Date(Date.now() + DAY_MS),
            basicConstraints: { ca: true },
        })
    })
    afterEach(() => {
        for (const socket of sockets) socket.destroy()
        sockets.length = 0
        return site.stop()
    })
    after(() => site.close())

    /**
     * The device tries twice, fails each time with this code, and has not restarted.
     *
     * @param how `greeting` is sent as soon as a connection is open; `pauseMs` lies between two records
     */
    async function assertSurvives(
        code: number,
        faults: Faults13,
        how: { greeting?: Buffer; pauseMs?: number } = {}
    ): Promise<void> {
        const listener = createServer({ noDelay: true }, socket => {
            sockets.push(socket)
            socket.on("error", () => undefined)
            if (how.greeting) socket.write(how.greeting)
            let pauseMs = 0
            const server = new TlsServer13(
                { chain: [impostor.der], key: keys.privateKey },
                { fragments: longestRecords, ...faults },
                bytes => {
                    setTimeout(() => {
                        if (socket.writable) socket.write(bytes)
                    }, pauseMs)
                    pauseMs += how.pauseMs ?? 0
                }
            )
            socket.on("data", bytes => server.receive(bytes))
        })
        listener.listen(0, "127.0.0.1")
        await once(listener, "listening")
        const { port } = listener.address() as AddressInfo
        const device = await site.startDevice(image, { mqttPort: port })
        try {
            for (let attempt = 0; attempt < 2; attempt++) {
                const { text } = await device.until(FAILURE, WAIT_MS)
                assert.equal(Number(FAILURE.exec(text)![1]), code, text)
            }
            assert.deepEqual(device.panics, [])
        } finally {
            device.stop()
            listener.close()
        }
    }

    test("by records of one byte that wait when it comes to read", async () => {
        // Zeros where a ServerHello should be, and more of them than it has room for.
        const hello = handshake(2, Buffer.alloc(2000))
        await assertSurvives(
            2050,
            {},
            {
                greeting: Buffer.concat(
                    [...hello].map(byte => Buffer.from([22, 3, 3, 0, 1, byte]))
                ),
            }
        )
    })

    test("by a record of padding", async () => {
        await assertSurvives(2001, {
            fragments: (name, [whole]) => [
                name === "encryptedExtensions"
                    ? {
                          ...whole,
                          // Padding, but for its last byte: the content type is behind it.
                          content: Buffer.concat([
                              handshake(2, Buffer.alloc(1)),
                              Buffer.from([22]),
                              Buffer.alloc(MAX_RECORD - 192),
                          ]),
                          type: 0,
                      }
                    : whole,
            ],
        })
    })

    test("by hundreds of extensions", async () => {
        await assertSurvives(2050, {
            serverHello: {
                more: Array.from({ length: 450 }, (_, i) =>
                    extension(0x1000 + i)
                ),
            },
        })
    })

    for (const { title, code, others } of [
        {
            title: "by messages as long as they may be, and a signature to verify",
            code: 3003,
            others: 128,
        },
        {
            title: "by messages that are each as long as they may be, and too long together",
            code: 2051,
            others: MAX_SMALL_MESSAGE - 32,
        },
    ])
        test(title, async () => {
            const leaf = await issueServer(impostor, {
                names: [GATEWAY_NAME],
                server: {
                    extraExtensions: [
                        {
                            oid: "1.2.3",
                            critical: false,
                            value: Buffer.alloc(MAX_MESSAGE - 2200),
                        },
                    ],
                },
            })
            const filler = (type: number) =>
                extension(type, Buffer.alloc(others))
            await assertSurvives(
                code,
                {
                    encryptedExtensions: [filler(10)],
                    requestCertificate: true,
                    certificates: [leaf.der],
                    message: (name, message) =>
                        name === "certificateRequest"
                            ? [
                                  handshake(
                                      13,
                                      vector(1),
                                      vector(
                                          2,
                                          extension(
                                              13,
                                              vector(2, uint(2, 0x0804))
                                          ),
                                          filler(47)
                                      )
                                  ),
                              ]
                            : [message],
                },
                { pauseMs: 1000 }
            )
        })

    test("by certificates with long names that are almost equal", async () => {
        const organisation = "O=" + "x".repeat(800)
        const leaf = await issueServer(impostor, {
            names: [GATEWAY_NAME],
            server: { issuerName: `${organisation}0` },
        })
        const others = await Promise.all(
            Array.from({ length: 2 }, (_, i) =>
                issueCertificate({
                    subject: `${organisation}${i + 1}`,
                    keys: leaf.keys,
                    notBefore: new Date(),
                    notAfter: new Date(Date.now() + DAY_MS),
                })
            )
        )
        await assertSurvives(3040, {
            certificates: [leaf, ...others].map(({ der }) => der),
        })
    })
})
