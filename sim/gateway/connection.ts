/**
 * One client's connection: MQTT 3.1.1 as edgeHub speaks it with a leaf.
 *
 * Packets are handled one after the other, so that a message is acknowledged when it is stored and in the order in which
 * it came. Whatever is wrong with a client closes this connection and no other.
 */
import type { TLSSocket } from "node:tls"
import mqtt from "mqtt-packet"
import type { Gateway } from "./gateway"
import { isOtherProtocol, PacketCutter, readPacket } from "./packets"
import type { DeviceIdentity } from "./registry"
import { checkToken, parseToken } from "./token"
import { isDeviceFilter, parseTelemetryTopic, parseUsername } from "./topics"

/** From the accepted TCP connection to CONNECT, the TLS handshake included. */
export const CONNECT_TIMEOUT_MS = 60000

/** So many unacknowledged messages are read; then the client waits. */
const MAX_UNACKNOWLEDGED = 16

/** A keep-alive of 0 or over 400 s counts as ten minutes. */
const MAX_KEEP_ALIVE_SEC = 400
const LONG_KEEP_ALIVE_SEC = 600

/** How often the token of an open connection is looked at again. */
const TOKEN_CHECK_MS = 300000

/** A client that does not close its side must not hold the socket. */
const LINGER_MS = 1000

const enum ReturnCode {
    Accepted = 0,
    ProtocolVersion = 1,
    ServerUnavailable = 3,
    NotAuthorized = 5,
}

export class Connection {
    /** Once CONNECT was accepted. */
    device: DeviceIdentity | undefined
    private readonly cutter = new PacketCutter()
    private queue: Promise<void> = Promise.resolve()
    private waiting = 0
    private closed = false
    private connectTimer: unknown
    private keepAliveTimer: unknown
    private tokenTimer: unknown
    private keepAliveMs = 0
    private tokenExpirySec = 0
    /** The session ends with the connection. */
    cleanSession = false
    private will: mqtt.IConnectPacket["will"]
    private ending = ""

    constructor(
        private readonly gateway: Gateway,
        private readonly socket: TLSSocket,
        private readonly cipher: { protocol: string; cipher: string },
        acceptedAtMs: number
    ) {
        const { clock } = gateway
        this.connectTimer = clock.setTimeout(
            () => this.close("no CONNECT in 60 s"),
            Math.max(0, acceptedAtMs + CONNECT_TIMEOUT_MS - clock.now())
        )
        socket.on("data", data => this.onData(data))
        socket.on("error", error => this.endAfterQueue(error.message))
        socket.on("close", () =>
            this.endAfterQueue("the device closed the connection")
        )
    }

    private onData(data: Buffer) {
        if (this.closed) return
        this.cutter.push(data)
        this.read()
    }

    /** Takes packets while few enough of them are waiting. */
    private read() {
        try {
            while (!this.closed && this.waiting < MAX_UNACKNOWLEDGED) {
                const bytes = this.cutter.next()
                if (!bytes) break
                this.enqueue(bytes)
            }
        } catch (error) {
            this.close(malformed(error))
        }
        if (this.waiting < MAX_UNACKNOWLEDGED) this.socket.resume()
        else this.socket.pause()
    }

    private enqueue(bytes: Buffer) {
        if (this.device) this.restartKeepAlive()
        this.waiting++
        this.queue = this.queue
            .then(() => (this.closed ? undefined : this.handle(bytes)))
            .catch((error: Error) => this.close(error.message))
            .finally(() => {
                this.waiting--
                this.read()
            })
    }

