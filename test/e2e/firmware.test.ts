/** The firmware as a board would run it, in the VM, over real sockets, at the local gateway. */
import assert from "node:assert/strict"
import { after, afterEach, before, describe, test } from "node:test"
import { Gateway } from "../../sim/gateway/gateway"
import { MemoryStore, Message } from "../../sim/gateway/store"
import { Image } from "../../sim/vm/compiler"
import { Device } from "../../sim/vm/host"
import { DEVICE_ID, GATEWAY_NAME, Site } from "../site"

const WAIT_MS = 30000

describe("the firmware", () => {
    let site: Site
    let image: Image

    before(async () => {
        site = await Site.create()
        image = await site.compile("src/main.ts")
    })
    afterEach(() => site.stop())
    after(() => site.close())

    /** Everything that the device has printed, to look for secrets. */
    function assertNoSecret(device: Device) {
        const text = device.lines.map(line => line.text).join("\n")
        assert.ok(text.length > 0)
        assert.ok(!text.includes(site.deviceKey), "the key is in the log")
        assert.ok(
            !text.includes("SharedAccessSignature"),
            "a token is in the log"
        )
    }

    /** When the gateway's certificate ends, Unix seconds. */
    function certificateEndSec(): number {
        return Date.parse(site.chain.server.x509.validTo) / 1000
    }

    function start(gateway: Gateway, options: { heartbeatSec?: number } = {}) {
        return site.startDevice(
            image,
            { mqttPort: gateway.port, timePort: gateway.httpsPort },
            { telemetrySec: 1, heartbeatSec: 60, ...options }
        )
    }

    test("sends telemetry with the right topic, properties and body, and each message once", async () => {
        const gateway = await site.startGateway()
        const device = await start(gateway)
        const secured = await gateway.waitFor("secured", undefined, WAIT_MS)
        assert.equal(secured.protocol, "TLSv1.3")
        assert.equal(secured.cipher, "TLS_CHACHA20_POLY1305_SHA256")
        assert.equal(secured.serverName, GATEWAY_NAME)
        const first = await gateway.waitFor("telemetry", undefined, WAIT_MS)
        await gateway.waitFor("telemetry", undefined, WAIT_MS)
        await gateway.waitFor("telemetry", undefined, WAIT_MS)

        assert.deepEqual(JSON.parse(first.body.toString()), {
            deviceId: DEVICE_ID,
            messageId: "1-1",
            temperature: 21.5,
            humidity: 45.25,
        })
        assert.equal(
            first.topic,
            `devices/${DEVICE_ID}/messages/events/%24.mid=1-1&%24.ct=application%2Fjson&%24.ce=utf-8&temperatureAlert=false`
        )
        assert.deepEqual(first.systemProperties, {
            messageId: "1-1",
            contentType: "application/json",
            contentEncoding: "utf-8",
        })
        assert.deepEqual(first.properties, { temperatureAlert: "false" })
        const { messages } = gateway
        const ids = messages.map(message => message.systemProperties.messageId)
        assert.deepEqual(
            ids,
            ids.map((_, i) => `1-${i + 1}`),
            "each once and in order"
        )
        assert.ok(messages.every(message => !message.duplicate))
        assertNoSecret(device)
    })

    test("sets the alert property over the threshold", async () => {
        const gateway = await site.startGateway()
        await site.startDevice(
            image,
            { mqttPort: gateway.port },
            { telemetrySec: 1, alertC: 21 }
        )
        const { properties } = await gateway.waitFor(
            "telemetry",
            undefined,
            WAIT_MS
        )
        assert.deepEqual(properties, { temperatureAlert: "true" })
    })

    test("sends a heartbeat when there is nothing else to send", async () => {
        const gateway = await site.startGateway()
        // Without sensors there is no telemetry.
        const device = await site.startDevice(
            image,
            { mqttPort: gateway.port },
            { telemetrySec: 1, heartbeatSec: 1 },
            { bus: undefined }
        )
        const heartbeat = await gateway.waitFor("heartbeat", undefined, WAIT_MS)
        assert.equal(heartbeat.message.body.length, 0)
        const { uptime, ...rest } = heartbeat.message.properties
        assert.match(uptime, /^\d+$/)
        assert.deepEqual(rest, {
            heartbeat: "1",
            boots: "1",
            dropped: "0",
            reconnects: "0",
            early: "0",
        })
        assert.equal(gateway.messages.length, 1)
        await gateway.waitFor("heartbeat", undefined, WAIT_MS)
        assertNoSecret(device)
    })

    test("sends what was not acknowledged again, marked, after a lost connection", async () => {
        const store = new HeldStore()
        const gateway = await site.startGateway({ store })
        store.held = true
        await start(gateway)
        await store.whenHolding(1)
        gateway.drop(DEVICE_ID)
        store.release()
        const seen = store.messages.length
        const again = await gateway.waitFor(
            "telemetry",
            message => message.duplicate,
            WAIT_MS
        )
        assert.equal(again.systemProperties.messageId, "1-1")
        assert.equal(again.properties["mqtt-dup"], "true")
        assert.ok(store.messages.length > seen)
        // Nothing is missing.
        const ids = new Set(
            store.messages.map(m => m.systemProperties.messageId)
        )
        await gateway.waitFor("telemetry", m => !m.duplicate, WAIT_MS)
        for (let i = 1; i <= ids.size; i++) assert.ok(ids.has(`1-${i}`))
    })

    test("takes the time at the first reconnection, and tokens live an hour from then on", async () => {
        const gateway = await site.startGateway()
        const device = await start(gateway)
        const first = await gateway.waitFor("authenticated", undefined, WAIT_MS)
        assert.equal(
            first.tokenExpirySec,
            certificateEndSec(),
            "the first token ends with the gateway's certificate"
        )
        const timeRead = gateway.waitFor("timeServed", undefined, WAIT_MS)
        const connected = gateway.waitFor("authenticated", undefined, WAIT_MS)
        gateway.drop(DEVICE_ID)
        await timeRead
        const second = await connected
        const life = second.tokenExpirySec - Date.now() / 1000
        assert.ok(life > 3500 && life <= 3601, `it lives ${life} s`)
        assertNoSecret(device)
    })

    test("goes on with a token that ends with the certificate where there is no HTTPS", async () => {
        const gateway = await site.startGateway()
        await site.startDevice(
            image,
            // Nobody serves HTTPS there.
            { mqttPort: gateway.port, timePort: 9 },
            { telemetrySec: 1 }
        )
        await gateway.waitFor("authenticated", undefined, WAIT_MS)
        gateway.drop(DEVICE_ID)
        const again = await gateway.waitFor("authenticated", undefined, WAIT_MS)
        assert.equal(again.tokenExpirySec, certificateEndSec())
    })

    test("comes back by itself after a power cut, with its flash", async () => {
        const gateway = await site.startGateway()
        const device = await site.startDevice(
            image,
            { mqttPort: gateway.port },
            { telemetrySec: 1 }
        )
        await gateway.waitFor("telemetry", undefined, WAIT_MS)
        await device.powerCycle()
        const again = await gateway.waitFor(
            "telemetry",
            ({ systemProperties }) =>
                systemProperties.messageId?.startsWith("2-") ?? false,
            WAIT_MS
        )
        // A start that follows so soon is told of first.
        assert.equal(again.systemProperties.messageId, "2-health")
        assert.equal(again.properties.health, "early")
        const reading = await gateway.waitFor("telemetry", undefined, WAIT_MS)
        assert.equal(reading.systemProperties.messageId, "2-1")
    })

    test("three devices at once keep apart", async () => {
        const gateway = await site.startGateway()
        const ids = ["leaf-a", "leaf-b", "leaf-c"]
        const seen = ids.map(id =>
            gateway.waitFor("telemetry", m => m.deviceId === id, WAIT_MS)
        )
        for (const id of ids) {
            const { primaryKey } = site.registry.add({ deviceId: id })
            await site.startDevice(
                image,
                { mqttPort: gateway.port },
                { telemetrySec: 1, deviceKey: primaryKey, deviceId: id }
            )
        }
        for (const [i, message] of (await Promise.all(seen)).entries())
            assert.equal(JSON.parse(message.body.toString()).deviceId, ids[i])
    })
})

/** A store that can be made to wait: messages that it holds are not acknowledged. */
class HeldStore extends MemoryStore {
    held = false
    private readonly waiting: (() => void)[] = []
    private readonly watchers: (() => void)[] = []

    override async store(message: Message): Promise<void> {
        if (this.held)
            await new Promise<void>(resolve => {
                this.waiting.push(resolve)
                for (const watcher of this.watchers) watcher()
            })
        await super.store(message)
    }

    /** Resolves when so many messages are held. */
    async whenHolding(count: number): Promise<void> {
        while (this.waiting.length < count)
            await new Promise<void>(resolve => this.watchers.push(resolve))
    }

    release() {
        this.held = false
        for (const resolve of this.waiting.splice(0)) resolve()
    }
}
