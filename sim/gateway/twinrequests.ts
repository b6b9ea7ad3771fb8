/**
 * What a device asks of its twin over MQTT: to read it, and to patch its reported properties.
 *
 * An answer goes to `$iothub/twin/res/{status}/?$rid={rid}`, if the device has subscribed to it. A request that is refused, or that
 * is to fail, changes nothing.
 */
import { randomUUID } from "node:crypto"
import type { Clock } from "./clock"
import type { Connection } from "./connection"
import type { EventHub } from "./events"
import { twinAnswerTopic } from "./operationtopics"
import type { Profile } from "./profiles"
import { patched, PatchError, readPatch, type JsonObject } from "./twin"
import {
    copy,
    twinDocument,
    named,
    type Fault,
    type Twin,
    type Twins,
} from "./twins"

/** What a hub calls a patch that it does not take; its other errors are `{status}001`. */
const BAD_FORMAT = 400004

/** A request that is not done. */
class Refusal extends Error {
    constructor(
        readonly status: Fault,
        message: string
    ) {
        super(message)
    }
}

interface Answer {
    status: Fault
    version?: number
    body?: JsonObject
}

export class TwinRequests {
    constructor(
        private readonly clock: Clock,
        private readonly events: EventHub,
        private readonly profile: Profile,
        private readonly twins: Twins
    ) {}

    /** @param failWith of a fault: the status that it gets, whatever it says */
    read(connection: Connection, rid: string, failWith?: number): void {
        const twin = this.twins.of(connection.deviceId)
        const answer = this.attempt(() => {
            this.fail(twin, failWith)
            if (this.twins.isOffline)
                throw new Refusal(null, "the gateway is offline")
            return { status: 200, body: twinDocument(twin) }
        })
        const { status } = answer
        const answered = this.answer(connection, rid, answer)
        this.events.emit("twinRead", { ...named(connection), status, answered })
    }

    /** Without `rid` it is not answered. `version`: the one that the device takes its reported properties to have. */
    report(
        connection: Connection,
        { rid, version }: { rid?: string; version?: string },
        body: Buffer,
        failWith?: number
    ): void {
        const twin = this.twins.of(connection.deviceId)
        let patch: JsonObject | undefined
        const answer = this.attempt(() => {
            this.fail(twin, failWith)
            if (this.twins.isOffline && !this.profile.keepsReports)
                throw new Refusal(null, "the hub is offline")
            const read = readPatch(body)
            this.checkVersion(twin, version)
            twin.reported = patched(twin.reported, read)
            patch = read
            return { status: 204, version: twin.reported.version }
        })
        const answered =
            rid !== undefined && this.answer(connection, rid, answer)
        const { status, reason } = answer
        const of = named(connection)
        if (patch)
            this.events.emit("reported", {
                ...of,
                version: twin.reported.version,
                patch: copy(patch),
                answered,
            })
        else
            this.events.emit("reportRefused", {
                ...of,
                status,
                reason,
                answered,
            })
    }

    private attempt(run: () => Answer): Answer & { reason: string } {
        try {
            return { ...run(), reason: "" }
        } catch (error) {
            const { message: reason } = error as Error
            if (error instanceof Refusal)
                return { status: error.status, reason }
            if (!(error instanceof PatchError)) throw error
            const { statusOfMalformedPatch } = this.profile
            return {
                status:
                    error.fault === "malformed" ? statusOfMalformedPatch : 400,
                reason,
            }
        }
    }

    /** Throws a fault that was asked for. */
    private fail({ faults }: Twin, failWith?: number): void {
        const status = failWith ?? faults.shift()
        if (status !== undefined)
            throw new Refusal(status, "the operator asked for it")
    }

    private checkVersion({ reported }: Twin, version?: string): void {
        if (version === undefined || !this.profile.checksReportedVersion) return
        if (!/^\d{1,15}$/.test(version))
            throw new Refusal(400, "$version is no number")
        if (Number(version) !== reported.version)
            throw new Refusal(
                412,
                `the patch is for version ${version}, and it is ${reported.version}`
            )
    }

    /** False if it goes nowhere: it is to get no answer, or has not subscribed to any. */
    private answer(
        connection: Connection,
        rid: string,
        { status, version, body, reason }: Answer & { reason: string }
    ): boolean {
        if (status === null) return false
        const { versionOnReported, errorBodies } = this.profile
        const told = versionOnReported ? version : undefined
        const payload =
            status >= 400 && errorBodies ? this.error(status, reason) : body
        return connection.deliver(
            twinAnswerTopic(status, rid, told),
            payload ? JSON.stringify(payload) : ""
        )
    }

    private error(status: number, message: string): JsonObject {
        return {
            errorCode: status === 400 ? BAD_FORMAT : status * 1000 + 1,
            trackingId: randomUUID(),
            message,
            timestampUtc: new Date(this.clock.now()).toISOString(),
        }
    }
}