    private async handle(bytes: Buffer): Promise<void> {
        if (!this.device && isOtherProtocol(bytes)) {
            this.refuse(
                "",
                ReturnCode.ProtocolVersion,
                "the protocol is not MQTT 3.1.1"
            )
            return
        }
        let packet: mqtt.Packet
        try {
            packet = readPacket(bytes)
        } catch (error) {
            this.close(malformed(error))
            return
        }
        if (!this.device) {
            if (packet.cmd === "connect") this.onConnect(packet)
            else this.close(`${packet.cmd} came before CONNECT`)
            return
        }
        switch (packet.cmd) {
            case "publish":
                await this.onPublish(packet)
                break
            case "subscribe":
                this.onSubscribe(packet)
                break
            case "unsubscribe":
                this.onUnsubscribe(packet)
                break
            case "pingreq":
                this.send({ cmd: "pingresp" })
                break
            case "puback":
                break
            case "disconnect":
                this.will = undefined
                this.close("the device said goodbye")
                break
            default:
                this.close(`${packet.cmd} is not allowed here`)
        }
    }

    private onConnect(packet: mqtt.IConnectPacket): void {
        this.gateway.clock.clearTimeout(this.connectTimer)
        const { clientId } = packet
        const username = parseUsername(packet.username ?? "")
        if (typeof username === "string")
            return this.refuse(clientId, ReturnCode.ServerUnavailable, username)
        if (clientId !== username.deviceId)
            return this.refuse(
                clientId,
                ReturnCode.ServerUnavailable,
                `the client id is not the user name's device id, ${username.deviceId}`
            )
        const device = this.gateway.registry.find(clientId)
        const reason = device
            ? this.checkIdentity(device, packet.password)
            : "there is no such device"
        if (!device || reason)
            return this.refuse(clientId, ReturnCode.NotAuthorized, reason!)

        this.device = device
        this.will = packet.will
        this.cleanSession = packet.clean ?? false
        const keepAliveSec = packet.keepalive ?? 0
        this.keepAliveMs =
            1500 *
            (keepAliveSec === 0 || keepAliveSec > MAX_KEEP_ALIVE_SEC
                ? LONG_KEEP_ALIVE_SEC
                : keepAliveSec)
        this.restartKeepAlive()
        this.checkTokenLater()
        const sessionPresent = this.gateway.takeOver(this, device.deviceId)
        this.send({
            cmd: "connack",
            returnCode: ReturnCode.Accepted,
            sessionPresent,
        })
        this.gateway.emit("connected", {
            deviceId: device.deviceId,
            ...this.cipher,
            tokenExpirySec: this.tokenExpirySec,
            sessionPresent,
        })
    }

    /** @returns what is wrong */
    private checkIdentity(
        device: DeviceIdentity,
        password: Buffer | undefined
    ): string | undefined {
        if (!device.enabled) return "the device is disabled"
        if (!device.isChild) return "the device is not a child of this gateway"
        const token = parseToken(password?.toString() ?? "")
        if (!token) return "the password is no SAS token"
        this.tokenExpirySec = token.expirySec
        return checkToken(
            token,
            device,
            this.gateway.hosts,
            Math.floor(this.gateway.clock.now() / 1000)
        )
    }

    private refuse(
        deviceId: string,
        returnCode: ReturnCode,
        reason: string
    ): void {
        this.send({ cmd: "connack", returnCode, sessionPresent: false })
        this.gateway.emit("refused", { deviceId, returnCode, reason })
        this.close(reason)
    }

    private async onPublish(packet: mqtt.IPublishPacket): Promise<void> {
        if (packet.qos === 2) return this.close("a message has QoS 2")
        const payload = packet.payload
        await this.accept(
            packet.topic,
            typeof payload === "string" ? Buffer.from(payload) : payload,
            {
                ...(packet.retain ? { "mqtt-retain": "true" } : {}),
                ...(packet.dup ? { "mqtt-dup": "true" } : {}),
            },
            packet.dup
        )
        if (packet.qos === 1 && !this.closed)
            this.send({ cmd: "puback", messageId: packet.messageId! })
    }

