/**
 * One DeviceScript VM: from power-on to power-off.
 *
 * The VM is WebAssembly with glue code that expects a browser or a command line around it. This gives it what it asks
 * for and keeps it away from the rest: no console, no signal handlers, no sockets but those of the given network.
 * Nothing calls into the VM while it runs, and an abort of the runtime ends in `onAbort`, never in an exception.
 */
import * as crypto from "node:crypto"
import * as fs from "node:fs"
import * as path from "node:path"
import { Clock, realClock } from "./clock"
import { VmGlobals, loadVm } from "./cli"
import { HeapProbe } from "./heap"
import { countingBundle, opcodesIn } from "./opcodes"
import { BrokenSocket, Network, VmNetwork } from "./socket"

/** What the glue code offers, as far as it is used here. */
interface VmModule {
    HEAPU32: Uint32Array
    dmesg: (line: string) => void
    log: (...parts: unknown[]) => void
    error: (...parts: unknown[]) => void
    sendPacket: (frame: Uint8Array) => void
    panicHandler: (code: number) => void
    flashSize: number
    flashLoad: () => Uint8Array
    flashSave: (bytes: Uint8Array) => void
    devsGcStress(on: boolean): void
    devsSetDeviceId(id: string): void
    devsInit(): void
    devsStart(): void
    devsStop(): void
    devsVerify(image: Uint8Array): number
    handlePacket(frame: Uint8Array): void
    _jd_em_tcpsock_on_event(event: number, data: number, size: number): void
}

/** How a machine is built and what it tells. */
export interface MachineOptions {
    clock: Clock
    network: VmNetwork
    deviceId: string
    gcStress: boolean
    countOpcodes: boolean
    /** Where the device's random bytes come from. */
    random?: (size: number) => Buffer
    /** How often the runtime looks around when it has nothing to do, in ms. Its own is `IDLE_TICK_MS`. */
    idleTickMs?: number
    loadFlash(): Uint8Array
    saveFlash(bytes: Uint8Array): void
    /** A line of the runtime's log, the program's console among it. */
    onLine(line: string): void
    /** The program ended: see `PANICS`; 0 is `ds.restart()`. The runtime starts it again after 5 s. */
    onPanic(code: number): void
    /** The runtime itself ended, where a board would reset. */
    onAbort(reason: string): void
    /** A Jacdac frame for the bus. */
    onFrame(frame: Uint8Array): void
    /** The VM has run until it had nothing to do. */
    onTick(): void
}

/** The simulator's TLS is not what boards have, and nothing here needs it: TLS is the firmware's work. */
const noTls = {
    connect: () =>
        new BrokenSocket(
            "the runtime's own TLS is not available: Edge Leaf brings its own"
        ),
}

/** The longest wait of the runtime, on boards and here, in ms. */
export const IDLE_TICK_MS = 10

export class Machine {
    readonly heap = new HeapProbe(() => this.vm.HEAPU32)
    private running = false
    private stopped = false
    /** Milliseconds that the VM's clock is ahead. */
    private skipped = 0
    private readonly waiting: (() => void)[] = []

    private constructor(
        private readonly vm: VmModule,
        private readonly options: MachineOptions
    ) {}

    /** Builds a VM and switches it on. The program in its flash starts 5 s later, if no time is skipped. */
    static async start(options: MachineOptions): Promise<Machine> {
        // The glue code calls these only after the machine is there.
        const late: { machine?: Machine } = {}
        const factory = loadVm(
            globalsFor(
                options.clock,
                options.network,
                () => late.machine,
                options
            ),
            options.countOpcodes ? countingBundle : undefined
        )
        const vm = (await factory({ noExitRuntime: true })) as VmModule
        const machine = (late.machine = new Machine(vm, options))
        machine.connect()
        machine.call(() => {
            vm.devsGcStress(options.gcStress)
            vm.devsSetDeviceId(options.deviceId)
            vm.devsStart()
        })
        return machine
    }

    /** Moves the VM's clock forward. Whatever waits for that time happens at its next tick. */
    skip(ms: number): void {
        this.skipped += ms
    }

