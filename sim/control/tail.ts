/**
 * The gateway's events for whoever follows them: each with an id, the last ones kept for those who come back.
 *
 * Bodies of messages are text where they are UTF-8, and base64 in `bodyBase64` where they are not. Nothing is made of an event until
 * somebody follows.
 */
import { isUtf8 } from "node:buffer"
import { randomBytes } from "node:crypto"
import type { EventHub, EventName } from "../gateway/events"

/** Kept for those who come back: so many events, with so many bytes of bodies in all. */
const KEPT_EVENTS = 1000
const KEPT_BYTES = 8 * 1024 * 1024

/** What somebody wants to follow. */
export interface Follow {
    /** All of them if it is missing. */
    names?: readonly string[]
    deviceId?: string
    /** The id of the last event that was seen; only what happens from now on if it is missing. */
    after?: string
    /** It ends after so many. */
    limit?: number
}

export interface TailedEvent {
    /** None of `missed`. */
    id?: string
    /** `missed`: there may have been events between the last one and this, and they are gone. */
    name: EventName | "missed"
    /** What JSON can hold. */
    event: unknown
}

interface Kept {
    number: number
    name: EventName
    event: object
    bytes: number
}

export class Tail {
    private kept: Kept[] = []
    private keptBytes = 0
    private lastNumber = 0
    /** Tells ids of this gateway's run from those of another. */
    private readonly run = randomBytes(6).toString("base64url")
    private readonly followers = new Set<(one: Kept) => void>()
    private readonly stop: () => void

    constructor(
        events: EventHub,
        /** The gateway's time. */
        readonly now: () => number
    ) {
        this.stop = events.onAny((name, event) => this.heard(name, event))
    }

    /** Calls back with each event that fits, those that are kept at once; the result ends that. */
    follow(
        { names, deviceId, after, limit = Infinity }: Follow,
        heard: (event: TailedEvent) => void,
        ended: () => void = () => undefined
    ): () => void {
        let left = limit
        let isOver = false
        const end = () => {
            isOver = true
            this.followers.delete(take)
        }
        const take = (one: Kept) => {
            if (isOver || !fits(one, names, deviceId)) return
            left--
            if (left <= 0) end()
            heard({
                id: `${this.run}-${one.number}`,
                name: one.name,
                event: plain(one.event),
            })
            if (left <= 0) ended()
        }
        if (after !== undefined) this.replay(after, heard, take)
        if (!isOver) this.followers.add(take)
        return end
    }

    close(): void {
        this.stop()
        this.followers.clear()
        this.kept = []
    }

    private replay(
        after: string,
        heard: (event: TailedEvent) => void,
        take: (one: Kept) => void
    ): void {
        const [, run, number] = /^(.*)-(\d{1,15})$/s.exec(after) ?? []
        const isOurs = run === this.run && Number(number) <= this.lastNumber
        const from = isOurs ? Number(number) : 0
        const oldest = this.kept[0]?.number ?? this.lastNumber + 1
        if (!isOurs || from + 1 < oldest) heard({ name: "missed", event: {} })
        for (const one of [...this.kept]) if (one.number > from) take(one)
    }

    private heard(name: EventName, event: object): void {
        const one = {
            number: ++this.lastNumber,
            name,
            event,
            bytes: bodyBytes(event),
        }
        this.kept.push(one)
        this.keptBytes += one.bytes
        while (
            this.kept.length > KEPT_EVENTS ||
            (this.keptBytes > KEPT_BYTES && this.kept.length > 1)
        )
            this.keptBytes -= this.kept.shift()!.bytes
        for (const follower of [...this.followers]) follower(one)
    }
}

function fits(
    { name, event }: Kept,
    names: readonly string[] | undefined,
    deviceId: string | undefined
): boolean {
    return (
        (names === undefined || names.includes(name)) &&
        (deviceId === undefined ||
            (event as { deviceId?: string }).deviceId === deviceId)
    )
}

interface WithBody {
    body?: unknown
    message?: unknown
}

function bodyBytes(event: object): number {
    const { body, message } = event as WithBody
    if (body instanceof Uint8Array) return body.length
    return typeof message === "object" && message !== null
        ? bodyBytes(message)
        : 0
}

/** An event as JSON has it. Only bodies are bytes: in the event, or in the message that it holds. */
function plain(event: object): object {
    const { body, message, ...rest } = event as WithBody
    return {
        ...rest,
        ...(body instanceof Uint8Array && textOf(body)),
        ...(message !== undefined && {
            message:
                typeof message === "object" && message !== null
                    ? plain(message)
                    : message,
        }),
    }
}

function textOf(body: Uint8Array): { body: string } | { bodyBase64: string } {
    return isUtf8(body)
        ? { body: Buffer.from(body).toString() }
        : { bodyBase64: Buffer.from(body).toString("base64") }
}
