/**
 * The faults that a gateway can be told to have, as plain JSON, and what is wrong with it.
 *
 * A fault is something that happens (`do`) at an occasion (`at`): a packet that the gateway has read or is about to send, or a step
 * of a connection. `after` occasions pass first, then it happens `times` times. The table `FAULTS` says which fault happens when, and
 * what else it wants to know.
 *
 *     [
 *         { "do": "lose", "at": "connect" },
 *         { "do": "delay", "at": "puback", "delayMs": 5000, "after": 3, "times": 2 },
 *         { "do": "restart", "at": "telemetry", "downMs": 20000 },
 *         { "do": "line", "at": "accepted", "times": 0, "line": { "bytesPerSec": 2000, "lossPercent": 5 } }
 *     ]
 */
import { GatewayError } from "./errors"
import type { PortName } from "./events"
import type { LineOptions } from "./line"

/** Packets that the gateway has read. */
const READ = [
    "connect",
    "subscribe",
    "telemetry",
    "twin-get",
    "twin-report",
    "method-reply",
    "message-ack",
    "ping",
] as const

/** Packets that it is about to send. */
const SENT = [
    "connack",
    "suback",
    "puback",
    "pong",
    "message",
    "method",
    "twin-answer",
    "desired",
] as const

/** A connection was accepted, or its TLS handshake is done. */
const STEPS = ["accepted", "secured"] as const

const OCCASIONS = [...STEPS, ...READ, ...SENT] as const
export type Occasion = (typeof OCCASIONS)[number]

/** Server certificates that a device must not take, see `pki/unfit.ts`. */
export const UNFIT = [
    "expired",
    "not-yet-valid",
    "wrong-name",
    "other-issuer",
    "incomplete",
] as const
export type UnfitName = (typeof UNFIT)[number]

interface FaultKind {
    at: readonly Occasion[]
    /** What it cannot do without. */
    needs?: keyof FaultOptions
}

const FAULTS = {
    /** The packet is read and forgotten, as edgeHub 1.6.0 does with a CONNECT that comes too soon. */
    lose: { at: READ },
    /** The packet is not sent. */
    drop: { at: SENT },
    /** The packet is sent `delayMs` later, and all behind it after it. */
    delay: { at: SENT, needs: "delayMs" },
    /** The packet is sent twice: a message the second time as a duplicate. */
    repeat: { at: SENT },
    /** The connection ends with a reset, in place of the packet. */
    reset: { at: OCCASIONS },
    /** The connection ends in order, in place of the packet. */
    close: { at: OCCASIONS },
    /** The gateway forgets the connection, and nobody tells the device. */
    "half-open": { at: OCCASIONS },
    /** The connection is closed as if another one had come with the same id. */
    kick: { at: OCCASIONS },
    /** The gateway goes down for `downMs`; what it kept of TLS sessions is gone then. */
    restart: { at: OCCASIONS, needs: "downMs" },
    /** The CONNECT is answered with `returnCode`. */
    refuse: { at: ["connect"], needs: "returnCode" },
    /** The token counts for `lifeSec` at most, whatever it says. */
    "shorten-token": { at: ["connect"], needs: "lifeSec" },
    /** The device gets messages from the cloud before it has subscribed to them. */
    "early-messages": { at: ["connack"] },
    /** The request changes nothing and is answered with `status`. */
    "fail-twin": { at: ["twin-get", "twin-report"], needs: "status" },
    /** The server's certificate is another one. */
    certificate: { at: ["accepted"], needs: "certificate" },
    /** The connection goes over a bad line. */
    line: { at: ["accepted"], needs: "line" },
} satisfies Record<string, FaultKind>

export type FaultName = keyof typeof FAULTS

export interface FaultOptions {
    do: FaultName
    at: Occasion
    /** Only of this device; not for `accepted` and `secured`, where nobody knows which one it is. */
    deviceId?: string
    /** `mqtt`, or `time` for `accepted` and `secured` there. */
    port?: PortName
    /** Occasions that pass before: 0. */
    after?: number
    /** How often it happens: once; 0 for always. */
    times?: number
    /** It begins so much later: at once. What passes before does not count. */
    inMs?: number
    /** It ends so long after it began, however often it has happened: never. */
    forMs?: number
    delayMs?: number
    downMs?: number
    /** 1 to 5 (MQTT 3.1.1, table 3.1). */
    returnCode?: number
    lifeSec?: number
    /** 400 to 599. */
    status?: number
    certificate?: UnfitName
    line?: LineOptions
}

/** More than a day is no delay any more. */
const MAX_MS = 86_400_000
const MAX_COUNT = 1_000_000
/** The largest that the simulated network takes is far below. */
const MAX_BYTES = 1_000_000_000

type Range = readonly [least: number, most: number]
type Values = readonly string[]

