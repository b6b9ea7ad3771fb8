/**
 * Simulated devices: firmware images in the DeviceScript VM, any number in one process.
 *
 * A device boots from its flash, as a board does: the image is put there first, next to the settings. It starts again
 * after a panic, with the flash it had, and a reset of the runtime (where a board would reset its chip) is a new VM.
 * Its network is cut into pieces and paced (socket.ts), its sensors are on a Jacdac bus that the caller may give, its
 * heap is measured from outside (heap.ts). `stop` leaves no timer and no socket.
 */
import { EventEmitter } from "node:events"
import { Board } from "./boards"
import { BoardClock, operationOf } from "./boardtime"
import { Clock, realClock } from "./clock"
import { Image } from "./compiler"
import { FlashImage, readFlashFile, writeFlashFile } from "./flash"
import { HeapUse } from "./heap"
import { Machine, verifyImage } from "./machine"
import { Address, Connect, Network, VmNetwork } from "./socket"
import { withSourcePlaces } from "./trace"

/** A line that the program wrote to its console, or that the runtime wrote about an exception in it. */
export interface Line {
    /** "warn" has notices of the runtime, too ("start: …", "stop program"); "info" is "log" in the VM. */
    level: "log" | "warn" | "error" | "debug" | "data"
    /** The VM cuts lines off after some 290 bytes. */
    text: string
}

export interface Panic {
    /** See `PANICS`; -1 when the runtime itself gave up. */
    code: number
    name: string
    /** The heap at that moment. Out of memory, a collection has just been done: all that is used is alive. */
    heap?: HeapUse
}

/** What ends a program. */
export const PANICS: Record<number, string> = {
    0: "restart asked for by the program",
    60001: "step limit: 131,072 opcodes without a pause",
    60002: "internal error of the runtime",
    60004: "out of memory",
    60005: "uncaught exception",
    60006: "calls nested too deep",
    60007: "reboot",
    60008: "an assertion of the runtime failed",
}

const ABORT_CODE = -1

/** How long a board waits before it starts its program, at power-on and after a panic, in ms. Power-on is at once here. */
export const RESTART_MS = 5000

/** Lines that a device remembers. */
const MAX_LINES = 2000

/** Something on the other side of a device's Jacdac port. */
export interface JacdacPort {
    /** Connects a device; `send` hands it a frame. */
    attach(send: (frame: Uint8Array) => void): void
    /** A frame from the device. */
    receive(frame: Uint8Array): void
    detach(): void
}

export interface DeviceOptions {
    image: Image
    /** 64 bits in hexadecimal. Default: a fixed one. */
    deviceId?: string
    /** A file that keeps the flash (made when it does not exist), or a flash in memory. Default: a new one in memory. */
    flash?: string | FlashImage
    /** A network of this device's own: a panic drops its connections. Default: TCP, in pieces and paced as on a board. */
    network?: VmNetwork
    /** Where a connection to a name and port goes really; only without `network`. */
    resolve?: (host: string, port: number) => Address | undefined
    /** Opens its connections; default: TCP; only without `network`. */
    connect?: Connect
    /** Where its random bytes come from. Default: the system's. For simulations that a seed repeats. */
    random?: (size: number) => Buffer
    /**
     * How often the runtime looks around when it has nothing to do, in ms: at most so much later than on a board, where it is
     * 10 ms, it notices what came. Default: as there. For simulations of many days, whose time goes into idle ticks.
     */
    idleTickMs?: number
    clock?: Clock
    /** How long it has been on when its program starts, in ms. Default: 0. An uptime that no test waits for. */
    uptimeMs?: number
    /** Public-key operations take as long as on this board, in the time of `clock`. Default: as long as they take here. */
    board?: Board
    /** Collect at every allocation: finds dangling references of the runtime, 16 times slower. */
    gcStress?: boolean
    bus?: JacdacPort
    /** Count the opcodes that the VM executes, see `opcodes`: some percent slower. */
    countOpcodes?: boolean
    /**
     * From a panic to the next start at most, in ms. Default: as on a board, which is `RESTART_MS`, or a second when
     * the program asked for it.
     */
    restartMs?: number
    /** Heap that the program gets, in bytes. Default: all of it, 65,524. */
    heapLimit?: number
}

