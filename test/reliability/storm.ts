/**
 * Storms: many devices at one gateway, all of which lose their connection, or their power, at the same moment.
 *
 * `runStorms` has them through three of them and gives what each was like: tries to connect in each second, and how long it
 * took until the last device was back. Nothing is asserted here.
 */
import { Meter } from "../../sim/simulation/meter"
import { World } from "../../sim/simulation/world"
import type { Image } from "../../sim/vm/compiler"
import { Random } from "../random"
import { MINUTE_MS, SECOND_MS } from "./plan"

/** How long the gateway is away when it restarts. */
const RESTART_MS = 30 * SECOND_MS
/** Power is away from all devices for so long. */
const POWER_MS = 20 * SECOND_MS
/** Between two storms: longer than a connection has to last to be a stable one. */
const CALM_MS = 3 * MINUTE_MS
/** Devices differ by up to so much in how fast their clocks are, in millionths, to both sides. */
const PPM = 50
const PATIENCE_MS = 30 * MINUTE_MS

export interface Storm {
    name: string
    /** The devices are new, and have nothing to remember. */
    isFirst: boolean
    /** Connections that devices began, in each second from the storm's beginning on: at the gateway, and at a closed port. */
    accepted: number[]
    refused: number[]
    /** Seconds from the moment when connecting was possible again: until half of the devices were back, and all. */
    halfBackSec: number
    allBackSec: number
}

export interface StormResult {
    devices: number
    seed: number
    storms: Storm[]
    panics: number
    realMs: number
}

export async function runStorms(
    image: Image,
    devices: number,
    seed: number,
    log: (text: string) => void = () => undefined
): Promise<StormResult> {
    const startedMs = Date.now()
    const world = await World.create({
        seed,
        image,
        board: "esp32-c3",
        // Connections whose device has lost its power are there until their keep-alive ends them.
        gateway: { limits: { clients: 2 * devices } },
    })
    const { clock } = world
    try {
        const storms = new Storms(world, devices, log)
        await storms.watch(
            "first contact: all are switched on at once",
            0,
            () => addLeaves(world, devices, new Random(seed))
        )
        await clock.pass(CALM_MS)
        await storms.watch(
            `the gateway restarts, and is away for ${RESTART_MS / 1000} s`,
            RESTART_MS,
            async () => {
                await world.stopGateway()
                await clock.pass(RESTART_MS)
                await world.restartGateway()
            }
        )
        await clock.pass(CALM_MS)
        await storms.watch(
            `power fails, and comes back to all after ${POWER_MS / 1000} s`,
            POWER_MS,
            async () => {
                for (const leaf of world.leaves) world.cutPower(leaf)
                await clock.pass(POWER_MS)
                for (const { device } of world.leaves)
                    await device.restorePower()
            }
        )
        return {
            devices,
            seed,
            storms: storms.all,
            panics: world.leaves.reduce(
                (sum, { device }) => sum + device.panics.length,
                0
            ),
            realMs: Date.now() - startedMs,
        }
    } finally {
        await world.close()
    }
}

async function addLeaves(world: World, count: number, random: Random) {
    for (let i = 1; i <= count; i++)
        await world.addLeaf({
            id: `leaf-${i}`,
            ppm: random.between(-PPM, PPM),
            bus: clock =>
                new Meter(clock, () => ({
                    temperatureC: 20,
                    humidityPercent: 45,
                })),
        })
}

class Storms {
    readonly all: Storm[] = []

    constructor(
        private readonly world: World,
        private readonly devices: number,
        private readonly log: (text: string) => void
    ) {}

    /** @param awayMs how long nobody can connect */
    async watch(
        name: string,
        awayMs: number,
        begin: () => Promise<void>
    ): Promise<void> {
        const { world, devices } = this
        const { net, clock, gateway } = world
        const beganMs = world.elapsedMs
        const storm: Storm = {
            name,
            isFirst: this.all.length === 0,
            accepted: [],
            refused: [],
            halfBackSec: NaN,
            allBackSec: NaN,
        }
        net.onAttempt = (_port, listening) => {
            const second = Math.floor((world.elapsedMs - beganMs) / SECOND_MS)
            const counts = listening ? storm.accepted : storm.refused
            for (let i = counts.length; i <= second; i++) counts[i] = 0
            counts[second]++
        }
        const back = new Set<string>()
        const stop = new Promise<void>((resolve, reject) => {
            const end = () => {
                world.activity.stir()
                off()
                clock.clearTimeout(timer)
            }
            const off = gateway.on("authenticated", ({ deviceId }) => {
                back.add(deviceId)
                const seconds = (world.elapsedMs - beganMs - awayMs) / SECOND_MS
                if (back.size === Math.ceil(devices / 2))
                    storm.halfBackSec = seconds
                if (back.size < devices) return
                storm.allBackSec = seconds
                end()
                resolve()
            })
            const timer = clock.setTimeout(() => {
                end()
                reject(
                    new Error(
                        `${name}: only ${back.size} of ${devices} devices are back after ${PATIENCE_MS / 1000} s`
                    )
                )
            }, PATIENCE_MS)
        })
        // Starting devices takes no time: the clock stands meanwhile.
        await begin()
        await clock.run(stop)
        this.all.push(storm)
        this.log(plotStorm(storm))
    }
}

const BAR_WIDTH = 40
const LINES = 24

/** The greatest number of connections in a second. */
export function peakOf(counts: readonly number[]): number {
    return Math.max(0, ...counts)
}

/** Connections begun in each second, as text; several seconds in a line when there are many: then the highest of them counts. */
export function plotStorm({
    name,
    accepted,
    refused,
    ...times
}: Storm): string {
    const length = Math.max(accepted.length, refused.length)
    const step = Math.ceil(length / LINES)
    const peak = Math.max(peakOf(accepted), peakOf(refused), 1)
    const lines = [
        `${name}`,
        `at the gateway at most ${peakOf(accepted)} a second, at its closed port ${peakOf(refused)}; half are back after ${times.halfBackSec.toFixed(1)} s, all after ${times.allBackSec.toFixed(1)} s`,
    ]
    for (let at = 0; at < length; at += step) {
        const most = (counts: number[]) => peakOf(counts.slice(at, at + step))
        const bar = (count: number, sign: string) =>
            sign.repeat(Math.ceil((count / peak) * BAR_WIDTH))
        const taken = most(accepted)
        const closed = most(refused)
        lines.push(
            `${String(at).padStart(4)} s ${String(taken + closed).padStart(4)} ${bar(taken, "#")}${bar(closed, "-")}`.trimEnd()
        )
    }
    return lines.join("\n")
}