    /** Stores a message, or drops it with an event: edgeHub acknowledges it all the same. */
    private async accept(
        topic: string,
        body: Buffer,
        added: Record<string, string>,
        duplicate: boolean,
        isWill = false
    ): Promise<void> {
        const { deviceId } = this.device!
        const parsed = parseTelemetryTopic(topic, deviceId)
        if (typeof parsed === "string") {
            this.gateway.emit("dropped", { deviceId, topic, reason: parsed })
            return
        }
        await this.gateway.accept(
            {
                deviceId,
                topic,
                properties: { ...parsed.properties, ...added },
                systemProperties: parsed.systemProperties,
                body,
                receivedAtMs: this.gateway.clock.now(),
                duplicate,
            },
            !isWill
        )
    }

    private onSubscribe(packet: mqtt.ISubscribePacket): void {
        const { deviceId } = this.device!
        const granted = packet.subscriptions.map(({ topic, qos }) => {
            if (!isDeviceFilter(topic, deviceId)) return 0x80
            const most = Math.min(qos, 1)
            this.gateway.subscriptions(deviceId).set(topic, most)
            return most
        })
        this.send({
            cmd: "suback",
            messageId: packet.messageId!,
            granted: granted as number[],
        })
    }

    private onUnsubscribe(packet: mqtt.IUnsubscribePacket): void {
        for (const topic of packet.unsubscriptions)
            this.gateway.subscriptions(this.device!.deviceId).delete(topic)
        this.send({
            cmd: "unsuback",
            messageId: packet.messageId!,
            granted: [],
        })
    }

    private send(packet: mqtt.Packet) {
        if (!this.closed && this.socket.writable)
            this.socket.write(mqtt.generate(packet))
    }

    private restartKeepAlive() {
        const { clock } = this.gateway
        clock.clearTimeout(this.keepAliveTimer)
        this.keepAliveTimer = clock.setTimeout(() => {
            // While we are not done with what came, we may not be reading.
            if (this.waiting > 0) this.restartKeepAlive()
            else this.close("nothing came for 1.5 times the keep-alive")
        }, this.keepAliveMs)
    }

    private checkTokenLater() {
        const { clock } = this.gateway
        this.tokenTimer = clock.setTimeout(() => {
            if (this.tokenExpirySec * 1000 < clock.now())
                this.close("the token has expired")
            else this.checkTokenLater()
        }, TOKEN_CHECK_MS)
    }

    /** Closes the connection; what was written still goes out. */
    close(reason: string) {
        if (this.closed) return
        this.ending = reason
        this.socket.end()
        this.onEnd(reason)
        setTimeout(() => this.socket.destroy(), LINGER_MS).unref()
    }

    /** Cuts the connection, as when the gateway's process ends. */
    destroy() {
        this.will = undefined
        this.onEnd("the gateway stopped")
        this.socket.destroy()
    }

    /** The client is gone: what it sent before still counts, a DISCONNECT above all. */
    private endAfterQueue(reason: string) {
        const { queue } = this
        void queue.then(() => {
            if (this.queue === queue) this.onEnd(reason)
            else this.endAfterQueue(reason)
        })
    }

    private onEnd(reason: string) {
        if (this.closed) return
        this.closed = true
        const { clock } = this.gateway
        clock.clearTimeout(this.connectTimer)
        clock.clearTimeout(this.keepAliveTimer)
        clock.clearTimeout(this.tokenTimer)
        this.gateway.forget(this)
        if (!this.device) return
        this.publishWill()
        this.gateway.emit("disconnected", {
            deviceId: this.device.deviceId,
            reason: this.ending || reason,
        })
    }

    /** A connection that ends without DISCONNECT: the will becomes telemetry. */
    private publishWill() {
        const will = this.will
        if (!will) return
        this.accept(
            will.topic,
            Buffer.from(will.payload),
            { "iothub-MessageType": "Will" },
            false,
            true
        ).catch(() => undefined)
    }
}

function malformed(error: unknown): string {
    return `a packet is malformed: ${(error as Error).message}`
}
