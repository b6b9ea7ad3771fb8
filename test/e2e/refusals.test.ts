/**
 * What must not connect does not: each case is refused by the right side with the right error, the other side is told,
 * the device goes on trying, and where the cause is mended it connects.
 */
import assert from "node:assert/strict"
import { after, afterEach, before, describe, test } from "node:test"
import { realClock } from "../../sim/gateway/clock"
import { RefusalReason } from "../../sim/gateway/events"
import { Gateway } from "../../sim/gateway/gateway"
import { ServerCertificate } from "../../sim/gateway/options"
import { Certificate } from "../../sim/pki/certificate"
import { issueServer, Overrides } from "../../sim/pki/chain"
import { issueCa } from "../ca"
import { Image } from "../../sim/vm/compiler"
import { Device } from "../../sim/vm/host"
import { DEVICE_ID, GATEWAY_NAME, Site } from "../site"

const WAIT_MS = 40000
const DAY_MS = 86400000

/** A line of the firmware: no connection, or a lost one, with its reason and code. */
const FAILURE =
    /^leaf: (no|lost) connection: (.*) \((\d+)\), next try in [\d.]+ s$/

describe("the firmware refuses", () => {
    let site: Site
    let image: Image

    before(async () => {
        site = await Site.create()
        image = await site.compile("src/main.ts")
    })
    afterEach(() => site.stop())
    after(() => site.close())

    function start(gateway: Gateway, anchor?: string): Promise<Device> {
        return site.startDevice(
            image,
            { mqttPort: gateway.port, timePort: gateway.httpsPort },
            { telemetrySec: 1, anchor }
        )
    }

    /** The device fails twice with this code, and the gateway is told by this alert. */
    async function assertRefused(
        files: ServerCertificate,
        code: number,
        alert: string,
        anchor?: string
    ): Promise<void> {
        const gateway = await site.startGateway(files)
        const told = gateway.waitFor("tlsFailed", undefined, WAIT_MS)
        const device = await start(gateway, anchor)
        for (let attempt = 0; attempt < 2; attempt++) {
            const { text } = await device.until(FAILURE, WAIT_MS)
            assert.equal(Number(FAILURE.exec(text)![3]), code, text)
        }
        assert.equal((await told).alert, alert)
        assert.equal(device.panics.length, 0)

        // The right certificate is taken at once: nothing was spoilt.
        if (anchor) return
        gateway.setCertificate(site.serverFiles())
        await gateway.waitFor("telemetry", undefined, WAIT_MS)
    }

    /** A server certificate of the site's Edge CA in which something is different. */
    async function serverOf(
        fields: Overrides,
        names = [GATEWAY_NAME]
    ): Promise<Certificate> {
        return issueServer(site.chain.edgeCa, {
            names,
            server: { keys: site.chain.server.keys, ...fields },
        })
    }

    test("a gateway whose chain leads to another CA", async () => {
        const stranger = await issueCa(
            "Edge Leaf Root CA",
            site.chain.edgeCa.keys
        )
        // The same name as the pinned CA, with another key: the signature does not verify.
        await assertRefused(
            await site.serverFiles(),
            3003,
            "bad_certificate",
            stranger.pem
        )
    })

    test("a gateway whose chain leads to a CA with another name", async () => {
        const stranger = await issueCa(
            "Somebody's Root CA",
            site.chain.root.keys
        )
        await assertRefused(
            await site.serverFiles(),
            3040,
            "unknown_ca",
            stranger.pem
        )
    })

    test("a certificate for another host", async () => {
        await assertRefused(
            await site.serverFiles(await serverOf({}, ["other.test"])),
            3030,
            "certificate_unknown"
        )
    })

    test("a certificate that had expired when the device was provisioned", async () => {
        await assertRefused(
            await site.serverFiles(
                await serverOf({
                    notBefore: new Date(Date.now() - 40 * DAY_MS),
                    notAfter: new Date(Date.now() - DAY_MS),
                })
            ),
            3020,
            "certificate_expired"
        )
    })

    test("a chain without its intermediate", async () => {
        await assertRefused(
            await site.serverFiles(site.chain.server, [site.chain.edgeCa]),
            3040,
            "unknown_ca"
        )
    })

    test("a certificate that signs itself", async () => {
        const selfSigned = await serverOf({ issuer: undefined })
        await assertRefused(
            await site.serverFiles(selfSigned, []),
            3040,
            "unknown_ca"
        )
    })

    test("a certificate that is not valid yet, once it knows the time", async () => {
        const gateway = await site.startGateway()
        const device = await start(gateway)
        await gateway.waitFor("authenticated", undefined, WAIT_MS)
        const timeRead = gateway.waitFor("timeServed", undefined, WAIT_MS)
        const connected = gateway.waitFor("authenticated", undefined, WAIT_MS)
        gateway.drop(DEVICE_ID)
        await timeRead
        await connected
        await device.until(FAILURE)

        const early = await site.serverFiles(
            await serverOf({ notBefore: new Date(Date.now() + DAY_MS) })
        )
        gateway.setCertificate(early)
        gateway.drop(DEVICE_ID)
        await device.until(/^leaf: lost connection/, WAIT_MS)
        const { text } = await device.until(FAILURE, WAIT_MS)
        assert.equal(Number(FAILURE.exec(text)![3]), 3021, text)

        gateway.setCertificate(site.serverFiles())
        await gateway.waitFor("telemetry", undefined, WAIT_MS)
    })
})

