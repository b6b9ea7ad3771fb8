/**
 * What a connection costs in public-key operations, which take seconds on a board: the firmware at the local gateway, with
 * what it remembers in its flash. Each is counted by the device's own `crypto:` lines, and the gateway says what it resumed.
 */
import assert from "node:assert/strict"
import { after, afterEach, before, describe, test } from "node:test"
import { Gateway } from "../../sim/gateway/gateway"
import { GatewayOptions } from "../../sim/gateway/options"
import { issueServer } from "../../sim/pki/chain"
import { Image } from "../../sim/vm/compiler"
import { Device } from "../../sim/vm/host"
import { DEVICE_ID, GATEWAY_NAME, Site } from "../site"

const WAIT_MS = 30_000

/** The CAs' keys, and the server's, differ in size: so it is seen whose signature was verified. */
const CA_BITS = 3072
const CA = "RSA-3072"
const SERVER = "RSA-2048"
const GROUP = "X25519"
const MINUTE_MS = 60_000

interface Visit {
    protocol: string
    resumed: boolean
    /** Operations before the connection was opened, and in it. */
    ahead: string[]
    operations: string[]
}

/** The device's lines since the last visit, cut where it said that it connects to the MQTT port. */
class Visits {
    private lines: string[] = []

    constructor(device: Device) {
        device.on("line", ({ text }) => this.lines.push(text))
    }

    /** Waits until the device is connected to the gateway, at its MQTT port. */
    async next(gateway: Gateway): Promise<Visit> {
        const opened = gateway.waitFor(
            "opened",
            ({ port }) => port === "mqtt",
            WAIT_MS
        )
        const secured = gateway.waitFor(
            "secured",
            ({ port }) => port === "mqtt",
            WAIT_MS
        )
        const authenticated = gateway.waitFor(
            "authenticated",
            undefined,
            WAIT_MS
        )
        await opened
        const ahead = this.take()
        const { protocol, resumed } = await secured
        await authenticated
        return { protocol, resumed, ahead, operations: this.take() }
    }

    /** Operations since the last call. */
    take(): string[] {
        return this.lines
            .splice(0)
            .filter(text => text.startsWith("crypto: "))
            .map(text => text.slice("crypto: ".length))
    }
}

for (const version of ["TLSv1.2", "TLSv1.3"] as const)
    describe(`public-key operations, ${version}`, () => {
        const is13 = version === "TLSv1.3"
        let site: Site
        let image: Image

        before(async () => {
            site = await Site.create(CA_BITS)
            image = await site.compile("src/main.ts")
        })
        afterEach(() => site.stop())
        after(() => site.close())

        function startGateway(options: Partial<GatewayOptions> = {}) {
            return site.startGateway({
                tls: { minVersion: version, maxVersion: version },
                ...options,
            })
        }

        /** A device that has been connected, and connected once more and so knows the time: there is nothing left to do first. */
        async function settled(gateway: Gateway) {
            const device = await site.startDevice(
                image,
                { mqttPort: gateway.port, timePort: gateway.httpsPort },
                { telemetrySec: 60 }
            )
            const visits = new Visits(device)
            const first = await visits.next(gateway)
            await device.until("leaf: connected", WAIT_MS)
            const second = visits.next(gateway)
            gateway.drop(DEVICE_ID)
            await device.until("leaf: time is", WAIT_MS)
            await second
            await device.until("leaf: connected", WAIT_MS)
            return { device, visits, first, second: await second }
        }

        /** The next visit, after the gateway has dropped the connection. */
        async function again(gateway: Gateway, visits: Visits, device: Device) {
            visits.take()
            const next = visits.next(gateway)
            gateway.drop(DEVICE_ID)
            const visit = await next
            await device.until("leaf: connected", WAIT_MS)
            return visit
        }

        const exchange = is13
            ? { ahead: [GROUP], operations: [GROUP] }
            : { ahead: [], operations: [] }

        /** A full handshake of a device that had a session: in TLS 1.2 it has made no key share ahead. */
        function full(...signatures: string[]) {
            return is13
                ? { ahead: [GROUP], operations: [GROUP, ...signatures] }
                : { ahead: [], operations: [...signatures, GROUP, GROUP] }
        }

        test("the first connection: a key exchange, a signature for each certificate, and the server's", async () => {
            const gateway = await startGateway()
            const { first } = await settled(gateway)
            const signatures = [CA, CA, CA, SERVER]
            assert.deepEqual(first, {
                protocol: version,
                resumed: false,
                ahead: [GROUP],
                operations: is13
                    ? [GROUP, ...signatures]
                    : [...signatures, GROUP],
            })
        })

        test(`a resumed one: ${is13 ? "a key exchange" : "none"}, time after time, and from another start`, async () => {
            const gateway = await startGateway()
            const { visits, device, second } = await settled(gateway)
            const resumed = { protocol: version, resumed: true, ...exchange }
            assert.equal(second.resumed, true)
            assert.deepEqual(second.operations, resumed.operations)
            for (let i = 0; i < 3; i++)
                assert.deepEqual(await again(gateway, visits, device), resumed)
            // The session is in flash.
            visits.take()
            const next = visits.next(gateway)
            await device.powerCycle()
            assert.deepEqual(await next, resumed)
        })

        test("known issuers: when the gateway does not know the session any more, the server's signature, on the same connection", async () => {
            const gateway = await startGateway()
            const { visits, device } = await settled(gateway)
            // A gateway that starts anew has new ticket keys.
            const { port, httpsPort } = gateway
            await gateway.close()
            await device.until("leaf: lost connection", WAIT_MS)
            visits.take()
            const restarted = await startGateway({ port, httpsPort })
            let connections = 0
            restarted.on("opened", () => connections++)
            const visit = await visits.next(restarted)
            assert.equal(visit.resumed, false)
            assert.deepEqual(visit.operations, full(SERVER).operations)
            assert.equal(connections, 1)
            await device.until("leaf: connected", WAIT_MS)
            assert.deepEqual(await again(restarted, visits, device), {
                protocol: version,
                resumed: true,
                ...exchange,
            })
        })

        test("a renewed server certificate with known issuers: one signature, and the server's", async () => {
            const gateway = await startGateway()
            const { visits, device } = await settled(gateway)
            gateway.setCertificate(
                site.serverFiles(
                    await issueServer(site.chain.edgeCa, {
                        names: [GATEWAY_NAME],
                        // The device's clock was read in whole seconds: it is behind.
                        now: new Date(Date.now() - MINUTE_MS),
                    })
                )
            )
            assert.deepEqual(await again(gateway, visits, device), {
                protocol: version,
                resumed: false,
                ...full(CA, SERVER),
            })
        })
    })
