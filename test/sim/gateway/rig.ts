/** A gateway with one device, and MQTT clients that are driven packet by packet: what the gateway's tests stand on. */
import assert from "node:assert/strict"
import type { TestContext } from "node:test"
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls"
import {
    generate,
    parser,
    type IConnectPacket,
    type IPublishPacket,
    type Packet,
} from "mqtt-packet"
import type { EventName, GatewayEvents } from "../../../sim/gateway/events"
import { startGateway, type Gateway } from "../../../sim/gateway/gateway"
import type { GatewayOptions } from "../../../sim/gateway/options"
import { Registry, type DeviceIdentity } from "../../../sim/gateway/registry"
import { createToken } from "../../../sim/gateway/token"
import type { Chain } from "../../../sim/pki/chain"
import { testChain } from "../pki/keys"

export const HUB = "hub.example"
export const GATEWAY = "gateway.example"
/** The filter of messages to the rig's device. */
export const DEVICEBOUND = "devices/leaf-1/messages/devicebound/#"

let sharedChain: Promise<Chain> | undefined
/** One chain for all tests of a process. */
export const chain = () => (sharedChain ??= testChain())

export interface Rig {
    gateway: Gateway
    registry: Registry
    device: DeviceIdentity
    root: string
    /** All events so far. */
    log: { name: EventName; event: GatewayEvents[EventName] }[]
    /** A TLS connection, on which nothing was sent. */
    client(tls?: ConnectionOptions): Promise<Client>
    /** A client whose CONNECT was accepted. */
    connected(connect?: Partial<IConnectPacket>): Promise<Client>
    /** Another device, connected. */
    bystander(): Promise<Client>
    /** A client that has subscribed to cloud-to-device messages; by default at QoS 1, and with a session that is kept. */
    subscribed(qos?: 0 | 1, connect?: Partial<IConnectPacket>): Promise<Client>
    /** A CONNECT of the rig's device with a token of an hour. */
    connectPacket(change?: Partial<IConnectPacket>): IConnectPacket
}

/** Starts a gateway on free ports; the test's end closes it and its clients. */
export async function rig(
    t: TestContext,
    options: Partial<GatewayOptions> = {}
): Promise<Rig> {
    const { chainPem, keyPem, root } = await chain()
    const registry = options.registry ?? new Registry()
    const device = registry.add({ deviceId: "leaf-1" })
    const gateway = await startGateway({
        port: 0,
        httpsPort: 0,
        hubName: HUB,
        gatewayName: GATEWAY,
        cert: chainPem,
        key: keyPem,
        registry,
        ...options,
    })
    const clients: Client[] = []
    t.after(async () => {
        for (const client of clients) client.destroy()
        await gateway.close()
    })
    const log: Rig["log"] = []
    gateway.events.onAny((name, event) => log.push({ name, event }))
    const self: Rig = {
        gateway,
        registry,
        device,
        root: root.pem,
        log,
        async client(tls) {
            const client = await Client.open(gateway.port, root.pem, tls)
            clients.push(client)
            return client
        },
        async connected(change) {
            const client = await self.client()
            client.send(self.connectPacket(change))
            const connack = await client.next("connack")
            assert.equal(connack.returnCode, 0)
            client.sessionPresent = connack.sessionPresent
            return client
        },
        async subscribed(qos = 1, change = { clean: false }) {
            const client = await self.connected(change)
            await client.subscribe([DEVICEBOUND], qos)
            return client
        },
        async bystander() {
            const other = registry.add({ deviceId: "bystander" })
            return self.connected({
                clientId: other.deviceId,
                username: `${HUB}/${other.deviceId}/?api-version=2021-04-12`,
                password: Buffer.from(tokenOf(other)),
            })
        },
        connectPacket: change => ({
            cmd: "connect",
            protocolId: "MQTT",
            protocolVersion: 4,
            clean: true,
            keepalive: 60,
            clientId: device.deviceId,
            username: `${HUB}/${device.deviceId}/?api-version=2021-04-12`,
            password: Buffer.from(
                tokenOf(device, (options.clock?.now() ?? Date.now()) / 1000)
            ),
            ...change,
        }),
    }
    return self
}

