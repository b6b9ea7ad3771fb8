/**
 * Whether a board makes it to CONNECT in the 60 s that an IoT Edge gateway gives it, with the chain of Microsoft's scripts:
 * three RSA-4096 signatures up to the pinned root. The firmware runs in the VM against the local gateway, both in virtual
 * time, and each public-key operation takes as long as on the board (`sim/vm/boards.ts`).
 *
 * What a connection does beside them is not charged. Its opcodes are counted, and twice their time must fit into the 60 s
 * as well: twice, because they call functions, which costs a board more than arithmetic does.
 */
import assert from "node:assert/strict"
import { after, afterEach, before, describe, test } from "node:test"
import { Gateway } from "../../sim/gateway/gateway"
import { GatewayOptions } from "../../sim/gateway/options"
import { issueServer } from "../../sim/pki/chain"
import {
    BoardName,
    BOARDS,
    operationOpcodes,
    opcodesSeconds,
} from "../../sim/vm/boards"
import { Image } from "../../sim/vm/compiler"
import { Device } from "../../sim/vm/host"
import { simulatedSensors } from "../../sim/vm/sensors"
import { constant } from "../../sim/vm/signals"
import { VirtualClock } from "../../sim/vm/virtualclock"
import { GATEWAY_NAME, Site } from "../site"
import { countOperations, Tries, Try } from "../tries"

const LIMIT_SEC = 60
const WAIT_MS = 60_000

/** Nobody listens there: the time is not read, so that all operations are those of the connection to MQTT. */
const DISCARD_PORT = 9
const BOARD_NAMES = Object.keys(BOARDS) as BoardName[]

