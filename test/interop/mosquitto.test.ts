/**
 * The firmware, as it is, against a stock mosquitto with our certificate chain. Its `tls_version` is the only one that it then
 * speaks.
 */
import assert from "node:assert/strict"
import { writeFileSync } from "node:fs"
import net from "node:net"
import { describe, test } from "node:test"
import mqtt from "mqtt-packet"
import { freePort, needsPeer, Peer } from "../peers"
import { DEVICE_ID, Site } from "../site"

/** Subscribes to everything on a broker's plain port, and gives what comes. */
class Subscriber {
    readonly messages: mqtt.IPublishPacket[] = []
    private readonly socket: net.Socket
    private watcher: () => void = () => undefined

    constructor(port: number) {
        this.socket = net.connect(port, "127.0.0.1")
        const parser = mqtt.parser({ protocolVersion: 4 })
        this.socket.on("data", data => parser.parse(data))
        parser.on("packet", packet => {
            if (packet.cmd === "connack")
                this.send({
                    cmd: "subscribe",
                    messageId: 1,
                    subscriptions: [{ topic: "#", qos: 0 }],
                })
            if (packet.cmd === "publish") this.messages.push(packet)
            this.watcher()
        })
        this.send({
            cmd: "connect",
            protocolId: "MQTT",
            protocolVersion: 4,
            clientId: "subscriber",
            clean: true,
            keepalive: 0,
        })
    }

    private send(packet: mqtt.Packet) {
        this.socket.write(mqtt.generate(packet))
    }

    async until(count: number): Promise<void> {
        while (this.messages.length < count)
            await new Promise<void>(resolve => (this.watcher = resolve))
    }

    close() {
        this.socket.destroy()
    }
}

describe("with mosquitto", () => {
    for (const version of ["1.2", "1.3"])
        test(
            `the firmware connects over TLS ${version} and publishes with QoS 1, acknowledged`,
            needsPeer("mosquitto"),
            async () => {
                const site = await Site.create()
                const tlsPort = await freePort()
                const plainPort = await freePort()
                writeFileSync(
                    site.file("mosquitto.conf"),
                    `per_listener_settings false
allow_anonymous true
user root
listener ${tlsPort} 127.0.0.1
certfile ${site.file("chain.pem")}
keyfile ${site.file("server.key")}
tls_version tlsv${version}
listener ${plainPort} 127.0.0.1
log_dest stderr
log_type all
`
                )
                const peer = await Peer.start(
                    "mosquitto",
                    ["-c", site.file("mosquitto.conf")],
                    tlsPort
                )
                const subscriber = new Subscriber(plainPort)
                try {
                    const device = await site.startDevice(
                        await site.compile("src/main.ts"),
                        { mqttPort: tlsPort },
                        { telemetrySec: 1 }
                    )
                    await device.until(/^leaf: connected to /, 30000)
                    await subscriber.until(6)
                    for (const [i, message] of subscriber.messages.entries()) {
                        const body = JSON.parse(String(message.payload))
                        assert.equal(body.messageId, `1-${i + 1}`)
                        assert.ok(
                            message.topic.startsWith(
                                `devices/${DEVICE_ID}/messages/events/%24.mid=1-${i + 1}&`
                            )
                        )
                    }
                    // More than the window of four: mosquitto's acknowledgements were understood.
                    assert.match(peer.output, /Sending PUBACK to leaf-1 \(m5, /)
                    assert.equal(device.panics.length, 0)
                } finally {
                    subscriber.close()
                    await peer.stop()
                    await site.close()
                }
            }
        )
})
