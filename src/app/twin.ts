/**
 * The device twin: properties that the cloud desires, and properties that the device reports, as JSON documents.
 *
 * Requests (`get`, `report`) may come from any fiber, and wait for their answer. They go out one after the other, in their order;
 * one that has no answer when the connection breaks goes out again on the next one: getting and reporting twice does no harm.
 * 429 and 5xx are tried again; every other error, and an answer that does not come, is the caller's.
 *
 * Desired properties are followed in a fiber of its own, so that a handler may wait for whatever it likes. After each connect the
 * twin is read, and the handler gets the whole document if its `$version` is not the one that it has seen last; then it gets each
 * change. A change that is not newer is ignored. When one is missing, the whole document is read and given again.
 *
 * A version counts as seen when the handler returns. When it throws, that is on the console, and the handler gets the whole
 * document with the next change, or after the next connect; when what it threw is that a request to the twin failed, after a while.
 *
 * RAM: MAX_REQUESTS reports, MAX_PATCHES changes of MAX_PATCH_BYTES, one document, parsed.
 */
import * as ds from "@devicescript/core"
import { removeAt } from "../bytes"
import { ErrorCode, errorCode, failIf } from "../errors"
import { encodeJson, parseJson } from "../iothub/json"
import {
    DESIRED_CHANGES,
    TWIN_ANSWERS,
    readOperation,
    sendOperation,
} from "../iothub/operations"
import type { IncomingPublish } from "../mqtt/packet"
import type { Session } from "../mqtt/session"
import {
    Backoff,
    FIRST_RANGE_MS,
    MAX_RANGE_MS,
    hardwareRandom,
} from "../net/backoff"
import type { Feature } from "./feature"
import type { Leaf } from "./leaf"
import { describe, log } from "./log"
import { PolicyAt } from "./policy"

/** Requests that wait, for the network or for their answer. */
export const MAX_REQUESTS = 5
/** The longest report, as JSON. IoT Hub allows 32 KB, the heap does not. */
export const MAX_REPORT_BYTES = 1024
/** How long a request waits for its answer at most, through retries and reconnections. */
export const REQUEST_TIMEOUT_MS = 60000
/** How often a request goes out that is answered with 429 or 5xx; the waits between double from up to 1 s, or 5 s after a 429. */
export const MAX_TRIES = 5

/** Changes that wait for the handler, and the longest of them: instead of more the whole document is read. */
export const MAX_PATCHES = 4
export const MAX_PATCH_BYTES = 512

/** A version that is not the one before any other. */
const UNSEEN = -2

/** How often a waiting caller looks for the answer. */
const CHECK_MS = 20

/** The whole twin. Both documents have their `$version`. */
export interface TwinDocument {
    desired: any
    reported: any
}

/**
 * @param desired the whole document, or what has changed of it, where `null` says that a property is gone; with `$version`
 * @param isWhole which of both
 */
export type DesiredHandler = (desired: any, isWhole: boolean) => Promise<void>

interface Request {
    operation: string
    payload: Buffer
    /** `null`: to be sent, on whatever connection there is. */
    rid: string
    /** 0: no answer yet. */
    status: number
    answer: Buffer
}

/** What `leaf.twin()` gives. Firmwares call `onDesired`, `report` and `get`; the rest is for the leaf. */
export class Twin implements Feature {
    readonly filters = [TWIN_ANSWERS + "#", DESIRED_CHANGES + "#"]
    readonly qos = 0

    /** Tests shorten it. */
    timeoutMs = REQUEST_TIMEOUT_MS

    /** The first one is out, or the next to go. */
    private readonly requests: Request[] = []
    private lastRid = 0

    handler: DesiredHandler
    isFollowing = false
    /** Changes that came and were not looked at. An empty one has the whole document read. */
    patches: Buffer[]
    /** Of the desired properties that the handler has seen. */
    version = UNSEEN

    constructor(private readonly leaf: Leaf) {}

    /**
     * Sets who is told of desired properties.
     *
     * @devsWhenUsed
     */
    onDesired(handler: DesiredHandler): void {
        this.handler = handler
        this.leaf.wake()
    }

    /**
     * Reports properties; `null` deletes one. Returns when the cloud, or the gateway for it, has them.
     *
     * @throws LeafError JsonTooLarge, TwinBusy, TwinTimeout, TwinStatus + the status
     * @devsWhenUsed
     */
    async report(patch: any): Promise<void> {
        const payload = encodeJson(patch)
        failIf(
            payload.length > MAX_REPORT_BYTES,
            ErrorCode.JsonTooLarge,
            "app: a report to the twin is too long"
        )
        await this.request("twin/PATCH/properties/reported", payload)
    }