    /** Hands a Jacdac frame to the VM. */
    deliver(frame: Uint8Array): void {
        this.whenIdle(() => this.call(() => this.vm.handlePacket(frame)))
    }

    /** Switches off: nothing happens afterwards. */
    stop(): void {
        if (this.stopped) return
        this.stopped = true
        this.options.network.close()
        this.vm.devsStop()
    }

    /** Runs a tick of the VM. */
    tick(callback: () => void): void {
        if (this.stopped) return
        this.call(callback)
        if (this.stopped) return
        this.options.onTick()
        for (const work of this.waiting.splice(0)) work()
    }

    /** Opcodes executed since power-on, modulo 2^32; 0 if they are not counted. */
    get opcodes(): number {
        return this.options.countOpcodes ? opcodesIn(this.vm.HEAPU32) : 0
    }

    now(): number {
        return this.options.clock.now() + this.skipped
    }

    private connect(): void {
        const { vm, options } = this
        const alive =
            <T extends unknown[]>(report: (...values: T) => void) =>
            (...values: T) => {
                if (!this.stopped) report(...values)
            }
        vm.dmesg = alive(options.onLine)
        vm.panicHandler = alive(options.onPanic)
        vm.sendPacket = alive(options.onFrame)
        // A store of another size than this the runtime would format.
        vm.flashSize = options.loadFlash().length
        vm.flashLoad = () => options.loadFlash()
        vm.flashSave = alive(options.saveFlash)
        vm.log = () => undefined
        // The glue code stops its timer and reports here when the WebAssembly code has thrown.
        vm.error = alive((error: unknown) => this.abort(error))
        const onEvent = vm._jd_em_tcpsock_on_event
        vm._jd_em_tcpsock_on_event = (event, data, size) =>
            this.call(() => onEvent(event, data, size))
    }

    /** Calls into the VM. */
    private call(work: () => void): void {
        if (this.stopped) return
        this.running = true
        try {
            work()
        } catch (error) {
            this.abort(error)
        } finally {
            this.running = false
        }
    }

    private whenIdle(work: () => void): void {
        if (this.stopped) return
        if (this.running) this.waiting.push(work)
        else work()
    }

    private abort(error: unknown): void {
        if (this.stopped) return
        this.stop()
        this.options.onAbort(
            error instanceof Error ? error.message : String(error)
        )
    }
}

function globalsFor(
    clock: Clock,
    network: VmNetwork,
    machine: () => Machine | undefined,
    {
        random = crypto.randomBytes,
        idleTickMs = IDLE_TICK_MS,
    }: Pick<MachineOptions, "random" | "idleTickMs"> = {}
): VmGlobals {
    const silent = () => undefined
    const modules: Record<string, unknown> = {
        net: network,
        tls: noTls,
        crypto: { ...crypto, randomBytes: random },
        fs,
        path,
    }
    return {
        require: name => {
            const module = modules[name.replace(/^node:/, "")]
            if (!module) throw new Error(`the VM asks for ${name}`)
            return module
        },
        Date: { now: () => machine()?.now() ?? clock.now() },
        setTimeout: (callback, delayMs) =>
            clock.setTimeout(
                () => machine()?.tick(callback),
                // What the runtime waits for comes sooner than this, or there is nothing.
                delayMs < IDLE_TICK_MS ? delayMs : idleTickMs
            ),
        // Emscripten's own watchdog is not wanted.
        setInterval: undefined,
        clearInterval: timer => clock.clearTimeout(timer),
        console: { log: silent, warn: silent, error: silent, debug: silent },
        // The glue code would add handlers for uncaught errors and set the exit code.
        process: Object.create(process, {
            on: { value: silent },
            exitCode: { value: undefined, writable: true },
        }) as object,
        globalThis: Object.create(globalThis) as object,
    }
}

/**
 * Has a VM check an image as a board does before it runs it.
 *
 * @returns 0 or the runtime's error, such as -1051 for code past the 64 KB that it can address
 */
export async function verifyImage(image: Uint8Array): Promise<number> {
    const factory = loadVm(
        globalsFor(realClock, new Network(), () => undefined)
    )
    const vm = (await factory({ noExitRuntime: true })) as VmModule
    vm.dmesg = () => undefined
    return vm.devsVerify(image)
}
