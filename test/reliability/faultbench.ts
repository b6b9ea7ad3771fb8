/**
 * A thermostat in the VM and a gateway that has one fault after the other, in virtual time: what the matrix and the network tests
 * stand on.
 *
 * The oracle for telemetry is the gateway's store: every reading has an id, `{boot}-{n}`; one that was made and does not come is
 * lost, and one that comes twice is a repetition, which has to be marked as a duplicate. A gateway that stores a message and loses the
 * acknowledgement makes one, and nothing else may.
 */
import assert from "node:assert/strict"
import type { FaultOptions } from "../../sim/gateway/faultoptions"
import type { Gateway } from "../../sim/gateway/gateway"
import type { GatewayOptions } from "../../sim/gateway/options"
import type { Image } from "../../sim/vm/compiler"
import type { Device, DeviceOptions } from "../../sim/vm/host"
import { simulatedSensors } from "../../sim/vm/sensors"
import { constant } from "../../sim/vm/signals"
import { VirtualClock } from "../../sim/vm/virtualclock"
import { ErrorCode } from "../oracle/tlssite"
import { DEVICE_ID, type Site } from "../site"

/** A reading so often; and so seldom for a device that is to be idle, so that it pings. */
export const TELEMETRY_SEC = 5
const IDLE_SEC = 400
/** As provisioned: no heartbeat comes between. */
const HEARTBEAT_SEC = 3600
const ALERT_C = 30

/**
 * From here on a connection counts as stable, and was not closed for another device's sake (1.5 times the largest wait of
 * `test/firmware/forgiving.ts`): the next wait is the shortest again. And a bit.
 */
const STABLE_MS = 95_000

/** By then an idle device has noticed that its link is dead: it pings after 60 s, and waits for 10. */
const NOTICED_MS = 80_000

/** Settings of `src/app/flashoutbox.ts`, and more bytes than a page has that is done with. */
const PAGES = 8
const FULL_PAGE = 100

/** Real time; what takes longer hangs. */
const PATIENCE_MS = 60_000

const ENDED = /^leaf: (?:no|lost) connection: .*\((\d+)\)/
const UNTIMED = /^leaf: no time: .*\((\d+)\)/

/** What came of a fault. */
export interface Outcome {
    /** Whether a connection ended otherwise than in order. */
    disconnected: boolean
    /** The names of the errors that the device has told, in their order. */
    errors: string[]
    /** From when the fault was over to when the device was connected for good and its next new reading came, in seconds. */
    recoveredSec: number
    /** Readings that came more than once. */
    repeats: number
}

export interface Circumstances {
    /** What leads to the fault. */
    act?: () => unknown
    /** The device has nothing to send; then its recovery is its connection. */
    isIdle?: boolean
    /** It is given another connection once it was seen what came of the fault. */
    again?: boolean
}

export class FaultBench {
    readonly clock = new VirtualClock()
    gateway!: Gateway
    device!: Device
    /** The numbers of readings that have come, by boot. */
    private readonly seen = new Set<string>()
    private highest = 0
    private repeats = 0
    private disconnects = 0
    private errors: string[] = []
    /** The names of the errors for which the device does not know the time. */
    readonly untimed: string[] = []
    private alertC = ALERT_C
    private calls = 0
    private connections = 0
    /** When the device was let in, and when the first new reading came, since the fault or the last connection that broke. */
    private admittedMs = 0
    private readingMs = 0

    private constructor(private readonly site: Site) {}

    /** @param port where the device connects, if it is not the gateway's own */
    static async start(
        site: Site,
        image: Image,
        options: {
            gateway?: Partial<GatewayOptions>
            device?: Partial<DeviceOptions>
            port?: (gateway: Gateway, clock: VirtualClock) => Promise<number>
        } = {}
    ): Promise<FaultBench> {
        const bench = new FaultBench(site)
        const { clock } = bench
        const gateway = await site.startGateway({ clock, ...options.gateway })
        bench.gateway = gateway
        bench.watchGateway()
        bench.device = await site.startDevice(
            image,
            {
                mqttPort:
                    (await options.port?.(gateway, clock)) ?? gateway.port,
                timePort: gateway.httpsPort,
            },
            {
                telemetrySec: TELEMETRY_SEC,
                heartbeatSec: HEARTBEAT_SEC,
                alertC: ALERT_C,
            },
            {
                clock,
                bus: simulatedSensors({
                    temperatureC: constant(21.5),
                    humidityPercent: constant(45.25),
                    clock,
                }),
                ...options.device,
            }
        )
        bench.device.on("line", ({ text }) => {
            const ended = ENDED.exec(text)?.[1]
            if (ended !== undefined) bench.errors.push(nameOf(ended))
            const untimed = UNTIMED.exec(text)?.[1]
            if (untimed !== undefined) bench.untimed.push(nameOf(untimed))
        })
        return bench
    }

    /** Waits in virtual time. */
    run<T>(promise: Promise<T>): Promise<T> {
        return this.clock.run(promise)
    }

    /** Until a reading comes that is new. */
    async nextReading(): Promise<void> {
        const before = this.highest
        await this.run(
            this.gateway.waitFor(
                "telemetry",
                () => this.highest > before,
                PATIENCE_MS
            )
        )
    }

    /** Until the device is connected, has been for long, and knows what the cloud desires. */
    async settle(): Promise<void> {
        let sinceMs = this.clock.now()
        let { connections } = this
        while (this.clock.now() - sinceMs < STABLE_MS) {
            await this.clock.pass(TELEMETRY_SEC * 1000)
            if (connections === this.connections && this.isConnected) continue
            connections = this.connections
            sinceMs = this.clock.now()
        }
        await this.nextReading()
    }