/** A public-key operation that the device is about to do. */
export interface Operation {
    /** See `src/crypto/operation.ts`. */
    name: string
    /** What it takes on the board that the device is as slow as; 0 without one. */
    seconds: number
}

interface DeviceEvents {
    line: [Line]
    operation: [Operation]
    /** The board computes for so many ms; it stands still until they are over. */
    busy: [number]
    /** It has written its flash. */
    flash: []
    /** What the runtime itself logs. */
    runtime: [string]
    panic: [Panic]
    restart: []
    stop: []
}

/** What a heap watch saw at the ends of the VM's ticks, in bytes. */
export interface HeapPeak {
    /** The most: live objects, and at most `garbageBytes` of garbage. */
    live: number
    /** The least, with hardly any garbage, and the largest free block then. */
    least: number
    largestFree: number
    /** How much the VM allocates between two collections while it is watched. */
    garbageBytes: number
    samples: number
}

/** Compiled firmware that is running. Made by `startDevice`. */
export class Device extends EventEmitter<DeviceEvents> {
    /** The console so far, the latest lines at the end. */
    readonly lines: Line[] = []
    readonly panics: Panic[] = []
    /** How often the device wrote its flash. */
    flashWrites = 0

    private machine: Machine | undefined
    private readonly clock: Clock
    private readonly boardClock: BoardClock | undefined
    private readonly network: VmNetwork
    private readonly flash: FlashImage
    private readonly flashFile: string | undefined
    /** The flash as it was before the latest write. */
    private beforeWrite: Buffer | undefined
    private restartTimer: unknown
    private stopped = false
    /** Whether the program is yet to start again. */
    private down = false
    /** Lines before this one were seen by `until`. */
    private seen = 0
    private limited = false
    private watch: HeapPeak | undefined
    /** After how many bytes the VM collects while it is not watched. */
    private threshold: number | undefined

    private constructor(private readonly options: DeviceOptions) {
        super()
        const clock = options.clock ?? realClock
        if (options.board)
            this.boardClock = new BoardClock(clock, options.board, ms =>
                this.emit("busy", ms)
            )
        this.clock = this.boardClock ?? clock
        this.network =
            options.network ??
            new Network({
                clock: this.clock,
                resolve: options.resolve,
                connect: options.connect,
            })
        if (typeof options.flash === "string") {
            this.flashFile = options.flash
            this.flash = readFlashFile(options.flash)
        } else this.flash = options.flash ?? new FlashImage()
    }

    /** See `startDevice`. */
    static async start(options: DeviceOptions): Promise<Device> {
        const device = new Device(options)
        await verify(options.image)
        device.flash.setProgram(options.image.binary)
        device.keepFlash()
        options.bus?.attach(frame => device.onBus(frame))
        await device.powerOn()
        return device
    }

    /** Whether `stop` was called. */
    get isStopped(): boolean {
        return this.stopped
    }

    /** Opcodes that the VM has executed since power-on, modulo 2^32, if `countOpcodes` says so. */
    get opcodes(): number {
        return this.machine?.opcodes ?? 0
    }

    /** The settings in flash, as the device would read them now. */
    settings(): Record<string, unknown> {
        return this.flash.settings()
    }

    /** The bytes of one setting in flash. */
    settingBytes(name: string): Buffer {
        return this.flash.settingBytes(name)
    }

    /**
     * Waits for a console line.
     *
     * Each line is looked at once: lines up to the one that was found are behind, later ones are still ahead.
     *
     * @param wanted part of the line, a pattern, or a test of it
     * @throws Error when the time is over or the device was stopped; the message has the latest lines
     */
    until(
        wanted: string | RegExp | ((line: Line) => boolean),
        timeoutMs = 10_000
    ): Promise<Line> {
        const matches =
            typeof wanted === "function"
                ? wanted
                : ({ text }: Line) =>
                      typeof wanted === "string"
                          ? text.includes(wanted)
                          : wanted.test(text)
        const look = () => {
            while (this.seen < this.lines.length) {
                const line = this.lines[this.seen++]
                if (matches(line)) return line
            }
            return undefined
        }
        return new Promise((resolve, reject) => {
            const end = (settle: () => void) => {
                clearTimeout(timer)
                this.off("line", check)
                this.off("stop", stopped)
                settle()
            }
            const check = () => {
                const line = look()
                if (line) end(() => resolve(line))
            }
            const giveUp = (why: string) =>
                end(() => reject(new Error(this.describe(wanted, why))))
            const stopped = () => giveUp("the device was stopped")
            const timer = setTimeout(
                () => giveUp(`${timeoutMs} ms are over`),
                timeoutMs
            )
            this.on("line", check)
            this.on("stop", stopped)
            check()
            if (this.stopped) stopped()
        })
    }

