/**
 * How devices prove themselves to the token service: whoever runs a gateway may bring a way of their own (`DeviceAuthenticator`), and
 * this is the one that comes with it.
 *
 * A device and the gateway share an enrolment secret. The device shows that it has it by
 *
 *     proof = base64(HMAC-SHA-256(secret, "edge-leaf-token-v1\n{device id}\n{lifetime in seconds}\n{nonce}"))
 *
 * The first line keeps this use of the secret apart from any other; none of the others can hold a line feed, so that no two requests have
 * the same text. The service sees to it that a nonce counts once. The secret opens no hub: what it gets is a token of hours, as long as
 * the device is enabled.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto"
import { damaged, type Database } from "./database"
import { GatewayError } from "./errors"
import { randomKey } from "./registry"

const DOMAIN = "edge-leaf-token-v1"
const PROOF_BYTES = 32
const TABLE = "enrolments"

/** As a device's key: a secret that a person has made up is none. */
const MIN_SECRET_BYTES = 16
const MAX_SECRET_BYTES = 64

/** What a device asks of the token service. */
export interface EnrolmentRequest {
    deviceId: string
    /** Of this service, younger than its life, and not used yet. */
    nonce: string
    lifetimeSec: number
    /** All fields of the request: whatever a way of one's own needs. Unverified. */
    fields: ReadonlyMap<string, string>
}

export interface DeviceAuthenticator {
    /**
     * Whether the device has proved that it is this one. It takes the same time for a device that it does not know. What it throws refuses
     * the request, as a fault of the service.
     */
    authenticate(request: EnrolmentRequest): boolean | Promise<boolean>
}

/** What a device proves itself with. `secret`: base64. */
export function createProof(
    secret: string,
    request: Pick<EnrolmentRequest, "deviceId" | "nonce" | "lifetimeSec">
): string {
    const { deviceId, lifetimeSec, nonce } = request
    return createHmac("sha256", Buffer.from(secret, "base64"))
        .update([DOMAIN, deviceId, lifetimeSec, nonce].join("\n"))
        .digest("base64")
}

/** Enrolment secrets, one a device. `toJSON` has them: it is for a store that the owner alone reads. */
export class Enrolments implements DeviceAuthenticator {
    private readonly secrets = new Map<string, string>()
    private database: Database | undefined
    private written: Promise<void> = Promise.resolve()
    /** In place of a secret that there is not. */
    private readonly nobody = randomBytes(32).toString("base64")

    /** Those that a database holds; changes are written to it: `saved` resolves when they are on disk. */
    static async open(database: Database): Promise<Enrolments> {
        const enrolments = new Enrolments()
        for (const { key, value } of await database.read(TABLE))
            try {
                enrolments.set(key, value as string)
            } catch {
                throw damaged(database.folder)
            }
        enrolments.database = database
        return enrolments
    }

    /** What `toJSON` gave. */
    static from(kept: unknown): Enrolments {
        if (typeof kept !== "object" || kept === null) bad()
        const enrolments = new Enrolments()
        for (const [deviceId, secret] of Object.entries(kept as object))
            enrolments.set(deviceId, secret as string)
        return enrolments
    }

    /** Enrols a device, or gives it another secret; gives the secret: a random one if none is given. */
    set(deviceId: string, secret = randomKey()): string {
        const bytes = Buffer.from(
            typeof secret === "string" ? secret : "",
            "base64"
        )
        if (
            bytes.toString("base64") !== secret ||
            bytes.length < MIN_SECRET_BYTES ||
            bytes.length > MAX_SECRET_BYTES
        )
            bad()
        this.secrets.set(deviceId, secret)
        this.write(deviceId)
        return secret
    }

    /** False if it was not enrolled. Tokens that it has stay good: disable the device to end them. */
    remove(deviceId: string): boolean {
        const removed = this.secrets.delete(deviceId)
        if (removed) this.write(deviceId)
        return removed
    }

    /** Resolves when all changes so far are on disk; at once for enrolments that are in memory only. */
    saved(): Promise<void> {
        return this.written
    }

    private write(deviceId: string): void {
        const { database } = this
        if (!database) return
        const value = this.secrets.get(deviceId)
        this.written = database.write([{ table: TABLE, key: deviceId, value }])
        // Whoever does not ask whether it is saved is not told.
        this.written.catch(() => undefined)
    }

    get deviceIds(): string[] {
        return [...this.secrets.keys()]
    }

    authenticate(request: EnrolmentRequest): boolean {
        const secret = this.secrets.get(request.deviceId)
        const proof = request.fields.get("proof") ?? ""
        const sent = Buffer.from(proof, "base64")
        const right = Buffer.from(
            createProof(secret ?? this.nobody, request),
            "base64"
        )
        // Node skips what is not base64; only the one right spelling counts.
        const isProof =
            sent.length === PROOF_BYTES && sent.toString("base64") === proof
        const isEqual = timingSafeEqual(
            isProof ? sent : Buffer.alloc(32),
            right
        )
        return isProof && isEqual && secret !== undefined
    }

    toJSON(): Record<string, string> {
        return Object.fromEntries(this.secrets)
    }
}

function bad(): never {
    throw new GatewayError(
        "bad-identity",
        `enrolment: a secret is base64 of ${MIN_SECRET_BYTES}-${MAX_SECRET_BYTES} bytes: leave it out and one is made`
    )
}