/** A token of an hour for a device. */
export function tokenOf(
    device: DeviceIdentity,
    nowSec = Date.now() / 1000
): string {
    return createToken({
        resource: `${HUB}/devices/${device.deviceId}`,
        key: device.primaryKey,
        expirySec: Math.floor(nowSec) + 3600,
    })
}

export function publishPacket(
    change: Partial<IPublishPacket> = {}
): IPublishPacket {
    return {
        cmd: "publish",
        topic: "devices/leaf-1/messages/events/",
        payload: Buffer.from("hello"),
        qos: 1,
        messageId: 1,
        dup: false,
        retain: false,
        ...change,
    }
}

type Of<C extends Packet["cmd"]> = Extract<Packet, { cmd: C }>

export class Client {
    sessionPresent = false
    private readonly end: Promise<void>
    private readonly arrived: Packet[] = []
    private wake: () => void = () => undefined
    private gone = false
    private taker: ((packet: Packet) => void) | undefined

    static open(
        port: number,
        ca: string,
        tls: ConnectionOptions = {}
    ): Promise<Client> {
        return new Promise((resolve, reject) => {
            const socket = connect({
                host: "127.0.0.1",
                servername: "localhost",
                port,
                ca,
                ...tls,
            })
            socket.once("secureConnect", () => {
                socket.off("error", reject)
                resolve(new Client(socket))
            })
            socket.once("error", reject)
        })
    }

    constructor(readonly socket: TLSSocket) {
        const reader = parser({ protocolVersion: 4 })
        reader.on("packet", packet => {
            if (this.taker) return this.taker(packet)
            this.arrived.push(packet)
            this.wake()
        })
        socket.on("data", bytes => reader.parse(bytes))
        socket.on("error", () => undefined)
        this.end = new Promise(resolve => {
            socket.on("close", () => {
                this.gone = true
                this.wake()
                resolve()
            })
        })
    }

    send(packet: Packet): void {
        this.socket.write(generate(packet))
    }

    /** From now on each packet is this function's, and nobody has to wait for it. */
    take(taker: (packet: Packet) => void): void {
        this.taker = taker
    }

    /** The next packet, which has to be of this kind. */
    async next<C extends Packet["cmd"]>(cmd: C): Promise<Of<C>> {
        while (!this.arrived.length) {
            if (this.gone) throw new Error(`closed while ${cmd} was waited for`)
            await within(
                `the packet ${cmd}`,
                new Promise<void>(resolve => (this.wake = resolve))
            )
        }
        const packet = this.arrived.shift() as Packet
        assert.equal(packet.cmd, cmd)
        return packet as Of<C>
    }

    /** Subscribes; gives what was granted. */
    async subscribe(filters: string[], qos: 0 | 1 | 2 = 1): Promise<number[]> {
        this.send({
            cmd: "subscribe",
            messageId: 1,
            subscriptions: filters.map(topic => ({ topic, qos })),
        })
        return (await this.next("suback")).granted as number[]
    }

    /** Sends a PINGREQ, and gives what came before its answer: all that was on the way. */
    async drain(): Promise<Packet[]> {
        this.send({ cmd: "pingreq" })
        await until(
            () =>
                this.gone || this.arrived.some(({ cmd }) => cmd === "pingresp")
        )
        const packets = this.arrived.splice(0)
        assert.equal(packets.pop()?.cmd, "pingresp")
        return packets
    }

    /** Resolves when the connection is gone. */
    get closed(): Promise<void> {
        return within("the end of the connection", this.end)
    }

    /** Packets that nobody has asked for. */
    get unread(): Packet[] {
        return this.arrived
    }

    destroy(): void {
        this.socket.destroy()
    }
}

/** Waits until a condition holds. */
export async function until(condition: () => boolean): Promise<void> {
    let given = false
    const holds = async () => {
        while (!given && !condition())
            await new Promise(resolve => setTimeout(resolve, 2))
    }
    await within("what the test waits for", holds()).finally(
        () => (given = true)
    )
}

/** What does not come does not come: a test that fails must not hang. */
const PATIENCE_MS = 10_000

/** What a promise gives, or an error if that takes too long. */
export async function within<T>(what: string, promise: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(
            () => reject(new Error(`${what} did not come`)),
            PATIENCE_MS
        )
    })
    return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