describe("the gateway refuses", () => {
    let site: Site
    let image: Image

    before(async () => {
        site = await Site.create()
        image = await site.compile("src/main.ts")
    })
    afterEach(() => site.stop())
    after(() => site.close())

    /** The gateway refuses twice for this reason, and the device knows "not authorised" and goes on trying. */
    async function assertRefused(
        gateway: Gateway,
        reason: RefusalReason,
        deviceKey?: string
    ): Promise<Device> {
        const first = gateway.waitFor("refused", undefined, WAIT_MS)
        const device = await site.startDevice(
            image,
            { mqttPort: gateway.port },
            { telemetrySec: 1, deviceKey }
        )
        const refused = await first
        assert.equal(refused.deviceId, DEVICE_ID)
        assert.equal(refused.returnCode, 5)
        assert.equal(refused.reason, reason)
        const { text } = await device.until(FAILURE, WAIT_MS)
        assert.equal(Number(FAILURE.exec(text)![3]), 5015, text)
        await gateway.waitFor("refused", undefined, WAIT_MS)
        return device
    }

    test("a device with a wrong key", async () => {
        const gateway = await site.startGateway()
        await assertRefused(
            gateway,
            "wrong-signature",
            Buffer.alloc(32, 7).toString("base64")
        )
    })

    test("a disabled device, until it is enabled again", async () => {
        const gateway = await site.startGateway()
        site.registry.change(DEVICE_ID, { enabled: false })
        await assertRefused(gateway, "disabled-device")
        site.registry.change(DEVICE_ID, { enabled: true })
        await gateway.waitFor("telemetry", undefined, WAIT_MS)
    })

    test("a token that has expired by the gateway's clock", async () => {
        // The device's first token ends with the gateway's certificate, in 30 days.
        const gateway = await site.startGateway({
            clock: {
                ...realClock,
                now: () => Date.now() + 31 * DAY_MS,
            },
        })
        await assertRefused(gateway, "expired-token")
    })

    test("a device that it does not know", async () => {
        const gateway = await site.startGateway()
        const device = site.registry.get(DEVICE_ID)!
        site.registry.remove(DEVICE_ID)
        await assertRefused(gateway, "unknown-device")
        site.registry.add(device)
        await gateway.waitFor("telemetry", undefined, WAIT_MS)
    })
})