describe("a board and the gateway's 60 s", () => {
    let site: Site
    let image: Image
    /** Opcodes of a first connection beside its public-key operations. */
    let restOpcodes = 0
    const table: string[] = []

    before(async () => {
        site = await Site.create(4096)
        image = await site.compile("src/main.ts")
        restOpcodes = await countRest()
    })
    afterEach(() => site.stop())
    after(() => {
        const rest = BOARD_NAMES.map(
            name =>
                `${opcodesSeconds(BOARDS[name], restOpcodes).toFixed(1)} s on ${BOARDS[name].title}`
        )
        console.log(
            [
                ...table,
                `not charged: ${restOpcodes} opcodes, about ${rest.join(", ")}`,
            ].join("\n")
        )
        return site.close()
    })

    async function countRest(): Promise<number> {
        const gateway = await site.startGateway()
        const device = await site.startDevice(
            image,
            { mqttPort: gateway.port, timePort: gateway.httpsPort },
            {},
            { countOpcodes: true }
        )
        let charged = 0
        let before = 0
        device.on("operation", ({ name }) => {
            charged += operationOpcodes(name)
        })
        device.on("line", ({ text }) => {
            if (text.startsWith("leaf: connecting")) before = device.opcodes
        })
        await device.until("leaf: connected", WAIT_MS)
        const rest = device.opcodes - before - charged
        await site.stop()
        return rest
    }

    /** A board with nothing remembered, and a gateway, in a time of their own. */
    class Rig {
        tries!: Tries
        device!: Device

        private constructor(
            private readonly board: BoardName,
            private readonly clock: VirtualClock,
            readonly gateway: Gateway
        ) {}

        static async start(
            board: BoardName,
            serverBits = 2048,
            tls: GatewayOptions["tls"] = {}
        ) {
            const clock = new VirtualClock()
            const server =
                serverBits === 2048
                    ? site.chain.server
                    : await issueServer(site.chain.edgeCa, {
                          names: [GATEWAY_NAME],
                          serverBits,
                      })
            const gateway = await site.startGateway({
                clock,
                tls,
                ...site.serverFiles(server),
            })
            const rig = new Rig(board, clock, gateway)
            rig.tries = new Tries(gateway)
            rig.device = await site.startDevice(
                image,
                { mqttPort: gateway.port, timePort: DISCARD_PORT },
                {},
                {
                    clock,
                    board: BOARDS[board],
                    bus: simulatedSensors({
                        temperatureC: constant(21.5),
                        humidityPercent: constant(45.25),
                        clock,
                    }),
                }
            )
            rig.tries.watch(rig.device)
            return rig
        }

        /** Tries up to the first that connects, at most so many. */
        async connect(what: string, most: number): Promise<Try[]> {
            const all = await this.clock.run(
                this.tries.next(this.gateway, most)
            )
            assert.deepEqual(this.device.panics, [])
            all.forEach((one, i) =>
                table.push(
                    [
                        BOARDS[this.board].title.padEnd(20),
                        what.padEnd(32),
                        `try ${i + 1}`,
                        `${one.seconds.toFixed(1).padStart(4)} s`,
                        (one.connected ? "connected" : one.reason).padEnd(15),
                        `${countOperations(one.ahead)} | ${countOperations(one.operations)}`,
                    ].join("  ")
                )
            )
            return all
        }

        /** The last try is connected, and the rest of what it does fits in too. */
        assertConnected(tries: Try[]): void {
            const last = tries.at(-1)!
            const rest = opcodesSeconds(BOARDS[this.board], restOpcodes)
            assert.equal(last.connected, true)
            assert.ok(
                last.seconds + 2 * rest < LIMIT_SEC,
                `${last.seconds} s and twice ${rest} s`
            )
        }
    }

    for (const board of BOARD_NAMES)
        for (const bits of [2048, 4096])
            test(`${BOARDS[board].title} with nothing remembered makes it on the second try at the latest, server key RSA-${bits}`, async () => {
                const rig = await Rig.start(board, bits)
                const tries = await rig.connect(`first contact, key ${bits}`, 2)
                rig.assertConnected(tries)
                for (const { seconds, reason } of tries.slice(0, -1)) {
                    assert.equal(reason, "connect-timeout")
                    assert.equal(seconds, LIMIT_SEC)
                }
            })

    test("a Pico W does not make it on the first try: the operations are charged", async () => {
        const rig = await Rig.start("pico-w")
        const [first] = await rig.connect("first contact, first try", 1)
        assert.equal(first.connected, false)
        assert.equal(first.reason, "connect-timeout")
        // Key share, three issuers, the handshake's signature: 98 s.
        assert.deepEqual(first.ahead, ["X25519"])
    })

    test("a Pico W that is switched off after its first try goes on where it stopped", async () => {
        const rig = await Rig.start("pico-w")
        await rig.connect("before it was switched off", 1)
        // Two of three signatures were verified when the gateway hung up.
        await rig.device.powerCycle()
        const tries = await rig.connect("switched off and on", 1)
        rig.assertConnected(tries)
    })

    for (const board of BOARD_NAMES)
        test(`${BOARDS[board].title} that knows the issuers makes it at once, with a renewed server certificate too`, async () => {
            const rig = await Rig.start(board)
            await rig.connect("(first contact)", 2)
            // The same certificate; but no session is known any more, as after a restart of the gateway.
            rig.gateway.setCertificate(site.serverFiles())
            rig.gateway.drop()
            const again = await rig.connect("known issuers", 1)
            rig.assertConnected(again)
            assert.deepEqual(again[0].operations, ["X25519", "RSA-2048"])

            rig.gateway.setCertificate(
                site.serverFiles(
                    await issueServer(site.chain.edgeCa, {
                        names: [GATEWAY_NAME],
                    })
                )
            )
            rig.gateway.drop()
            const renewed = await rig.connect("renewed certificate", 1)
            rig.assertConnected(renewed)
            // One signature more: the Edge CA's, on the new certificate.
            assert.deepEqual(renewed[0].operations, [
                "X25519",
                "RSA-4096",
                "RSA-2048",
            ])
        })

    for (const version of ["TLSv1.2", "TLSv1.3"] as const)
        test(`the public-key operations of each kind of connection, ${version}`, async () => {
            const rig = await Rig.start("esp32-c3", 2048, {
                minVersion: version,
                maxVersion: version,
            })
            const kinds: Record<string, string> = {}
            const connect = async (kind: string) => {
                const [one] = await rig.connect(`${kind}, ${version}`, 1)
                assert.equal(one.connected, true)
                kinds[kind] =
                    `${countOperations(one.ahead) || "none"} before, ${countOperations(one.operations) || "none"}`
            }
            await connect("first connection")
            rig.gateway.drop()
            await connect("resumed session")
            rig.gateway.setCertificate(site.serverFiles())
            rig.gateway.drop()
            await connect("known issuers")
            // TLS 1.2 is without key exchange when it resumes. The key shares before the later connections were made for the
            // readings of the time that came before them and found nobody.
            assert.deepEqual(
                kinds,
                version === "TLSv1.2"
                    ? {
                          "first connection":
                              "1 X25519 before, 3 RSA-4096, 1 RSA-2048, 1 X25519",
                          "resumed session": "1 X25519 before, none",
                          "known issuers":
                              "1 X25519 before, 1 RSA-2048, 1 X25519",
                      }
                    : {
                          "first connection":
                              "1 X25519 before, 1 X25519, 3 RSA-4096, 1 RSA-2048",
                          "resumed session": "1 X25519 before, 1 X25519",
                          "known issuers":
                              "1 X25519 before, 1 X25519, 1 RSA-2048",
                      }
            )
        })
})
