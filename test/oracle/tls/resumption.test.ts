/**
 * Resumption in either version: what a session is bound to (T1, T2), and how it goes on when it is refused.
 *
 * Names start with the id of the check in SECURITY.md.
 */
import assert from "node:assert/strict"
import { before, describe, test } from "node:test"
import type { CommonFaults, HostileServer } from "../../../sim/faults/hostile"
import { TicketKey } from "../../../sim/faults/tickets"
import { Alert, Content, Ext } from "../../../sim/faults/wire"
import { readClientHello } from "../../../sim/faults/clienthello"
import { Buffer as DeviceBuffer } from "../../../sim/shim/buffer"
import { issueCa } from "../../ca"
import { seededRandom } from "../../random"
import { anchorOf, ErrorCode, errorCode, TlsSite } from "../tlssite"
import { cutting } from "./misbehaviour"
import { Regular } from "./sessions"
import { only, rsaSet } from "./sets"
import { VERSIONS } from "./versions"

const { fail } = require("../../../src/errors") as {
    fail(code: number, message: string): never
}
const DAY_SEC = 86400
const nowSec = () => Math.floor(Date.now() / 1000)

for (const { name, Server } of VERSIONS)
    describe(`sessions of ${name}`, () => {
        let site: TlsSite<CommonFaults, HostileServer>
        before(async () => {
            site = await TlsSite.create({}, Server)
        })
        const regular = async () => {
            const device = new Regular(site)
            await device.beginsSession()
            return device
        }

        test("are resumed again and again, and prove as much as the first handshake", async () => {
            const device = await regular()
            for (let i = 0; i < 4; i++) {
                const { transport, connection } = site.open(
                    {},
                    device.options()
                )
                const open = await connection
                const { server } = transport
                assert.ok(server.resumed)
                assert.deepEqual(server.complaints, [])
                assert.deepEqual(
                    server.clientMessages,
                    [1, 20],
                    "no key exchange of TLS 1.2"
                )
                assert.equal(
                    open.notAfterSec,
                    Date.parse(site.owner.server.x509.validTo) / 1000
                )
                server.sendData("x")
                assert.equal((await open.read(1000))?.toString(), "x")
            }
            assert.equal(
                device.store.saves,
                1,
                "the flash is not worn by a new ticket each time"
            )
        })

        test("are renewed when half of a ticket's life is over, where the time is known", async () => {
            const nowSec = Math.floor(Date.now() / 1000) + 60
            const device = new Regular(site)
            await device.visits({ nowSec })
            for (const [afterSec, saves] of [
                [3599, 1],
                [3601, 2],
                [3602, 2],
                [3601 + 3601, 3],
            ]) {
                const resumed = await device.visits({
                    nowSec: nowSec + afterSec,
                })
                assert.ok(resumed, `after ${afterSec} s`)
                assert.equal(device.store.saves, saves, `after ${afterSec} s`)
            }
        })

        test("are never renewed while the time is unknown: the server's clock ends them", async () => {
            const device = await regular()
            const before = device.store.state
            for (let i = 0; i < 3; i++) assert.ok(await device.visits())
            assert.deepEqual(device.store.state, before)
        })

        test("are resumed in fragments of a byte, with small records, and with a CertificateRequest not made", async () => {
            const device = await regular()
            const resumed = await device.visits(
                {},
                { smallRecords: true },
                { ...cutting(1), requestCertificate: true }
            )
            assert.ok(resumed)
        })

        test("are not made by a server without tickets, nor by a client without a store", async () => {
            const device = new Regular(site)
            await device.visits({}, { tickets: undefined })
            assert.ok(device.store.isEmpty)
            const server = await site.accepts(
                {},
                { server: { tickets: new TicketKey() } }
            )
            assert.equal(server.resumed, false)
        })

        test("T2: a refused one goes on as a full handshake on the same connection, and is replaced", async () => {
            const device = await regular()
            const before = device.store.state
            const other = { tickets: new TicketKey() }
            assert.equal(await device.visits({}, other), false)
            assert.notDeepEqual(device.store.state, before)
            assert.equal(await device.visits({}, other), true)
        })

        test("T2: a refused one is forgotten if nothing takes its place", async () => {
            const device = await regular()
            const resumed = await device.visits({}, { tickets: undefined })
            assert.equal(resumed, false)
            assert.ok(device.store.isEmpty)
        })

        /** What the next hello of this client offers of a session. */
        const offered = async (
            device: Regular<CommonFaults, HostileServer>,
            client: object
        ) => {
            let first: Buffer | undefined
            const { transport, connection } = site.open(
                {},
                device.options(client)
            )
            const receive = transport.server.receive.bind(transport.server)
            transport.server.receive = bytes => {
                first ??= bytes
                receive(bytes)
            }
            await connection.catch(() => undefined)
            const hello = readClientHello(first!.subarray(5))
            return (
                Boolean(hello.psk) ||
                Boolean(hello.extensions.get(Ext.SessionTicket)?.length)
            )
        }

        test("T1: is offered to the same host, port and anchors alone", async () => {
            const device = await regular()
            assert.equal(await offered(device, {}), true)
            const root = anchorOf(site.owner.root)
            const other = anchorOf(await issueCa("Another"))
            const mixed = (name: typeof root, key: typeof root) => ({
                der: DeviceBuffer.concat(
                    name.der.slice(0, name.keyAt),
                    key.der.slice(key.keyAt)
                ),
                keyAt: name.keyAt,
            })
            for (const client of [
                { host: "other.gateway.test" },
                { host: "gateway.tes" },
                { host: "127.0.0.1" },
                { port: 8884 },
                { port: 883 },
                { anchors: [other] },
                { anchors: [root, other] },
                { anchors: [mixed(root, other)] },
                { anchors: [mixed(other, root)] },
            ])
                assert.equal(
                    await offered(await regular(), client),
                    false,
                    JSON.stringify(client)
                )
        })

        test("T1: a ticket of another host is not offered, though the server would take it", async () => {
            const device = await regular()
            const options = device.options({ host: "edgeHub" })
            const server = await site.accepts({}, options)
            assert.equal(server.resumed, false)
        })

        test("T1: is not offered when its suite, or its version, is not among the parts any more", async () => {
            const device = await regular()
            const all = rsaSet()
            const [keep] = all.versions.filter(
                ({ code }) => (code === 0x0303) === (name !== "TLS 1.2")
            )
            const client = { parts: only(keep.code, all) }
            assert.equal(await offered(device, client), false)
        })

        test("T1: is offered until it expires, and while the server's certificate is valid", async () => {
            const device = await regular()
            const client = { nowSec: nowSec() }
            const made = async () => {
                const fresh = new Regular(site, client)
                await fresh.beginsSession()
                return fresh
            }
            assert.equal(
                await offered(await made(), { nowSec: nowSec() + 7100 }),
                true
            )
            for (const later of [7300, 8 * DAY_SEC, 31 * DAY_SEC])
                assert.equal(
                    await offered(await made(), { nowSec: nowSec() + later }),
                    false
                )
            // Before its beginning.
            assert.equal(
                await offered(await made(), { nowSec: nowSec() - DAY_SEC }),
                false
            )
            // While the time is unknown, the floor counts.
            const floorSec = nowSec() + 31 * DAY_SEC
            assert.equal(await offered(device, { floorSec }), false)
        })

        test("T1: a lifetime of 30 days is cut to 7, also when it is renewed", async () => {
            const faults = { lifetimeSec: 30 * DAY_SEC } as CommonFaults
            const start = nowSec()
            const at = (days: number) => ({
                nowSec: start + Math.floor(days * DAY_SEC),
            })
            const device = new Regular(site)
            await device.visits(at(0), {}, faults)
            assert.equal(await device.visits(at(6), {}, faults), true)
            assert.equal(await offered(device, at(7.1)), false)
        })

        test("T2: something wrong in the resumed handshake forgets it, and the next one is full", async () => {
            const device = await regular()
            let isProtected = false
            await device.isRefused("TlsBadRecord", Alert.BadRecordMac, {
                wire: record => {
                    if (isProtected) record[20] ^= 1
                    isProtected ||=
                        name === "TLS 1.3" ||
                        record[0] === Content.ChangeCipherSpec
                    return record
                },
            })
            assert.equal(await device.visits(), false)
            assert.equal(await device.visits(), true)
        })

        test("T2: a connection that breaks in the resumed handshake is no reason to forget it", async () => {
            const device = await regular()
            const { transport, connection } = site.open({}, device.options())
            transport.read = async () =>
                fail(ErrorCode.ConnectionReset, "tcp: reset")
            await assert.rejects(connection)
            assert.ok(!device.store.isEmpty)
        })

        test("T0: a damaged session in the store is dropped or refused, never an exception of another kind", async () => {
            const random = seededRandom(`damaged sessions of ${name}`)
            const device = await regular()
            const good = device.store.state!
            for (let round = 0; round < 300; round++) {
                let state = Buffer.from(good)
                const at = random.below(state.length)
                if (random.oneIn(2)) state[at] ^= 1 << random.below(8)
                else state = state.subarray(0, at)
                device.store.state = DeviceBuffer.from(state)
                const { transport, connection } = site.open(
                    {},
                    device.options({ nowSec: nowSec() })
                )
                try {
                    await connection
                } catch (error) {
                    if (errorCode(error) === 0) throw error
                }
                assert.ok(
                    transport.server.clientMessages.length > 0,
                    "a hello is sent"
                )
            }
        })
    })
