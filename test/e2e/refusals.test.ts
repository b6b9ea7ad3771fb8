/**
 * What must not connect does not: each case is refused by the right side with the right error, the other side is told,
 * the device goes on trying, and where the cause is mended it connects.
 */
import assert from "node:assert/strict"
import { after, afterEach, before, describe, test } from "node:test"
import { Gateway } from "../../sim/gateway/gateway"
import {
    caExtensions,
    chainPem,
    createCertificate,
    createServerIdentity,
    Identity,
    serverExtensions,
} from "../../sim/pki/certificates"
import { Image } from "../../sim/vm/compiler"
import { Device } from "../../sim/vm/host"
import { DEVICE_ID, GATEWAY_NAME, ServerFiles, Site } from "../site"

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
        files: ServerFiles,
        code: number,
        alert: RegExp,
        anchor?: string
    ): Promise<void> {
        const gateway = await site.startGateway(files)
        const told = gateway.waitFor("unsecured", undefined, WAIT_MS)
        const device = await start(gateway, anchor)
        for (let attempt = 0; attempt < 2; attempt++) {
            const { text } = await device.until(FAILURE, WAIT_MS)
            assert.equal(Number(FAILURE.exec(text)![3]), code, text)
        }
        assert.match((await told).reason, alert)
        assert.equal(device.panics.length, 0)

        // The right certificate is taken at once: nothing was spoilt.
        if (anchor) return
        const good = await site.serverFiles()
        gateway.setCertificate(good.certificate, good.key)
        await gateway.waitFor("telemetry", undefined, WAIT_MS)
    }

    /** A server certificate of the site's Edge CA in which something is different. */
    async function serverOf(
        fields: Parameters<typeof createServerIdentity>[3],
        names = [GATEWAY_NAME]
    ): Promise<Identity> {
        return createServerIdentity("rsa", site.chain.edgeCa, names, {
            keys: site.server.keys,
            ...fields,
        })
    }

    test("a gateway whose chain leads to another CA", async () => {
        const stranger = await createCertificate({
            name: "Owner Root CA",
            keys: site.chain.edgeCa.keys,
            extensions: caExtensions(),
        })
        // The same name as the pinned CA, with another key: the signature does not verify.
        await assertRefused(
            await site.serverFiles(),
            3003,
            /alert bad certificate/,
            chainPem(stranger)
        )
    })

    test("a gateway whose chain leads to a CA with another name", async () => {
        const stranger = await createCertificate({
            name: "Somebody's Root CA",
            keys: site.chain.root.keys,
            extensions: caExtensions(),
        })
        await assertRefused(
            await site.serverFiles(),
            3040,
            /alert unknown ca/,
            chainPem(stranger)
        )
    })

    test("a certificate for another host", async () => {
        await assertRefused(
            await site.serverFiles(await serverOf({}, ["other.test"])),
            3030,
            /alert certificate unknown/
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
            /alert certificate expired/
        )
    })

    test("a chain without its intermediate", async () => {
        await assertRefused(
            await site.serverFiles(site.server, [site.chain.edgeCa]),
            3040,
            /alert unknown ca/
        )
    })

    test("a certificate that signs itself", async () => {
        const selfSigned = await createCertificate({
            name: GATEWAY_NAME,
            keys: site.server.keys,
            extensions: serverExtensions([GATEWAY_NAME]),
        })
        await assertRefused(
            await site.serverFiles(selfSigned, []),
            3040,
            /alert unknown ca/
        )
    })

    test("a certificate that is not valid yet, once it knows the time", async () => {
        const gateway = await site.startGateway()
        const device = await start(gateway)
        await gateway.waitFor("connected", undefined, WAIT_MS)
        const timeRead = gateway.waitFor("timeRead", undefined, WAIT_MS)
        const connected = gateway.waitFor("connected", undefined, WAIT_MS)
        gateway.disconnect(DEVICE_ID)
        await timeRead
        await connected
        await device.until(FAILURE)

        const early = await site.serverFiles(
            await serverOf({ notBefore: new Date(Date.now() + DAY_MS) })
        )
        gateway.setCertificate(early.certificate, early.key)
        gateway.disconnect(DEVICE_ID)
        await device.until(/^leaf: lost connection/, WAIT_MS)
        const { text } = await device.until(FAILURE, WAIT_MS)
        assert.equal(Number(FAILURE.exec(text)![3]), 3021, text)

        const good = await site.serverFiles()
        gateway.setCertificate(good.certificate, good.key)
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
        reason: RegExp,
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
        assert.match(refused.reason, reason)
        const { text } = await device.until(FAILURE, WAIT_MS)
        assert.equal(Number(FAILURE.exec(text)![3]), 5015, text)
        await gateway.waitFor("refused", undefined, WAIT_MS)
        return device
    }

    test("a device with a wrong key", async () => {
        const gateway = await site.startGateway()
        await assertRefused(
            gateway,
            /signature is not of one of the device's keys/,
            Buffer.alloc(32, 7).toString("base64")
        )
    })

    test("a disabled device, until it is enabled again", async () => {
        const gateway = await site.startGateway()
        site.registry.setEnabled(DEVICE_ID, false)
        await assertRefused(gateway, /disabled/)
        site.registry.setEnabled(DEVICE_ID, true)
        await gateway.waitFor("telemetry", undefined, WAIT_MS)
    })

    test("a token that has expired by the gateway's clock", async () => {
        // The device's first token ends with the gateway's certificate, in 30 days.
        const gateway = await site.startGateway({
            clock: {
                now: () => Date.now() + 31 * DAY_MS,
                setTimeout: (callback, ms) => setTimeout(callback, ms),
                clearTimeout: timer => clearTimeout(timer as NodeJS.Timeout),
            },
        })
        await assertRefused(gateway, /the token expired \d+ s ago/)
    })

    test("a device that it does not know", async () => {
        const gateway = await site.startGateway()
        const device = site.registry.find(DEVICE_ID)!
        site.registry.remove(DEVICE_ID)
        await assertRefused(gateway, /no such device/)
        site.registry.add(device)
        await gateway.waitFor("telemetry", undefined, WAIT_MS)
    })
})
