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
 * An answer goes out on the connection on which its call came, or not at all: whoever called has been told by then. A handler
 * cannot be stopped: one that never ends takes one of the MAX_RUNNING places for ever.
 *
 * RAM: the payloads of MAX_RUNNING calls, each parsed, and of their answers.
 */
import * as ds from "@devicescript/core"
import { removeAt } from "../bytes"
import { ErrorCode, errorCode, failIf } from "../errors"
import { MAX_JSON_BYTES, encodeJson, parseJson } from "../iothub/json"
import { METHODS, readOperation, sendOperation } from "../iothub/operations"
import type { IncomingPublish } from "../mqtt/packet"
import type { Session } from "../mqtt/session"
import type { Feature } from "./feature"
import type { Leaf } from "./leaf"
import { describe, log } from "./log"

/** Handlers that run at once. A parsed payload takes up to 6 KB. */
export const MAX_RUNNING = 3

/** Calls that wait for their answer; when there are more, nobody hears of the newest. */
export const MAX_CALLS = 8

/** A call without an answer fails after 30 s, if the caller has not said otherwise; and the leaf looks every 5 s. */
export const METHOD_TIMEOUT_MS = 20000

/** The longest answer. */
export const MAX_ANSWER_BYTES = MAX_JSON_BYTES

export interface MethodResult {
    /** For the caller: 100 to 599, 200 for a success. */
    status: number
    /** What JSON can say; left out: an empty answer. */
    payload?: any
}

/** @param payload what the caller's JSON says; `null` when there is none */
export type MethodHandler = (payload: any) => Promise<MethodResult>

/** A call on its way to its answer. */
class Call {
    /** 0: none yet. */
    status = 0
    answer: Buffer

    constructor(
        readonly name: string,
        readonly rid: string,
        readonly endMs: number
    ) {}

    refuse(status: number, message: string): void {
        this.status = status
        this.answer = encodeJson({ message })
    }
}

export class Methods implements Feature {
    readonly filters = [METHODS + "#"]
    readonly qos = 0

    /** Tests shorten it. */
    timeoutMs = METHOD_TIMEOUT_MS

    private readonly names: string[] = []
    private readonly handlers: MethodHandler[] = []
    /** Of this connection. Only its fiber changes the list. */
    private calls: Call[] = []
    private running = 0

    constructor(private readonly leaf: Leaf) {}

    /** The newest handler of a name counts. */
    handle(name: string, handler: MethodHandler): void {
        let index = this.names.indexOf(name)
        if (index < 0) index = this.names.length
        this.names[index] = name
        this.handlers[index] = handler
    }

    begin(): void {
        this.calls = []
    }

    take(message: IncomingPublish): boolean {
        const request = readOperation(message.topic, METHODS)
        if (request === undefined) return false
        if (this.calls.length === MAX_CALLS) return true
        const index = this.names.indexOf(request.name)
        const call = new Call(
            index < 0 ? "?" : request.name,
            request.rid,
            ds.millis() + this.timeoutMs
        )
        this.calls.push(call)
        if (index < 0) call.refuse(404, "there is no such method")
        else if (this.running === MAX_RUNNING)
            call.refuse(503, "too many methods run already")
        else {
            const self = this
            self.running++
            const run = async () => {
                await self.run(call, self.handlers[index], message.payload)
                self.running--
                self.leaf.wake()
            }
            run.start()
        }
        return true
    }

    /** Runs a handler. Never throws. */
    private async run(
        call: Call,
        handler: MethodHandler,
        body: Buffer
    ): Promise<void> {
        let payload: any
        try {
            payload = await parseJson(body)
        } catch (e: any) {
            if (errorCode(e) === ErrorCode.JsonTooLarge)
                call.refuse(413, "the payload is too large")
            else call.refuse(400, "the payload is no JSON")
            return
        }
        try {
            const result = await handler(payload)
            const answer =
                result.payload === undefined
                    ? hex``
                    : encodeJson(result.payload)
            const status = result.status
            failIf(
                answer.length > MAX_ANSWER_BYTES ||
                    (status | 0) !== status ||
                    status < 100 ||
                    status > 599,
                ErrorCode.MethodResult,
                "app: the status is no status, or the answer is too long"
            )
            call.answer = answer
            call.status = status
        } catch (e: any) {
            log(`method ${call.name} failed: ${describe(e)}`)
            call.refuse(500, "the method failed")
        }
    }

    async serve(session: Session): Promise<void> {
        let index = 0
        while (index < this.calls.length) {
            const call = this.calls[index]
            if (call.status === 0 && ds.millis() >= call.endMs)
                call.refuse(504, "the method takes too long")
            if (call.status === 0) index++
            else {
                removeAt(this.calls, index)
                log(`method ${call.name} ${call.status}`)
                await sendOperation(
                    session,
                    `methods/res/${call.status}`,
                    call.rid,
                    call.answer
                )
            }
        }
    }
}
