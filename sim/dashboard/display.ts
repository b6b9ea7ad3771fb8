/** The two displays of the demonstration: lines for people, and one JSON object a line for programs. */
import type { CloudMessageState } from "../gateway/cloudmessage"
import { Display, ShownEvent } from "./events"

type Write = (text: string) => void

/** One JSON object a line, with the milliseconds since the start. */
export class JsonDisplay implements Display {
    private readonly startMs = performance.now()

    constructor(private readonly write: Write) {}

    show(event: ShownEvent): void {
        const ms = Math.round(performance.now() - this.startMs)
        this.write(JSON.stringify({ ms, ...event }) + "\n")
    }
}

const RESET = "\x1b[0m"
const COLOURS = {
    green: "\x1b[32m",
    red: "\x1b[31m",
    yellow: "\x1b[33m",
    cyan: "\x1b[36m",
    dim: "\x1b[2m",
    bold: "\x1b[1m",
    plain: "",
}
type Colour = keyof typeof COLOURS

const CLOUD_COLOURS: Record<CloudMessageState, Colour> = {
    enqueued: "plain",
    "in-flight": "plain",
    completed: "green",
    expired: "yellow",
    "dead-lettered": "red",
}

/** Characters of JSON in a line. */
const MAX_JSON = 200

/** A line an event: when, what, and what there is to say of it. */
export class TextDisplay implements Display {
    private readonly startMs = performance.now()

    constructor(
        private readonly write: Write,
        private readonly coloured: boolean
    ) {}

    show(event: ShownEvent): void {
        const [label, colour, text] = describe(event)
        const seconds = (performance.now() - this.startMs) / 1000
        const time = `${seconds.toFixed(1)} s`.padStart(8)
        this.write(
            `${this.paint("dim", time)}  ${this.paint(colour, label.padEnd(10))}  ${text}\n`
        )
    }

    private paint(colour: Colour, text: string): string {
        return this.coloured && COLOURS[colour]
            ? COLOURS[colour] + text + RESET
            : text
    }
}

/** Label, its colour, and the text of an event. */
export function describe(event: ShownEvent): [string, Colour, string] {
    switch (event.type) {
        case "gateway":
            return [
                "gateway",
                "cyan",
                `${event.host} listens on ${event.address}:${event.port} (MQTT over TLS) and :${event.httpsPort} (HTTPS, for the time), and behaves as ${event.profile === "hub" ? "IoT Hub" : "edgeHub"}${event.control === undefined ? "" : `; its control API is ${event.control}`}`,
            ]
        case "firmware":
            return [
                "firmware",
                "cyan",
                `${event.codeBytes.toLocaleString("en")} B of code, image ${event.imageBytes.toLocaleString("en")} B; runs as ${event.deviceId} in the VM`,
            ]
        case "handshake":
            return [
                "handshake",
                "green",
                `TLS, chain verified up to the pinned CA in ${event.totalMs} ms: ` +
                    event.phases
                        .map(phase => `${phase.name} ${phase.ms}`)
                        .join(" │ "),
            ]
        case "connected":
            return [
                "connected",
                "green",
                `${event.deviceId}, ${event.protocol}, token until ${event.tokenExpiry}`,
            ]
        case "telemetry":
            return [
                "telemetry",
                "plain",
                `#${event.count}${event.duplicate ? " again" : ""}  ${event.body}  ${list({ ...event.properties, ...event.systemProperties })}`,
            ]
        case "heartbeat":
            return ["heartbeat", "green", list(event.properties)]
        case "cloudMessage":
            return [
                "message",
                CLOUD_COLOURS[event.state],
                `to ${event.deviceId}: ${event.messageId} ${event.state}${event.reason ? `, ${event.reason}` : ""} (deliveries: ${event.deliveryCount})`,
            ]
        case "reported":
            return event.failure === undefined
                ? [
                      "reported",
                      "green",
                      `${event.deviceId}, version ${event.version}: ${shown(event.patch)}`,
                  ]
                : ["reported", "red", `${event.deviceId}: ${event.failure}`]
        case "desired":
            return [
                "desired",
                "plain",
                `to ${event.deviceId}, version ${event.version}: ${shown(event.patch)}`,
            ]
        case "method":
            return method(event)
        case "fault":
            return [
                "fault",
                "yellow",
                `${event.fault} at ${event.at}${event.count > 1 ? `, ${event.count} times now` : ""}, as asked for`,
            ]
        case "dropped":
            return [
                "dropped",
                "red",
                `${event.deviceId}: ${event.reason}: ${JSON.stringify(event.topic)}`,
            ]
        case "overdue":
            return [
                "OVERDUE",
                "red",
                `${event.deviceId}: no sign of life for ${event.silentSec} s, expected every ${event.expectedSec} s`,
            ]
        case "lost":
            return [
                "LOST",
                "red",
                `${event.deviceId}: no sign of life for ${event.silentSec} s: given up until it is back`,
            ]
        case "alive":
            return ["alive", "green", `${event.deviceId} is back`]
        case "refused":
            return ["refused", "red", `${event.deviceId}: ${event.reason}`]
        case "disconnected":
            return ["closed", "yellow", `${event.deviceId}: ${event.reason}`]
        case "scene":
            return ["scene", "bold", event.text]
        case "device":
            return ["device", "dim", event.text]
        case "panic":
            return [
                "PANIC",
                "red",
                `${event.code} ${event.name}; the device starts again`,
            ]
        case "end":
            return [
                "end",
                "bold",
                `${event.accepted} telemetry messages were accepted`,
            ]
    }
}

function method({
    deviceId,
    name,
    status,
    payload,
    failure,
}: ShownEvent & { type: "method" }): [string, Colour, string] {
    if (failure !== undefined) return ["method", "red", failure]
    if (status === undefined)
        return ["method", "plain", `${name}(${shown(payload)}) at ${deviceId}`]
    return [
        "method",
        status < 400 ? "green" : "yellow",
        `${name} at ${deviceId}: ${status} ${shown(payload)}`,
    ]
}

/** JSON, cut short: a document can have 32 KB and a payload 128. */
function shown(json: unknown): string {
    const text = JSON.stringify(json ?? null)
    return text.length > MAX_JSON ? `${text.slice(0, MAX_JSON)}…` : text
}

function list(properties: Record<string, string>): string {
    return Object.entries(properties)
        .map(([name, value]) => `${name}=${value}`)
        .join(" ")
}
