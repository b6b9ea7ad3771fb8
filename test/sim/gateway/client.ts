/** Clients that are driven by hand, packet by packet, over real TLS; and a gateway for them, whose events are kept. */
import { once } from "node:events"
import tls from "node:tls"
import mqtt from "mqtt-packet"
import {
    Gateway,
    GatewayOptions,
    startGateway,
} from "../../../sim/gateway/gateway"
import { DeviceIdentity, Registry } from "../../../sim/gateway/registry"
import { createToken } from "../../../sim/gateway/token"
import {
    chainPem,
    createOwnerChain,
    createServerIdentity,
    keyPem,
} from "../../../sim/pki/certificates"

export const HUB = "hub.azure-devices.net"
export const GATEWAY_NAME = "gateway.test"
export const DEVICE_ID = "Leaf-1"

let made: Promise<{ certificate: string; key: string; root: string }>

/** A gateway's certificate with its chain, made once a process; EC keys, as they take no time. */
export function certificates() {
    made ??= (async () => {
        const { root, intermediate, edgeCa } = await createOwnerChain("ec")
        const server = await createServerIdentity("ec", edgeCa, [
            GATEWAY_NAME,
            "127.0.0.1",
        ])
        return {
            certificate: chainPem(server, edgeCa, intermediate),
            key: await keyPem(server),
            root: chainPem(root),
        }
    })()
    return made
}

export interface SeenEvent {
    kind: string
    event: Record<string, unknown>
}

const KINDS = [
    "secured",
    "unsecured",
    "connected",
    "refused",
    "disconnected",
    "telemetry",
    "heartbeat",
    "dropped",
    "late",
    "alive",
    "timeRead",
] as const

/** A running gateway with one device, `Leaf-1`. */
export class TestGateway {
    readonly seen: SeenEvent[] = []
    private readonly clients: Client[] = []

    private constructor(
        readonly gateway: Gateway,
        readonly registry: Registry,
        readonly device: DeviceIdentity,
        readonly root: string
    ) {
        for (const kind of KINDS)
            gateway.on(kind, (event: object) => {
                this.seen.push({ kind, event: { ...event } })
            })
    }

    static async start(
        options: Partial<GatewayOptions> = {}
    ): Promise<TestGateway> {
        const { certificate, key, root } = await certificates()
        const registry = new Registry()
        const device = registry.add({ deviceId: DEVICE_ID })
        const gateway = await startGateway({
            certificate,
            key,
            hosts: [HUB, GATEWAY_NAME],
            registry,
            ...options,
        })
        return new TestGateway(gateway, registry, device, root)
    }

    nowSec(): number {
        return Math.floor(this.gateway.clock.now() / 1000)
    }

    /** A token of a device, good for an hour. */
    token(device = this.device, host = HUB): string {
        return createToken(
            `${host}/devices/${device.deviceId}`,
            device.primaryKey,
            this.nowSec() + 3600
        )
    }

    /** A good CONNECT of a device. */
    connectPacket(
        fields: Partial<mqtt.IConnectPacket> = {},
        device = this.device
    ): mqtt.IConnectPacket {
        return {
            cmd: "connect",
            protocolId: "MQTT",
            protocolVersion: 4,
            clean: false,
            clientId: device.deviceId,
            keepalive: 120,
            username: `${HUB}/${device.deviceId}/?api-version=2021-04-12`,
            password: Buffer.from(this.token(device)),
            ...fields,
        }
    }

    /** A client whose TLS handshake is done. */
    async dial(): Promise<Client> {
        const client = await Client.dial(this.gateway.port, this.root)
        this.clients.push(client)
        return client
    }

    /** A client that is connected as a device. */
    async connect(
        fields: Partial<mqtt.IConnectPacket> = {},
        device = this.device
    ): Promise<Client> {
        const client = await this.dial()
        client.send(this.connectPacket(fields, device))
        const connack = (await client.next()) as mqtt.IConnackPacket
        if (connack.cmd !== "connack" || connack.returnCode !== 0)
            throw new Error(`not accepted: ${JSON.stringify(connack)}`)
        return client
    }

    /** The events of a kind. */
    events(kind: (typeof KINDS)[number]): Record<string, unknown>[] {
        return this.seen.filter(s => s.kind === kind).map(s => s.event)
    }

    async stop(): Promise<void> {
        for (const client of this.clients) client.destroy()
        await this.gateway.close()
    }
}

export class Client {
    /** What came and was not fetched. */
    readonly received: mqtt.Packet[] = []
    closed = false
    private readonly parser = mqtt.parser({ protocolVersion: 4 })
    private readonly wakers: (() => void)[] = []

    private constructor(readonly socket: tls.TLSSocket) {
        this.parser.on("packet", packet => {
            this.received.push(packet)
            this.wake()
        })
        socket.on("data", data => this.parser.parse(data))
        // What the gateway cuts off may be a reset: for a test it is closed, either way.
        socket.on("error", () => undefined)
        socket.on("close", () => {
            this.closed = true
            this.wake()
        })
    }

    static async dial(port: number, root: string): Promise<Client> {
        const socket = tls.connect({
            host: "127.0.0.1",
            port,
            ca: root,
            servername: GATEWAY_NAME,
        })
        await once(socket, "secureConnect")
        return new Client(socket)
    }

    private wake() {
        for (const waker of this.wakers.splice(0)) waker()
    }

    private changed(): Promise<void> {
        return new Promise(resolve => this.wakers.push(resolve))
    }

    send(...packets: mqtt.Packet[]): void {
        this.write(Buffer.concat(packets.map(packet => mqtt.generate(packet))))
    }

    write(bytes: Buffer): void {
        this.socket.write(bytes)
    }

    /** The next packet; undefined when the gateway has closed the connection. */
    async next(): Promise<mqtt.Packet | undefined> {
        while (!this.received.length && !this.closed) await this.changed()
        return this.received.shift()
    }

    /** Waits until the gateway has closed; what came before stays in `received`. */
    async end(): Promise<void> {
        while (!this.closed) await this.changed()
    }

    publish(fields: Partial<mqtt.IPublishPacket> = {}): void {
        this.send({
            cmd: "publish",
            topic: `devices/${DEVICE_ID}/messages/events/`,
            payload: Buffer.from("{}"),
            qos: 1,
            messageId: 1,
            retain: false,
            dup: false,
            ...fields,
        })
    }

    /** Sends PINGREQ, and waits for the answer: what was sent before has been handled. */
    async ping(): Promise<void> {
        this.send({ cmd: "pingreq" })
        const packet = await this.next()
        if (packet?.cmd !== "pingresp")
            throw new Error(`not PINGRESP: ${JSON.stringify(packet)}`)
    }

    /** Cuts the connection without DISCONNECT. */
    destroy(): void {
        this.socket.destroy()
    }
}
