/**
 * Simulated sensors on a device's Jacdac bus: firmware finds them as `new ds.Temperature()` and `new ds.Humidity()`. And what a
 * board's runtime offers for its Wi-Fi, `new ds.Wifi()`, as far as it takes commands: the simulator has no Wi-Fi.
 *
 * The other end of the bus is `jacdac-ts`, with a timer wheel of its own on the given clock, so that it runs in virtual
 * time as well and ends with the device.
 */
import {
    AnalogSensorServer,
    FRAME_PROCESS,
    JDBus,
    JDFrameBuffer,
    JDServiceServer,
    SRV_HUMIDITY,
    SRV_TEMPERATURE,
    SRV_WIFI,
    Scheduler,
    WifiCmd,
    addServer,
} from "jacdac-ts"
import { Clock, realClock } from "./clock"
import { JacdacPort } from "./host"
import type { Signal } from "./signals"

/** Is told what a program has the runtime do. */
export interface SimulatedWifi {
    /** The runtime would write both to its own flash, and use them from now on. */
    addNetwork(ssid: string, password: string): void
    /** It would leave the network that it is in, and join the one that it was given. */
    reconnect(): void
}

export interface SensorOptions {
    temperatureC?: Signal
    humidityPercent?: Signal
    wifi?: SimulatedWifi
    clock?: Clock
    /** How often the sensors measure, in ms. Default 100. */
    intervalMs?: number
}

/** What the two sensors say about themselves: range, as common parts have it. */
export const RANGES = {
    temperature: { minReading: -40, maxReading: 125 },
    humidity: { minReading: 0, maxReading: 100 },
}

/** Tells the bus's own frames from those that came from the device. */
const FROM_DEVICE = "vm"

/** Sensors for one device: for `bus` in its options. A sensor without a signal is not there. */
export function simulatedSensors(options: SensorOptions): JacdacPort {
    const clock = options.clock ?? realClock
    const intervalMs = options.intervalMs ?? 100
    let bus: JDBus | undefined

    return {
        attach(send) {
            const scheduler = new ClockScheduler(clock)
            const host = (bus = new JDBus([], {
                client: false,
                disableRoleManager: true,
                scheduler,
            }))
            const add = (
                name: string,
                serviceClass: number,
                range: typeof RANGES.temperature,
                signal: Signal | undefined
            ) => {
                if (!signal) return
                const sensor = new AnalogSensorServer(serviceClass, {
                    ...range,
                    readingValues: [signal(0)],
                    readingError: [0],
                    streamingInterval: intervalMs,
                })
                addServer(host, name, sensor)
                scheduler.setInterval(
                    () =>
                        sensor.reading.setValues([signal(scheduler.timestamp)]),
                    intervalMs
                )
            }
            add(
                "thermometer",
                SRV_TEMPERATURE,
                RANGES.temperature,
                options.temperatureC
            )
            add(
                "hygrometer",
                SRV_HUMIDITY,
                RANGES.humidity,
                options.humidityPercent
            )
            if (options.wifi)
                addServer(host, "wifi", new WifiServer(options.wifi))
            host.on(FRAME_PROCESS, (frame: JDFrameBuffer) => {
                if (frame._jacdac_sender !== FROM_DEVICE) send(frame)
            })
        },
        receive(frame) {
            const copy: JDFrameBuffer = new Uint8Array(frame)
            copy._jacdac_sender = FROM_DEVICE
            void bus?.sendFrameAsync(copy)
        },
        detach() {
            const host = bus
            bus = undefined
            if (!host) return
            ;(host.scheduler as ClockScheduler).end()
            host.clear()
            void host.stop()
        },
    }
}

class WifiServer extends JDServiceServer {
    constructor(wifi: SimulatedWifi) {
        super(SRV_WIFI)
        this.addCommand(WifiCmd.AddNetwork, packet => {
            const [ssid, password] = packet.jdunpack<[string, string]>("z z")
            wifi.addNetwork(ssid, password)
        })
        this.addCommand(WifiCmd.Reconnect, () => wifi.reconnect())
    }
}

/** `jacdac-ts`'s timers on a `Clock`, all ended with one call. */
class ClockScheduler implements Scheduler {
    private started: number
    private readonly timers = new Set<{ timer: unknown }>()
    private ended = false

    constructor(private readonly clock: Clock) {
        this.started = clock.now()
    }

    get timestamp(): number {
        return this.clock.now() - this.started
    }

    resetTime(delta = 0): void {
        this.started = this.clock.now() - delta
    }

    setTimeout(handler: () => void, delayMs: number): unknown {
        return this.start(handler, delayMs, false)
    }

    clearTimeout(handle: unknown): void {
        const entry = handle as { timer: unknown }
        if (this.timers.delete(entry)) this.clock.clearTimeout(entry.timer)
    }

    setInterval(handler: () => void, delayMs: number): unknown {
        return this.start(handler, delayMs, true)
    }

    clearInterval(handle: unknown): void {
        this.clearTimeout(handle)
    }

    end(): void {
        this.ended = true
        for (const entry of this.timers) this.clock.clearTimeout(entry.timer)
        this.timers.clear()
    }

    private start(
        handler: () => void,
        delayMs: number,
        again: boolean
    ): unknown {
        const entry: { timer: unknown } = { timer: undefined }
        const arm = () => {
            entry.timer = this.clock.setTimeout(() => {
                if (again) arm()
                else this.timers.delete(entry)
                handler()
            }, delayMs)
        }
        if (this.ended) return entry
        this.timers.add(entry)
        arm()
        return entry
    }
}
