/**
 * Many simulated devices at one gateway, and what each of them is at.
 *
 * All run in this process, each in a VM of its own. A connection's arithmetic takes seconds of this machine, so that only a few devices
 * connect for the first time at once: the others wait for their turn, as they would be switched on one after the other.
 */
import type { Gateway } from "../gateway/gateway"
import type { LifeState } from "../gateway/monitor"
import { provision, type ProvisioningOptions } from "../provisioning/provision"
import type { Image } from "../vm/compiler"
import { startDevice, type Device } from "../vm/host"
import { simulatedSensors } from "../vm/sensors"
import { randomWalk } from "../vm/signals"

/** So many connect for the first time at once. */
const CONNECTING = 4
/** After so long, another one begins in any case. */
const TURN_MS = 30_000
/** Rates are of so long. */
const RATE_MS = 60_000
/** Fewer ticks than on a board, which has nothing else to do. */
const IDLE_TICK_MS = 50
const SENSOR_MS = 1000

export type FleetState =
    "waiting" | "starting" | "connected" | "away" | Exclude<LifeState, "alive">

export interface FleetRow {
    deviceId: string
    state: FleetState
    /** Telemetry that the gateway has acknowledged. */
    messages: number
    heartbeats: number
    /** Telemetry of the last minute. */
    perMinute: number
    connections: number
    /** How often its program has ended against its will. */
    panics: number
    lastSeenMs?: number
}

export interface FleetOptions {
    gateway: Gateway
    /** In the registry, with symmetric keys. */
    deviceIds: readonly string[]
    image: Image
    /** Gives the connection string of a device. */
    connectionString: (deviceId: string) => string
    /** The owner's CA. */
    ca: string
    provisioning: ProvisioningOptions
}

interface Member extends Omit<FleetRow, "state" | "perMinute"> {
    device?: Device
    /** When telemetry of the last minute came. */
    times: number[]
    /** Ends its turn to connect for the first time. */
    first?: () => void
}

export class Fleet {
    private readonly members: Map<string, Member>
    private readonly stops: (() => void)[]
    private isClosed = false

    constructor(private readonly options: FleetOptions) {
        const { gateway, deviceIds } = options
        this.members = new Map(
            deviceIds.map(deviceId => [
                deviceId,
                {
                    deviceId,
                    messages: 0,
                    heartbeats: 0,
                    connections: 0,
                    panics: 0,
                    times: [],
                },
            ])
        )
        this.stops = [
            gateway.on("authenticated", ({ deviceId }) => {
                const member = this.members.get(deviceId)
                if (!member) return
                member.connections++
                member.first?.()
            }),
            gateway.on("telemetry", ({ deviceId, receivedAtMs }) => {
                const member = this.members.get(deviceId)
                if (!member) return
                member.messages++
                member.times.push(receivedAtMs)
                member.lastSeenMs = receivedAtMs
            }),
            gateway.on("heartbeat", ({ deviceId, receivedAtMs }) => {
                const member = this.members.get(deviceId)
                if (!member) return
                member.heartbeats++
                member.lastSeenMs = receivedAtMs
            }),
        ]
    }

    /** Switches all of them on; resolves when each has connected, or has had its time to. */
    async start(): Promise<void> {
        const waiting = [...this.members.values()]
        const next = async () => {
            for (
                let member = waiting.shift();
                member && !this.isClosed;
                member = waiting.shift()
            )
                await this.switchOn(member)
        }
        await Promise.all(Array.from({ length: CONNECTING }, next))
    }

    private async switchOn(member: Member): Promise<void> {
        const { image, connectionString, ca, provisioning } = this.options
        const { deviceId } = member
        const index = this.options.deviceIds.indexOf(deviceId)
        const flash = await provision(
            connectionString(deviceId),
            [ca],
            provisioning
        )
        const walk = (start: number, step: number) =>
            randomWalk({
                start,
                step,
                stepMs: SENSOR_MS,
                seed: index + 1,
                least: 0,
                most: 100,
            })
        const device = await startDevice({
            image,
            flash,
            deviceId: (0x1eaf_0000 + index).toString(16).padStart(16, "0"),
            idleTickMs: IDLE_TICK_MS,
            bus: simulatedSensors({
                temperatureC: walk(22, 0.2),
                humidityPercent: walk(45, 0.5),
                intervalMs: SENSOR_MS,
            }),
        })
        member.device = device
        if (this.isClosed) return device.stop()
        device.on("panic", ({ code }) => {
            // 0 is a restart that the program asked for.
            if (code !== 0) member.panics++
        })
        await new Promise<void>(resolve => {
            const timer = setTimeout(resolve, TURN_MS)
            member.first = () => {
                clearTimeout(timer)
                resolve()
            }
        })
        member.first = undefined
    }

    /** What each device is at, in their order. */
    rows(): FleetRow[] {
        return [...this.members.values()].map(member => this.row(member))
    }

    private row(member: Member): FleetRow {
        const { gateway } = this.options
        const now = gateway.now()
        member.times = member.times.filter(time => now - time < RATE_MS)
        const { deviceId, messages, heartbeats, connections } = member
        const { panics, lastSeenMs, times } = member
        return {
            deviceId,
            state: this.stateOf(member),
            messages,
            heartbeats,
            perMinute: times.length,
            connections,
            panics,
            lastSeenMs,
        }
    }

    private stateOf({ deviceId, device, connections }: Member): FleetState {
        const { gateway } = this.options
        const life = gateway.monitor.status(deviceId)?.state
        if (life === "late" || life === "lost") return life
        if (gateway.connection(deviceId)) return "connected"
        if (!device) return "waiting"
        return connections === 0 ? "starting" : "away"
    }

    /** Switches all of them off; leaves no timer and no socket. */
    close(): void {
        this.isClosed = true
        for (const stop of this.stops) stop()
        for (const { device, first } of this.members.values()) {
            device?.stop()
            first?.()
        }
    }
}