    /** The heap at this moment; `undefined` while no program runs. */
    heap(): HeapUse | undefined {
        const use = this.machine?.heap.use()
        const taken = this.limited ? HEAP_BYTES - this.options.heapLimit! : 0
        return use && { ...use, used: use.used - taken }
    }

    /**
     * From now on the VM collects each time that it has allocated `garbageBytes`, and the heap is looked at after
     * every tick. So `live` of the result is the program's live memory, plus that little garbage, at the moments when
     * its fibers wait.
     *
     * Two things it does not show: what lives only inside one tick, and how much room the program needs around what
     * lives, since the VM never moves a block and free memory lies between blocks. `heapLimit` shows both: the
     * smallest limit with which a program still runs is what it needs, often a third more than what lives.
     */
    watchHeap(garbageBytes = 512): HeapPeak {
        return (this.watch = {
            live: 0,
            least: Infinity,
            largestFree: 0,
            garbageBytes,
            samples: 0,
        })
    }

    /** Ends `watchHeap`: the VM collects as it does by itself. */
    unwatchHeap(): void {
        this.watch = undefined
        if (this.threshold !== undefined)
            this.machine?.heap.collectEvery(this.threshold)
        this.threshold = undefined
    }

    /** Switches the device off and on again, without a warning. The flash is kept. */
    async powerCycle(): Promise<void> {
        this.cutPower()
        await this.restorePower()
    }

    /** Switches the device off, without a warning. The flash is kept. */
    cutPower(): void {
        this.powerOff()
        this.down = true
    }

    /** Switches it on again. */
    async restorePower(): Promise<void> {
        await this.powerOn()
    }

    /** As if the latest write to flash had not come about: what a power cut just before its end leaves. */
    undoFlashWrite(): void {
        if (this.beforeWrite) this.flash.replace(this.beforeWrite)
        this.beforeWrite = undefined
        this.keepFlash()
    }

    /** Switches the device off for good. */
    stop(): void {
        if (this.stopped) return
        this.stopped = true
        this.powerOff()
        this.options.bus?.detach()
        this.emit("stop")
    }

    private powerOff(): void {
        this.clock.clearTimeout(this.restartTimer)
        this.boardClock?.reset()
        this.machine?.stop()
        this.machine = undefined
    }

    private async powerOn(): Promise<void> {
        this.limited = false
        const machine = await Machine.start({
            clock: this.clock,
            network: this.network,
            deviceId: this.options.deviceId ?? "ed6e1eaf00000001",
            gcStress: this.options.gcStress ?? false,
            countOpcodes: this.options.countOpcodes ?? false,
            loadFlash: () => this.flash.bytes,
            random: this.options.random,
            idleTickMs: this.options.idleTickMs,
            saveFlash: bytes => {
                this.flashWrites++
                this.beforeWrite = this.flash.bytes
                this.flash.replace(bytes)
                this.keepFlash()
                this.emit("flash")
            },
            onLine: line => this.onLine(line),
            onPanic: code => this.onPanic(code),
            onAbort: reason => this.onAbort(reason),
            onFrame: frame => this.options.bus?.receive(frame),
            onTick: () => this.onTick(),
        })
        if (this.stopped) return machine.stop()
        this.machine = machine
        // A board waits 5 s before it starts its program.
        machine.skip(RESTART_MS + (this.options.uptimeMs ?? 0))
    }

