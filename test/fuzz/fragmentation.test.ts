/** However a good flight is cut into records and pieces, and joined again, it is understood. */
import assert from "node:assert/strict"
import fc from "fast-check"
import { before, describe, test } from "node:test"
import type {
    CommonFaults,
    Fragment,
    HostileServer,
    Step,
} from "../../sim/faults/hostile"
import { Content } from "../../sim/faults/wire"
import { fastParts } from "../oracle/tls/fastparts"
import { Regular } from "../oracle/tls/sessions"
import { rsaSet } from "../oracle/tls/sets"
import { VERSIONS } from "../oracle/tls/versions"
import { anchorOf, TlsSite } from "../oracle/tlssite"
import { check } from "../sim/gateway/property"

const RUNS = 200

/** Sizes of records, used over and over, and of TCP pieces. */
const sizes = fc.array(
    fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5000 })),
    { minLength: 1, maxLength: 20 }
)
const pieceBytes = fc.oneof(
    fc.integer({ min: 1, max: 8 }),
    fc.integer({ min: 9, max: 20000 })
)

for (const { name, Server } of VERSIONS)
    describe(`flights of ${name}`, () => {
        let site: TlsSite<CommonFaults, HostileServer>
        before(async () => {
            site = await TlsSite.create({}, Server)
        })

        /** Steps behind which the keys change, or the client speaks: what is held has to go out. */
        const ends: Step[] =
            name === "TLS 1.2"
                ? ["serverHelloDone", "newSessionTicket", "finished"]
                : ["serverHello", "finished"]

        /** Joins the messages up to such a step, and cuts them into records of these sizes. */
        function cutting(recordSizes: number[]): CommonFaults {
            let held: Buffer = Buffer.alloc(0)
            let next = 0
            return {
                fragments: (step, fragments): Fragment[] => {
                    const [{ type, content }] = fragments
                    if (type !== Content.Handshake) return fragments
                    held = Buffer.concat([held, content])
                    const records: Fragment[] = []
                    while (held.length) {
                        const size = recordSizes[next++ % recordSizes.length]
                        if (size > held.length && !ends.includes(step)) break
                        records.push({ type, content: held.subarray(0, size) })
                        held = held.subarray(size)
                    }
                    return records
                },
            }
        }

        test("in full are understood in any records and pieces", async t => {
            const client = {
                parts: fastParts(rsaSet()),
                anchors: [anchorOf(site.owner.edgeCa)],
            }
            const server = { chain: site.chain.slice(0, 1) }
            await check(
                t,
                RUNS,
                fc.asyncProperty(
                    sizes,
                    pieceBytes,
                    fc.boolean(),
                    async (recordSizes, piece, requestCertificate) => {
                        await site.accepts(
                            { ...cutting(recordSizes), requestCertificate },
                            { client, server, pieceBytes: piece }
                        )
                    }
                )
            )
        })

        test("of resumption are understood in any records and pieces", async t => {
            const device = new Regular(site)
            await device.beginsSession()
            await check(
                t,
                RUNS,
                fc.asyncProperty(
                    sizes,
                    pieceBytes,
                    async (recordSizes, piece) => {
                        const server = await site.accepts(
                            cutting(recordSizes),
                            {
                                ...device.options(),
                                pieceBytes: piece,
                            }
                        )
                        assert.ok(server.resumed)
                    }
                )
            )
        })

        test("of data are understood in any records and pieces", async t => {
            await check(
                t,
                50,
                fc.asyncProperty(
                    fc.array(fc.integer({ min: 1, max: 16384 }), {
                        minLength: 1,
                        maxLength: 6,
                    }),
                    pieceBytes,
                    async (lengths, piece) => {
                        const { connection } = site.open(
                            {
                                afterHandshake: server => {
                                    for (const length of lengths)
                                        server.sendData("x".repeat(length))
                                    server.sendAlert(1, 0)
                                },
                            },
                            { pieceBytes: piece }
                        )
                        const open = await connection
                        let got = 0
                        for (;;) {
                            const part = await open.read(1000)
                            if (!part) break
                            got += part.length
                        }
                        assert.equal(
                            got,
                            lengths.reduce((sum, length) => sum + length, 0)
                        )
                    }
                )
            )
        })
    })
