/**
 * Direct methods: calls from the cloud, by name, each with one answer.
 *
 * A handler runs in a fiber of its own, with the call's payload, and returns a status and a payload. It may take its time and
 * wait for other things of the leaf, such as `twin.report`: the connection goes on meanwhile. What no handler answers is
 * answered here, with a body `{"message": …}`:
 *
 *     400  the payload is no JSON
 *     404  there is no such method
 *     413  the payload is longer or deeper than the limits of iothub/json.ts
 *     500  the handler failed, or its result cannot be sent; the reason is on the console only
 *     503  MAX_RUNNING handlers run already
 *     504  the handler has taken METHOD_TIMEOUT_MS; what it comes to later is dropped
 *
 * An answer goes out on the connection on which its call came, or not at all: whoever called has been told by then. When the
 * token is renewed, the leaf waits for answers before it disconnects, for ten seconds at most. A handler cannot be stopped: one that
 * never ends takes one of the MAX_RUNNING places for ever.
 *
 * RAM: the payloads of MAX_RUNNING calls, each parsed, and of their answers.
 */
import * as ds from "@devicescript/core"
import { removeAt } from "../bytes"
import { ErrorCode, errorCode, failIf } from "../errors"
import { MAX_JSON_BYTES, encodeJson, parseJson } from "../iothub/json"
import {
    METHODS,
    type Operation,
    readOperation,
    sendOperation,
} from "../iothub/operations"
import type { IncomingPublish } from "../mqtt/packet"
import type { Session } from "../mqtt/session"
import type { Feature } from "./feature"
import type { Leaf } from "./leaf"
import { describe, log } from "./log"

/** Handlers that run at once. A parsed payload takes up to 6 KB. */
export const MAX_RUNNING = 2

/** Calls that wait for their answer; when there are more, nobody hears of the newest. */
export const MAX_CALLS = 8

/** A call without an answer fails after 30 s, if the caller has not said otherwise; and the leaf looks every 5 s. */
export const METHOD_TIMEOUT_MS = 20000

/** The longest answer. */
export const MAX_ANSWER_BYTES = MAX_JSON_BYTES

export interface MethodResult {
    /** For the caller: 0 to 1023, and as in HTTP by custom: 200 for a success. */
    status: number
    /** What JSON can say; left out: an empty answer. */
    payload?: any
}

/** @param payload what the caller's JSON says; `null` when there is none */
export type MethodHandler = (payload: any) => Promise<MethodResult>

/** A call on its way to its answer. */
interface Call extends Operation {
    /** As `ds.millis()` counts. */
    endMs: number
    status: number
    /** `null`: none yet. */
    answer: Buffer
}

export class Methods implements Feature {
    readonly filters = [METHODS + "#"]
    readonly qos = 0

    /** Tests shorten it. */
    timeoutMs = METHOD_TIMEOUT_MS

    private readonly names: string[] = []
    private readonly handlers: MethodHandler[] = []
    /** Of this connection. Only its fiber changes the list. */
    private calls: Call[]
    running = 0

    constructor(readonly leaf: Leaf) {}

    /** The first handler of a name counts. */
    handle(name: string, handler: MethodHandler): void {
        this.names.push(name)
        this.handlers.push(handler)
    }

    begin(): void {
        this.calls = []
    }

    take(message: IncomingPublish): boolean {
        const call = readOperation(message.topic, METHODS) as Call
        if (call === undefined) return false
        // With QoS 1, from a subscription that another program has left.
        message.isHandled = true
        if (this.calls.length === MAX_CALLS) return true
        this.calls.push(call)
        call.endMs = ds.millis() + this.timeoutMs
        call.answer = null
        const index = this.names.indexOf(call.name)
        if (index < 0) {
            // No text of a stranger goes to the console.
            call.name = "?"
            refuse(call, 404, "there is no such method")
        } else if (this.running === MAX_RUNNING)
            refuse(call, 503, "too many methods run already")
        else {
            this.running++
            run.start(this, call, this.handlers[index], message.payload)
        }
        return true
    }

    async serve(session: Session): Promise<void> {
        let index = 0
        while (index < this.calls.length) {
            const call = this.calls[index]
            if (call.answer === null) {
                if (ds.millis() < call.endMs) {
                    index++
                    continue
                }
                refuse(call, 504, "the method takes too long")
            }
            removeAt(this.calls, index)
            log(`method ${call.name} ${call.status}`)
            await sendOperation(
                session,
                `methods/res/${call.status}`,
                call.rid,
                call.answer
            )
        }
        this.leaf.isBusy = index > 0
    }
}

function refuse(call: Call, status: number, message: string): void {
    call.status = status
    call.answer = encodeJson({ message })
}

/** Runs a handler, in a fiber of its own. Never throws. */
async function run(
    methods: Methods,
    call: Call,
    handler: MethodHandler,
    body: Buffer
): Promise<void> {
    try {
        const payload = await parseJson(body)
        // It would be on the heap as long as the handler runs.
        body = null
        await answer(call, handler, payload)
    } catch (e: any) {
        refuse(
            call,
            errorCode(e) === ErrorCode.JsonTooLarge ? 413 : 400,
            e.message
        )
    }
    methods.running--
    methods.leaf.wake()
}

/** Never throws. */
async function answer(
    call: Call,
    handler: MethodHandler,
    payload: any
): Promise<void> {
    try {
        const result = await handler(payload)
        const answer =
            result.payload === undefined ? hex`` : encodeJson(result.payload)
        const status = result.status
        failIf(
            answer.length > MAX_ANSWER_BYTES || (status & 1023) !== status,
            ErrorCode.MethodResult,
            "app: the status is no status, or the answer is too long"
        )
        call.status = status
        call.answer = answer
    } catch (e: any) {
        log(`method ${call.name} failed: ${describe(e)}`)
        refuse(call, 500, "the method failed")
    }
}