    private onBus(frame: Uint8Array): void {
        const deliver = () => this.machine?.deliver(frame)
        // A board that is busy does not hear its bus.
        if (this.boardClock) this.boardClock.setTimeout(deliver, 0)
        else deliver()
    }

    private keepFlash(): void {
        if (this.flashFile) writeFlashFile(this.flashFile, this.flash)
    }

    private onLine(raw: string): void {
        const match = /^\s*([*!?>#]) (.*)/s.exec(raw)
        if (!match) {
            this.emit("runtime", raw.trim())
            return
        }
        const line = {
            level: LEVELS[match[1]],
            text: withSourcePlaces(this.options.image.trace, match[2]),
        }
        if (this.lines.length >= MAX_LINES) {
            this.lines.shift()
            this.seen = Math.max(0, this.seen - 1)
        }
        this.lines.push(line)
        if (this.down && match[1] === "*") this.onNotice(line.text)
        this.emit("line", line)
        const name = operationOf(line.text)
        if (name !== undefined)
            this.emit("operation", {
                name,
                seconds: this.boardClock?.charge(name) ?? 0,
            })
    }

    /** What the runtime tells between the end of a program and its next start. */
    private onNotice(text: string): void {
        if (text.startsWith("start: ")) {
            this.down = false
            this.emit("restart")
        } else if (text === "stop program") {
            // From here on the runtime counts the seconds to the next start.
            const { restartMs } = this.options
            if (restartMs !== undefined)
                this.restartTimer = this.clock.setTimeout(
                    () => this.machine?.skip(RESTART_MS),
                    restartMs
                )
        }
    }

    private onPanic(code: number): void {
        const heap = this.heap()
        this.limited = false
        this.down = true
        this.network.close()
        this.report({
            code,
            name: PANICS[code] ?? "panic of the program",
            heap,
        })
    }

    private onAbort(reason: string): void {
        this.machine = undefined
        this.down = true
        this.restartTimer = this.clock.setTimeout(
            () => void this.powerOn(),
            this.options.restartMs ?? RESTART_MS
        )
        this.report({
            code: ABORT_CODE,
            name: `reset of the runtime (${reason})`,
        })
    }

    private report(panic: Panic): void {
        this.panics.push(panic)
        this.emit("panic", panic)
    }

    private onTick(): void {
        const heap = this.machine?.heap
        if (!heap) return
        if (this.options.heapLimit && !this.limited)
            this.limited = heap.limit(this.options.heapLimit)
        if (!this.watch) return
        const use = this.heap()
        if (!use) return
        const before = heap.collectEvery(this.watch.garbageBytes)
        this.threshold ??= before
        this.watch.samples++
        this.watch.live = Math.max(this.watch.live, use.used)
        if (use.used >= this.watch.least) return
        this.watch.least = use.used
        this.watch.largestFree = use.largestFree
    }

    private describe(wanted: unknown, why: string): string {
        const what = typeof wanted === "function" ? "the line" : String(wanted)
        return [
            `No console line matches ${what}: ${why}.`,
            ...this.panics
                .slice(-5)
                .map(({ code, name }) => `panic ${code}: ${name}`),
            ...this.lines.slice(-20).map(({ text }) => `  ${text}`),
        ].join("\n")
    }
}

/** Images that the VM has accepted: starting many devices with one image checks it once. */
const accepted = new WeakSet<Image>()

async function verify(image: Image): Promise<void> {
    if (accepted.has(image)) return
    const refused = await verifyImage(image.binary)
    if (refused !== 0)
        throw new Error(
            `The VM refuses the image with error ${refused}: ` +
                (image.codeBytes >= 65536
                    ? `its code ends at byte ${image.codeBytes}, and must end below 65,536.`
                    : "it was made by another version of the compiler.")
        )
    accepted.add(image)
}

const HEAP_BYTES = 65524

const LEVELS: Record<string, Line["level"]> = {
    ">": "log",
    "*": "warn",
    "#": "data",
    "?": "debug",
    "!": "error",
}

/**
 * Starts a device. Its program runs when this resolves, or starts in the next few milliseconds.
 *
 * @throws Error when the image or the flash is not good
 */
export function startDevice(options: DeviceOptions): Promise<Device> {
    return Device.start(options)
}
