/**
 * A gateway and devices in one process, in virtual time, from a seed: weeks of them in minutes.
 *
 * Everything real is real: the firmware's image in the DeviceScript VM with its flash and its own TLS, the local gateway with
 * Node's TLS, MQTT and HTTPS. In their place are: time (`vm/virtualclock.ts`), the network (`memorynet.ts`), the sensors
 * (`meter.ts`), and the seconds that a board takes for public-key operations (`vm/boardtime.ts`).
 *
 * **When time goes on.** Time stands still while anything can still happen at this moment. What is under way between the
 * two is a timer of the clock, as the network's latency is. What remains are queues of Node's inside one end (its streams,
 * its TLS), which need turns of the event loop but no system and no other thread; each byte that goes into a pipe or comes
 * out of one, each console line and each wait that ends is counted (`Activity`). After such a sign the clock waits until for
 * eight turns in a row none came, and then moves to the next timer. How many turns that are depends on the program alone, so
 * that two runs of a seed are alike, event by event: a test compares them. What does go through other threads (making keys,
 * starting a VM) happens while the clock stands, because nobody has let it run.
 *
 * **What the seed decides**: the devices' random numbers and their keys, and what a scenario draws from it. The gateway's keys, and
 * random numbers inside its TLS, are new in each run: RSA keys, so that no length depends on them.
 *
 * **What differs from reality**: beside the public-key operations the device computes in no time; it notices what comes up to
 * `IDLE_TICK_MS` later than a board; tickets of TLS sessions never expire, as OpenSSL counts their time by the clock on the wall.
 */
import { Gateway, startGateway } from "../gateway/gateway"
import type { GatewayOptions, ServerCertificate } from "../gateway/options"
import { Registry } from "../gateway/registry"
import { pemChain } from "../pki/certificate"
import { issueServer, makeChain, type Chain } from "../pki/chain"
import { privateKeyPem } from "../pki/keys"
import { provision, type ProvisioningOptions } from "../provisioning/provision"
import { BOARDS, type BoardName } from "../vm/boards"
import type { Image } from "../vm/compiler"
import type { FlashImage } from "../vm/flash"
import { startDevice, type Device, type JacdacPort } from "../vm/host"
import type { Clock } from "../vm/clock"
import { Activity, VirtualClock } from "../vm/virtualclock"
import { DriftingClock } from "./drift"
import { MemoryNet, type MemoryHost } from "./memorynet"
import { seededBytes } from "./random"

const GATEWAY_NAME = "gateway.test"
const HUB_NAME = "hub.azure-devices.net"

/** See `DeviceOptions.idleTickMs`. */
const IDLE_TICK_MS = 100

/** Of a device's key, in bytes. */
const KEY_LENGTH = 32

/** The devices were provisioned shortly before they are switched on, in seconds. */
const PROVISIONED_AGO_SEC = 60

export interface WorldOptions {
    seed: number
    image: Image
    /** Whose seconds public-key operations take; without one, none. */
    board?: BoardName
    /** By how much the gateway's clock is fast, in millionths. */
    gatewayPpm?: number
    gateway?: Partial<GatewayOptions>
}

/** A device with its surroundings. */
export interface Leaf {
    readonly id: string
    readonly device: Device
    readonly host: MemoryHost
    readonly flash: FlashImage
}

export interface LeafOptions {
    id: string
    /** By how much its clock is fast, in millionths. */
    ppm?: number
    settings?: Partial<ProvisioningOptions>
    /** Its sensors; the clock is the device's own. */
    bus?: (clock: Clock) => JacdacPort
}

/** The day on which every simulation begins. */
export const START_MS = Date.UTC(2026, 0, 1)

export class World {
    readonly activity = new Activity()
    readonly clock = new VirtualClock(START_MS, this.activity)
    readonly net = new MemoryNet(this.clock, this.activity)
    readonly registry = new Registry()
    readonly leaves: Leaf[] = []
    gateway!: Gateway
    private certificate!: ServerCertificate

    private constructor(
        readonly options: WorldOptions,
        private readonly chain: Chain
    ) {}

    static async create(options: WorldOptions): Promise<World> {
        const chain = await makeChain({
            names: [GATEWAY_NAME],
            caBits: 2048,
            now: new Date(START_MS),
        })
        const world = new World(options, chain)
        world.certificate = { cert: chain.chainPem, key: chain.keyPem }
        world.gateway = await startGateway({
            ...world.certificate,
            hubName: HUB_NAME,
            gatewayName: GATEWAY_NAME,
            registry: world.registry,
            port: 8883,
            httpsPort: 443,
            clock: new DriftingClock(world.clock, options.gatewayPpm ?? 0),
            createServer: world.net.createServer,
            ...options.gateway,
        })
        return world
    }

    /** Milliseconds since the beginning. */
    get elapsedMs(): number {
        return this.clock.now() - START_MS
    }

    /** Adds a device and switches it on. */
    async addLeaf(options: LeafOptions): Promise<Leaf> {
        const { id } = options
        // With other keys tokens differ in how many of their characters are escaped.
        const primaryKey = seededBytes(
            this.options.seed,
            `${id}'s key`
        )(KEY_LENGTH).toString("base64")
        this.registry.add({ deviceId: id, primaryKey })
        const clock = new DriftingClock(this.clock, options.ppm ?? 0)
        const flash = await provision(
            `HostName=${HUB_NAME};DeviceId=${id};SharedAccessKey=${primaryKey};GatewayHostName=${GATEWAY_NAME}`,
            [this.chain.root.pem],
            {
                provisionedSec:
                    Math.floor(clock.now() / 1000) - PROVISIONED_AGO_SEC,
                gatewayAddress: "192.168.1.1",
                mqttPort: this.gateway.port,
                timePort: this.gateway.httpsPort,
                ...options.settings,
            }
        )
        const host = this.net.host(id)
        const device = await startDevice({
            image: this.options.image,
            flash,
            clock,
            board: this.options.board && BOARDS[this.options.board],
            connect: host.connect,
            random: seededBytes(this.options.seed, id),
            idleTickMs: IDLE_TICK_MS,
            bus: options.bus?.(clock),
        })
        // Somebody may wait for it.
        device.on("line", () => this.activity.stir())
        const leaf = { id, device, host, flash }
        this.leaves.push(leaf)
        return leaf
    }

    /** Cuts a device's power: its connections are gone, and the gateway hears nothing of it. */
    cutPower({ host, device }: Leaf): void {
        host.cutPower()
        device.cutPower()
    }

    /** The gateway ends: connections break, and its ports refuse. */
    async stopGateway(): Promise<void> {
        await this.gateway.goDown()
    }

    /** It starts again. What it kept of TLS sessions is gone; sessions of MQTT and queues are kept. */
    async restartGateway(): Promise<void> {
        this.gateway.setCertificate(this.certificate)
        await this.gateway.comeBack()
    }

    /** From its next start on, the gateway has a new certificate with a new key, valid from now on. */
    async renewCertificate(): Promise<void> {
        const { edgeCa, intermediate } = this.chain
        const server = await issueServer(edgeCa, {
            names: [GATEWAY_NAME],
            now: new Date(this.clock.now()),
        })
        this.certificate = {
            cert: pemChain(server, edgeCa, intermediate),
            key: privateKeyPem(server.keys),
        }
    }

    async close(): Promise<void> {
        for (const { device } of this.leaves) device.stop()
        await this.gateway.close()
    }
}
