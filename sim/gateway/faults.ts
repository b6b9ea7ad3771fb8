/**
 * The faults of a gateway: which there are now, when the next one happens, and how often each has.
 *
 * There are none until somebody adds one: `GatewayOptions.faults`, `gateway.faults.add`, or `--faults` of the command line. See
 * `faultoptions.ts` for what there is. What a fault does to a packet, the connection does (`connection.ts`, `outbox.ts`,
 * `twinrequests.ts`, `listener.ts`); what it does to a connection is done here.
 *
 *     const fault = gateway.faults.add({ do: "drop", at: "puback", after: 2 })
 *     await fault.over
 *     fault.count // 1
 *
 * If several fit an occasion, the one that was added first happens; the others count the occasion only if they let it pass.
 */
import type { Packet } from "mqtt-packet"
import type { Clock } from "./clock"
import type { EventHub } from "./events"
import {
    readFault,
    type FaultName,
    type FaultOptions,
    type Occasion,
} from "./faultoptions"
import type { Link } from "./link"
import { readOperation } from "./operationtopics"

/** Of the faults that are over, so many are remembered. */
const REMEMBERED = 100

/** A fault that was added. */
export interface Fault {
    /** Counts the faults that were added. */
    readonly id: number
    readonly options: Readonly<FaultOptions>
    /** How often it has happened. */
    readonly count: number
    /** It can happen no more. */
    readonly isOver: boolean
    /** Resolves when it has happened as often as it is to, its time has ended, or it was removed. */
    readonly over: Promise<void>
    /** It happens no more. */
    remove(): void
}

class ActiveFault implements Fault {
    count = 0
    isOver = false
    readonly over: Promise<void>
    private passed = 0
    private end!: () => void
    private hasBegun: boolean
    private cancel: () => void = () => undefined

    constructor(
        readonly id: number,
        readonly options: Readonly<FaultOptions>,
        private readonly clock: Clock,
        private readonly removed: (fault: ActiveFault) => void
    ) {
        this.over = new Promise(resolve => (this.end = resolve))
        const { inMs = 0 } = options
        this.hasBegun = inMs === 0
        if (this.hasBegun) this.begin()
        else this.cancel = clock.after(inMs, () => this.begin())
    }

    private begin(): void {
        this.hasBegun = true
        const { forMs } = this.options
        if (forMs !== undefined)
            this.cancel = this.clock.after(forMs, () => this.remove())
    }

    fits(at: Occasion, { port, deviceId }: Where): boolean {
        const { options } = this
        return (
            this.hasBegun &&
            at === options.at &&
            port === (options.port ?? "mqtt") &&
            (options.deviceId === undefined || options.deviceId === deviceId)
        )
    }

    /** An occasion: does it happen now? */
    happens(): boolean {
        const { after = 0, times = 1 } = this.options
        if (this.passed < after) {
            this.passed++
            return false
        }
        this.count++
        if (this.count === times) this.remove()
        return true
    }

    remove(): void {
        if (this.isOver) return
        this.isOver = true
        this.cancel()
        this.removed(this)
        this.end()
    }
}

type Where = Pick<Link, "id" | "port" | "deviceId">

export class Faults {
    private active: ActiveFault[] = []
    private past: ActiveFault[] = []
    private lastId = 0
    private readonly counted = new Map<FaultName, number>()

    constructor(
        private readonly clock: Clock,
        private readonly events: EventHub,
        /** What a fault says that only the gateway can judge or make. */
        private readonly check: (options: FaultOptions) => void,
        private readonly restart: (downMs: number) => void
    ) {}

    /** Adds one; throws `bad-fault` and `bad-certificate`. */
    add(options: FaultOptions): Fault {
        const checked = structuredClone(readFault(options))
        this.check(checked)
        const fault = new ActiveFault(
            ++this.lastId,
            checked,
            this.clock,
            over => {
                this.active = this.active.filter(other => other !== over)
                this.past = [...this.past, over].slice(-REMEMBERED)
            }
        )
        this.active.push(fault)
        return fault
    }

    /** Ends all. */
    clear(): void {
        for (const fault of this.active) fault.remove()
    }

    /** Those that can still happen, in the order in which they were added. */
    get pending(): readonly Fault[] {
        return this.active
    }

    /** Those that are over, the last hundred, and those that can still happen. */
    get all(): readonly Fault[] {
        return [...this.past, ...this.active].sort((a, b) => a.id - b.id)
    }

    /** How often a fault of this name has happened, whoever asked for it. */
    count(name: FaultName): number {
        return this.counted.get(name) ?? 0
    }

    /**
     * An occasion: gives the fault that happens, if one does.
     *
     * @param packet whether there is one that `deviceId` has sent or is to get
     */
    next(at: Occasion, where: Where): Readonly<FaultOptions> | undefined {
        for (const fault of this.active) {
            if (!fault.fits(at, where) || !fault.happens()) continue
            const { options } = fault
            this.counted.set(options.do, this.count(options.do) + 1)
            this.events.emit("fault", {
                connection: where.id,
                deviceId: where.deviceId,
                fault: options.do,
                at,
                count: fault.count,
            })
            return options
        }
        return undefined
    }

    /** As `next`, for a connection; one that breaks it has done so when this returns. */
    strike(
        at: Occasion,
        link: Link,
        deviceId = link.deviceId
    ): Readonly<FaultOptions> | undefined {
        const { id, port } = link
        const fault = this.next(at, { id, port, deviceId })
        if (fault) this.breakLink(fault, link)
        return fault
    }

    /** Ends the connection, if the fault is of that kind. */
    breakLink(fault: FaultOptions, link: Link): void {
        const message = `the fault ${fault.do} was asked for`
        if (fault.do === "reset") link.reset(message)
        else if (fault.do === "close") link.close("dropped", message)
        else if (fault.do === "half-open") link.abandon(message)
        else if (fault.do === "kick") link.close("taken-over", message)
        else if (fault.do === "restart") this.restart(fault.downMs ?? 0)
    }
}

/** Whether this is the end of the connection. */
export function breaks({ do: name }: FaultOptions): boolean {
    return (
        name === "reset" ||
        name === "close" ||
        name === "half-open" ||
        name === "kick" ||
        name === "restart"
    )
}

/** The occasion of a packet from a device; nothing for one that is none. A CONNECT is not asked about. */
export function readOccasion(packet: Packet): Occasion | undefined {
    switch (packet.cmd) {
        case "subscribe":
            return "subscribe"
        case "puback":
            return "message-ack"
        case "pingreq":
            return "ping"
        case "publish": {
            const operation = readOperation(packet.topic)
            if (!operation) return "telemetry"
            if (operation.kind === "read-twin") return "twin-get"
            if (operation.kind === "report") return "twin-report"
            return operation.kind === "method-reply"
                ? "method-reply"
                : undefined
        }
        default:
            return undefined
    }
}

/** The occasion of a packet to a device. */
export function sentOccasion(packet: Packet): Occasion | undefined {
    switch (packet.cmd) {
        case "connack":
        case "suback":
        case "puback":
            return packet.cmd
        case "pingresp":
            return "pong"
        case "publish":
            if (packet.topic.startsWith("$iothub/methods/")) return "method"
            if (packet.topic.startsWith("$iothub/twin/res/"))
                return "twin-answer"
            return packet.topic.startsWith("$iothub/twin/")
                ? "desired"
                : "message"
        default:
            return undefined
    }
}