    /**
     * Reads the whole twin.
     *
     * @throws LeafError JsonTooLarge, JsonMalformed, TwinBusy, TwinTimeout, TwinStatus + the status
     */
    async get(): Promise<TwinDocument> {
        const twin = await parseJson(await this.request("twin/GET", hex``))
        failIf(
            !twin || !twin.desired || !twin.reported,
            ErrorCode.JsonMalformed,
            "app: an answer is no twin"
        )
        return twin
    }

    /** Has a request sent, and waits for its answer. */
    private async request(operation: string, payload: Buffer): Promise<Buffer> {
        failIf(
            this.requests.length === MAX_REQUESTS,
            ErrorCode.TwinBusy,
            "app: too many requests to the twin wait"
        )
        const request: Request = {
            operation,
            payload,
            rid: null,
            status: 0,
            answer: null,
        }
        this.requests.push(request)
        const endMs = ds.millis() + this.timeoutMs
        const backoff = new Backoff(hardwareRandom)
        let tries = 0
        try {
            for (;;) {
                this.leaf.wake()
                while (request.status === 0) {
                    failIf(
                        ds.millis() >= endMs,
                        ErrorCode.TwinTimeout,
                        "app: a request to the twin was not answered in time"
                    )
                    await ds.sleep(CHECK_MS)
                }
                const status = request.status
                if (status < 300) return request.answer
                tries++
                failIf(
                    (status !== 429 && status < 500) || tries === MAX_TRIES,
                    ErrorCode.TwinStatus + status,
                    `app: a request to the twin was refused with status ${status}`
                )
                let firstMs = FIRST_RANGE_MS
                if (status === 429)
                    firstMs = this.leaf.policy[PolicyAt.BusyWaitMs]
                await ds.sleep(backoff.nextMs(firstMs, MAX_RANGE_MS))
                request.rid = null
                request.status = 0
            }
        } finally {
            removeAt(this.requests, this.requests.indexOf(request))
            this.leaf.wake()
        }
    }

    begin(): void {
        const request = this.requests[0]
        if (request !== undefined) if (request.status === 0) request.rid = null
        this.patches = [hex``]
    }

    take(message: IncomingPublish): boolean {
        if (message.topic.indexOf(DESIRED_CHANGES) === 0) {
            // Instead of too many the newest one, instead of a long one none: either is seen to be missing.
            if (this.patches.length === MAX_PATCHES) this.patches = []
            const patch = message.payload
            this.patches.push(patch.length > MAX_PATCH_BYTES ? hex`` : patch)
            message.isHandled = true
            return true
        }
        const answer = readOperation(message.topic, TWIN_ANSWERS)
        if (answer === undefined) return false
        message.isHandled = true
        const request = this.requests[0]
        if (request === undefined) return true
        // Not of this request is what an earlier connection was too slow for.
        if (request.rid !== answer.rid) return true
        const status = parseInt(answer.name)
        if (status >= 200) {
            request.status = status
            request.answer = message.payload
        }
        return true
    }

    async serve(session: Session): Promise<void> {
        const request = this.requests[0]
        if (request !== undefined)
            if (request.rid === null) {
                this.lastRid++
                request.rid = `${this.leaf.boot}-${this.lastRid}`
                await sendOperation(
                    session,
                    request.operation,
                    request.rid,
                    request.payload
                )
            }
        if (this.isFollowing) return
        if (this.handler === undefined) return
        if (this.patches.length === 0) return
        this.isFollowing = true
        follow.start(this)
    }
}

/** Brings the handler to where the twin is, in a fiber of its own. Never throws. */
async function follow(twin: Twin): Promise<void> {
    const backoff = new Backoff(hardwareRandom)
    while (twin.patches.length > 0)
        try {
            await step(twin)
        } catch (e: any) {
            log(`twin failed: ${describe(e)}`)
            // What the twin refuses now it may give later; what is wrong with a document stays so.
            if (errorCode(e) >= ErrorCode.TwinBusy) {
                await ds.sleep(backoff.nextMs(FIRST_RANGE_MS, MAX_RANGE_MS))
                twin.patches.push(hex``)
            }
        }
    twin.isFollowing = false
}

/** Looks at one change. */
async function step(twin: Twin): Promise<void> {
    const patch = twin.patches[0]
    removeAt(twin.patches, 0)
    let desired = await parseJson(patch)
    const version = desired === null ? undefined : desired.$version
    if (version <= twin.version) return
    const isWhole = version !== twin.version + 1
    if (isWhole) {
        desired = (await twin.get()).desired
        if (desired.$version === twin.version) return
    }
    twin.version = UNSEEN
    await twin.handler(desired, isWhole)
    twin.version = desired.$version
    log(`twin version ${twin.version}`)
}