    /** The errors that the device tells from now on, as they come. */
    watchErrors(): readonly string[] {
        return (this.errors = [])
    }

    get isConnected(): boolean {
        return this.gateway.connected.includes(DEVICE_ID)
    }

    /** Has a fault happen, and tells what came of it when all is well again. */
    async suffer(
        fault: FaultOptions,
        { act, isIdle = false, again = false }: Circumstances = {}
    ): Promise<Outcome> {
        const { repeats } = this
        const added = this.gateway.faults.add(fault)
        if (isIdle) this.sendEvery(IDLE_SEC)
        const acted = act?.()
        await this.run(added.over)
        const overMs = this.clock.now() + (fault.downMs ?? 0)
        await this.run(Promise.resolve(acted))
        await this.clock.pass(Math.max(0, overMs - this.clock.now()))
        if (isIdle) {
            await this.clock.pass(NOTICED_MS)
            this.sendEvery(TELEMETRY_SEC)
        }
        await this.settle()
        const outcome = {
            disconnected: this.disconnects > 0,
            errors: [...this.errors],
            recoveredSec: 0,
            repeats: this.repeats - repeats,
        }
        const wellMs = Math.max(
            outcome.disconnected ? this.admittedMs : overMs,
            isIdle ? 0 : this.readingMs
        )
        outcome.recoveredSec = (wellMs - overMs) / 1000
        if (again) {
            this.drop()
            await this.settle()
        }
        return outcome
    }

    private sendEvery(telemetrySec: number): void {
        this.gateway.twins.patchDesired(DEVICE_ID, { telemetrySec })
    }

    /** Breaks the connection, so that the device makes another. */
    drop(): void {
        this.gateway.drop(DEVICE_ID)
    }

    /** Has the device renew its token: it says goodbye, and connects again. */
    async renew(): Promise<void> {
        await this.gateway.methods.invoke(DEVICE_ID, "renew", null)
    }

    /** The gateway is down for so long, from the next reading on. Then what was read meanwhile is in the device's flash. */
    async fill(downMs: number): Promise<void> {
        const down = this.gateway.faults.add({
            do: "restart",
            at: "telemetry",
            downMs,
        })
        await this.run(down.over)
        await this.clock.pass(downMs - 1000)
        assert.ok(
            Array.from({ length: PAGES }, (_, i) =>
                this.device.settingBytes(`out${i}`)
            ).some(page => page.length > FULL_PAGE),
            "no reading is in flash"
        )
    }

    /** Desires another threshold than before. */
    desire(): void {
        this.alertC++
        this.gateway.twins.patchDesired(DEVICE_ID, { alertC: this.alertC })
    }

    /** Sends a message to the device, which ends up on its console. */
    sendMessage() {
        return this.gateway.cloudMessages.send(DEVICE_ID, {
            body: `message ${++this.calls}`,
        })
    }

    /** Calls a method; gives the status, or the error's code. */
    async call(): Promise<number | string> {
        return this.gateway.methods
            .invoke(DEVICE_ID, "setInterval", TELEMETRY_SEC)
            .then(
                ({ status }) => status,
                (error: { code: string }) => error.code
            )
    }

    /**
     * What holds after every fault: nothing is lost, nothing panicked; messages, methods and the twin work, the device does what was
     * desired last.
     */
    async prove(): Promise<void> {
        this.assertWhole()
        const message = this.sendMessage()
        assert.equal(await this.run(message.settled), "completed")
        assert.equal(await this.run(this.call()), 200)
        const isDone = () => {
            const { desired, reported } = this.gateway.twins.get(DEVICE_ID)
            return reported.alertC === (desired.alertC ?? ALERT_C)
        }
        if (!isDone())
            await this.run(
                this.gateway.waitFor("reported", isDone, PATIENCE_MS)
            )
    }

    /** Nothing panicked, and every reading up to the last one has come. */
    assertWhole(): void {
        assert.deepEqual(this.device.panics, [])
        const missing: number[] = []
        for (let n = 1; n <= this.highest; n++)
            if (!this.seen.has(`1-${n}`)) missing.push(n)
        assert.deepEqual(missing, [], "readings that did not come")
    }

    async close(): Promise<void> {
        await this.site.stop()
    }

    private watchGateway(): void {
        this.gateway.on("telemetry", ({ systemProperties, duplicate }) => {
            const id = systemProperties.messageId ?? ""
            const [boot, number] = id.split("-").map(Number)
            assert.equal(boot, 1, `${id} is of another boot`)
            if (this.seen.has(id)) {
                this.repeats++
                assert.ok(duplicate, `${id} comes twice, and is not marked`)
            } else if (!this.readingMs) this.readingMs = this.clock.now()
            this.seen.add(id)
            this.highest = Math.max(this.highest, number)
        })
        this.gateway.on("disconnected", ({ port, reason }) => {
            // A renewal of the token says goodbye.
            if (port !== "mqtt" || reason === "client-done") return
            this.disconnects++
            this.readingMs = 0
            this.admittedMs = 0
        })
        this.gateway.on("fault", () => {
            // What came before led to it.
            this.errors = []
            this.disconnects = 0
            this.readingMs = 0
        })
        this.gateway.on("authenticated", () => {
            this.connections++
            if (!this.admittedMs) this.admittedMs = this.clock.now()
        })
    }
}

function nameOf(code: string): string {
    return ErrorCode[Number(code)] ?? code
}
