/** The client at servers that do nothing wrong, in every way in which that can be done. */
import assert from "node:assert/strict"
import { before, describe, test } from "node:test"
import type {
    CommonFaults,
    Fragment,
    HostileServer,
} from "../../../sim/faults/hostile"
import { Content } from "../../../sim/faults/wire"
import { anchorOf, readAll, TlsSite } from "../tlssite"
import { fastParts } from "./fastparts"
import { afterwards, cutting, eight } from "./misbehaviour"
import { rsaSet } from "./sets"
import { VERSIONS } from "./versions"

for (const { name, Server, protectedFrom, suites } of VERSIONS)
    describe(`a correct server of ${name}`, () => {
        let site: TlsSite<CommonFaults, HostileServer>
        before(async () => {
            site = await TlsSite.create({}, Server)
        })

        test("is connected to, and data goes both ways", async () => {
            await site.accepts()
        })

        for (const { name: suite, code } of suites)
            test(`has ${suite} alone, or prefers it`, async () => {
                await site.accepts({}, { server: { suites: [code] } })
                await site.accepts(
                    {},
                    {
                        server: {
                            suites: [code, ...suites.map(one => one.code)],
                        },
                    }
                )
            })

        test("asks for a client certificate and gets an empty one", async () => {
            const server = await site.accepts({ requestCertificate: true })
            assert.deepEqual(
                server.clientMessages,
                name === "TLS 1.2" ? [1, 11, 16, 20] : [1, 11, 20]
            )
        })

        test("asks for none and gets none", async () => {
            const server = await site.accepts()
            assert.deepEqual(
                server.clientMessages,
                name === "TLS 1.2" ? [1, 16, 20] : [1, 20]
            )
        })

        for (const bytes of [1, 2, 3, 7, 100])
            test(`cuts every message into fragments of ${bytes} bytes, in TCP pieces of ${bytes + 2}`, async () => {
                await site.accepts(cutting(bytes), { pieceBytes: bytes + 2 })
            })

        test("sends all that it can in one record", async () => {
            // What goes out under the same keys, with nothing of another type between, can share a record.
            const held = new Map<string, Buffer[]>()
            const last = (step: string) =>
                ["serverHelloDone", "finished"].includes(step) ||
                (step === "serverHello" && protectedFrom !== "finished")
            await site.accepts({
                fragments: (step, fragments): Fragment[] => {
                    if (step === "changeCipherSpec") return fragments
                    const pieces = held.get("") ?? []
                    pieces.push(...fragments.map(({ content }) => content))
                    held.set("", last(step) ? [] : pieces)
                    return last(step)
                        ? [
                              {
                                  type: Content.Handshake,
                                  content: Buffer.concat(pieces),
                              },
                          ]
                        : []
                },
            })
        })

        test("cuts every message into two records, at every byte", async () => {
            // A short chain, so that there are fewer bytes.
            const options = {
                client: {
                    parts: fastParts(rsaSet()),
                    anchors: [anchorOf(site.owner.edgeCa)],
                },
                server: { chain: site.chain.slice(0, 1) },
            }
            const lengths = new Map<string, number>()
            await site.accepts(
                {
                    message: (step, message) => {
                        lengths.set(step, message.length)
                        return [message]
                    },
                },
                options
            )
            lengths.delete("changeCipherSpec")
            const cuts = [...lengths].flatMap(([step, length]) =>
                Array.from({ length: length - 1 }, (_, i) => [step, i + 1])
            )
            assert.ok(cuts.length > 1000)
            await eight(cuts, async ([step, at]) => {
                const { connection } = site.open(
                    {
                        fragments: (sent, [whole]) =>
                            sent === step
                                ? [
                                      whole.content.subarray(0, Number(at)),
                                      whole.content.subarray(Number(at)),
                                  ].map(content => ({ ...whole, content }))
                                : [whole],
                    },
                    options
                )
                await connection
            })
        })

        test("does not take the small record size, and sends records of 16 KB", async () => {
            const { connection } = site.open(
                afterwards(server => {
                    server.sendData("y".repeat(16384))
                    server.sendAlert(1, 0)
                })
            )
            assert.equal((await readAll(await connection)).length, 16384)
        })

        test("takes the small record size", async () => {
            await site.accepts({}, { server: { smallRecords: true } })
        })
    })