const FIELDS: Record<string, Range | Values | "text" | "line"> = {
    do: Object.keys(FAULTS),
    at: OCCASIONS,
    deviceId: "text",
    port: ["mqtt", "time"],
    after: [0, MAX_COUNT],
    times: [0, MAX_COUNT],
    inMs: [0, MAX_MS],
    forMs: [1, MAX_MS],
    delayMs: [1, MAX_MS],
    downMs: [0, MAX_MS],
    returnCode: [1, 5],
    lifeSec: [1, 86_400],
    status: [400, 599],
    certificate: UNFIT,
    line: "line",
}

const LINE_FIELDS: Record<keyof LineOptions, Range | Values> = {
    direction: ["up", "down"],
    delayMs: [0, MAX_MS],
    bytesPerSec: [1, MAX_BYTES],
    segmentBytes: [1, MAX_BYTES],
    coalesceMs: [1, MAX_MS],
    lossPercent: [0, 100],
    lossMs: [0, MAX_MS],
    seed: [0, 0xffff_ffff],
    stallAfterBytes: [0, MAX_BYTES],
    stallMs: [0, MAX_MS],
    cutAfterBytes: [0, MAX_BYTES],
    cut: ["reset", "close", "half-close", "silence"],
}

/** Fields of a fault that belong to one kind of it. */
const OWN_FIELDS = [
    "delayMs",
    "downMs",
    "returnCode",
    "lifeSec",
    "status",
    "certificate",
    "line",
] as const

/** Reads a list of faults, of a JSON file for example; throws `bad-fault`. */
export function readFaults(value: unknown, name = "faults"): FaultOptions[] {
    if (!Array.isArray(value)) throw bad(name, value, "a list of faults")
    return value.map((one, i) => readFault(one, `${name}[${i}]`))
}

/** Reads one fault; throws `bad-fault`. */
export function readFault(value: unknown, name = "fault"): FaultOptions {
    checkFields(value, name, FIELDS)
    const fault = value as FaultOptions
    for (const field of ["do", "at"] as const)
        if (fault[field] === undefined)
            throw bad(
                `${name}.${field}`,
                undefined,
                `one of ${(FIELDS[field] as Values).join(", ")}`
            )
    const { at, needs }: FaultKind = FAULTS[fault.do]
    if (!at.includes(fault.at))
        throw bad(
            `${name}.at`,
            fault.at,
            `${fault.do} happens at ${at.join(", ")}: one of these`
        )
    if (needs && fault[needs] === undefined)
        throw bad(
            `${name}.${needs}`,
            undefined,
            `${fault.do} needs it: a value`
        )
    for (const field of OWN_FIELDS)
        if (field !== needs && fault[field] !== undefined)
            throw bad(
                `${name}.${field}`,
                fault[field],
                `${fault.do} has no ${field}: nothing`
            )
    const isStep = fault.at === "accepted" || fault.at === "secured"
    if (isStep && fault.deviceId !== undefined)
        throw bad(
            `${name}.deviceId`,
            fault.deviceId,
            `at ${fault.at} it is not known which device it is: nothing`
        )
    if (!isStep && fault.port === "time")
        throw bad(
            `${name}.port`,
            fault.port,
            `there is no ${fault.at} at that port: mqtt`
        )
    if (fault.line) checkLine(fault.line, `${name}.line`)
    return fault
}

/** Throws `bad-fault` unless these are options of a line. */
export function checkLine(value: unknown, name = "line"): void {
    checkFields(value, name, LINE_FIELDS)
    const line = value as LineOptions
    if ((line.stallAfterBytes === undefined) !== (line.stallMs === undefined))
        throw bad(name, value, "stallAfterBytes and stallMs, or neither")
    if (line.cut !== undefined && line.cutAfterBytes === undefined)
        throw bad(`${name}.cutAfterBytes`, undefined, "with cut, a number")
}

function checkFields(
    value: unknown,
    name: string,
    fields: Record<string, Range | Values | "text" | "line">
): void {
    if (typeof value !== "object" || value === null || Array.isArray(value))
        throw bad(name, value, "an object")
    for (const [field, content] of Object.entries(value)) {
        const where = `${name}.${field}`
        if (!Object.hasOwn(fields, field))
            throw bad(
                where,
                content,
                `one of ${Object.keys(fields).join(", ")} as its name`
            )
        const { [field]: allowed } = fields
        if (allowed === "line") continue
        if (allowed === "text") {
            if (typeof content !== "string" || !content)
                throw bad(where, content, "a text")
        } else if (typeof allowed[0] === "string") {
            if (!(allowed as Values).includes(content as string))
                throw bad(where, content, `one of ${allowed.join(", ")}`)
        } else {
            const [least, most] = allowed as Range
            if (
                !Number.isInteger(content) ||
                (content as number) < least ||
                (content as number) > most
            )
                throw bad(
                    where,
                    content,
                    `a whole number from ${least} to ${most}`
                )
        }
    }
}

/** The longest quotation of a wrong value. */
const MAX_QUOTED = 60

function bad(name: string, value: unknown, wanted: string): GatewayError {
    const text =
        value === undefined ? "missing" : (JSON.stringify(value) ?? "no JSON")
    const quoted =
        text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text
    return new GatewayError(
        "bad-fault",
        `gateway: ${name} is ${quoted}: ${wanted} is wanted`
    )
}
