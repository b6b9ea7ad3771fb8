/**
 * X.509 CAs whose devices are let in (`certificateAuthority`), as IoT Hub registers them: who registers one has to prove that he has its
 * key. A CA is added, unverified; a code is asked for; a certificate with the code as its CN, signed by the CA, makes it verified. Until then
 * it admits nobody.
 *
 * In memory, and on disk with a `Database`; every call resolves when its change is there. Nothing here is secret.
 */
import { randomBytes, X509Certificate } from "node:crypto"
import { caFault, checkTime, commonName, isIssuedBy } from "./clientchain"
import { realClock, type Clock } from "./clock"
import { damaged, type Database } from "./database"
import { GatewayError } from "./errors"
import type { Condition } from "./registry"

const TABLE = "authorities"
const NAME = /^[A-Za-z0-9\-._]{1,64}$/
/** As many as an IoT Hub has. */
const MAX_AUTHORITIES = 25
/** As IoT Hub's: 50 hexadecimal digits. */
const CODE_BYTES = 25
/** Far above any certificate; what is larger is not parsed. */
const MAX_CERTIFICATE_BYTES = 64 * 1024

export interface Authority {
    readonly name: string
    /** PEM. */
    readonly certificate: string
    /** SHA-256 of the certificate, hexadecimal in upper case. */
    readonly thumbprint: string
    readonly subject: string
    /** ISO 8601. */
    readonly notAfter: string
    readonly isVerified: boolean
    /** Another one after each change. */
    readonly etag: string
}

interface Kept extends Authority {
    /** What the next proof has to have as its CN; "" for none. */
    readonly code: string
}

export class Authorities {
    private readonly kept = new Map<string, Kept>()
    private readonly watchers = new Set<() => void>()
    private trusted: X509Certificate[] = []

    private database: Database | undefined

    /** None, and kept in memory. */
    constructor(private readonly clock: Pick<Clock, "now"> = realClock) {}

    /** Those that a database holds. */
    static async open(
        database: Database,
        clock?: Pick<Clock, "now">
    ): Promise<Authorities> {
        const authorities = new Authorities(clock)
        for (const { key, value } of await database.read(TABLE))
            try {
                const one = value as Kept
                const { fingerprint256 } = new X509Certificate(one.certificate)
                if (
                    one.name !== key ||
                    plain(fingerprint256) !== one.thumbprint
                )
                    throw new Error("not as it was written")
                authorities.kept.set(key, one)
            } catch {
                throw damaged(database.folder)
            }
        authorities.database = database
        authorities.refresh()
        return authorities
    }

    /** Adds a CA, unverified. `certificate`: PEM or DER. Throws `bad-authority` or `duplicate-authority`. */
    async add(
        name: string,
        certificate: string | Uint8Array
    ): Promise<Authority> {
        if (typeof name !== "string" || !NAME.test(name))
            throw bad(
                "a name has 1-64 letters, digits or -._ : choose another one"
            )
        const parsed = read(certificate)
        const thumbprint = plain(parsed.fingerprint256)
        const same = [...this.kept.values()].find(
            one => one.name === name || one.thumbprint === thumbprint
        )
        if (same)
            throw new GatewayError(
                "duplicate-authority",
                `authorities: ${same.name} is there already${same.name === name ? "" : ", and is the same certificate"}: remove it first`
            )
        if (this.kept.size >= MAX_AUTHORITIES)
            throw bad(`there are ${MAX_AUTHORITIES} already: remove one first`)
        const fault = faultOf(parsed, this.clock.now())
        if (fault !== undefined)
            throw bad(`the certificate cannot be registered: ${fault}`)
        return this.put({
            name,
            certificate: parsed.toString(),
            thumbprint,
            subject: parsed.subject.replaceAll("\n", ", "),
            notAfter: new Date(parsed.validTo).toISOString(),
            isVerified: false,
            etag: newEtag(),
            code: "",
        })
    }

    get(name: string): Authority | undefined {
        const kept = this.kept.get(name)
        return kept && shown(kept)
    }

    /** By the order of their names. */
    list(): Authority[] {
        return [...this.kept.keys()].sort().map(name => this.get(name)!)
    }

    /** A new code, which makes an earlier one worthless. */
    async verificationCode(
        name: string,
        condition: Condition = {}
    ): Promise<string> {
        const kept = this.known(name, condition)
        const code = randomBytes(CODE_BYTES).toString("hex").toUpperCase()
        await this.put({ ...kept, code, etag: newEtag() })
        return code
    }

    /** Takes the proof: a certificate with the code as its CN, signed by the CA. Throws `bad-proof`. */
    async verify(
        name: string,
        proof: string | Uint8Array,
        condition: Condition = {}
    ): Promise<Authority> {
        const kept = this.known(name, condition)
        if (kept.code === "")
            throw badProof("there is no verification code: ask for one first")
        const certificate = read(proof)
        if (plain(certificate.fingerprint256) === kept.thumbprint)
            throw badProof("this is the CA itself: make a certificate under it")
        if (nameOf(certificate) !== kept.code)
            throw badProof(
                "its CN is not the verification code, which counts until another one is asked for"
            )
        if (!isIssuedBy(certificate, new X509Certificate(kept.certificate)))
            throw badProof(
                `it is not signed by ${name}: sign it with that CA's key`
            )
        const late = checkTime(certificate, this.clock.now())
        if (late) throw badProof(late.message)
        return this.put({
            ...kept,
            isVerified: true,
            code: "",
            etag: newEtag(),
        })
    }

    /** Its devices are not let in any more. */
    async remove(name: string, condition: Condition = {}): Promise<void> {
        this.known(name, condition)
        await this.database?.write([
            { table: TABLE, key: name, value: undefined },
        ])
        this.kept.delete(name)
        this.refresh()
    }

    /** The certificates of those that are verified. */
    get verified(): readonly X509Certificate[] {
        return this.trusted
    }

    /** Calls back after each change; the result stops that. */
    watch(watcher: () => void): () => void {
        this.watchers.add(watcher)
        return () => {
            this.watchers.delete(watcher)
        }
    }

    private known(name: string, { ifMatch = "*" }: Condition): Kept {
        const kept = this.kept.get(name)
        if (!kept)
            throw new GatewayError(
                "unknown-authority",
                `authorities: there is no CA ${name}: add it first`
            )
        if (ifMatch !== "*" && ifMatch !== kept.etag)
            throw new GatewayError(
                "precondition-failed",
                `authorities: ${name} was changed since: read it again`
            )
        return kept
    }

    private async put(kept: Kept): Promise<Authority> {
        await this.database?.write([
            { table: TABLE, key: kept.name, value: kept },
        ])
        this.kept.set(kept.name, kept)
        this.refresh()
        return shown(kept)
    }

    private refresh(): void {
        this.trusted = [...this.kept.values()]
            .filter(one => one.isVerified)
            .map(one => new X509Certificate(one.certificate))
        for (const watcher of [...this.watchers]) watcher()
    }
}

/** Why a certificate cannot be registered. What is in it is a stranger's. */
function faultOf(
    certificate: X509Certificate,
    nowMs: number
): string | undefined {
    try {
        return caFault(certificate) ?? checkTime(certificate, nowMs)?.message
    } catch {
        return "a part of it cannot be read"
    }
}

function nameOf(certificate: X509Certificate): string | undefined {
    try {
        return commonName(certificate)
    } catch {
        return undefined
    }
}

function shown({ code: _code, ...authority }: Kept): Authority {
    return Object.freeze(authority)
}

function newEtag(): string {
    return randomBytes(9).toString("base64url")
}

/** As thumbprints are compared: without colons. */
export function plain(fingerprint: string): string {
    return fingerprint.replaceAll(":", "").toUpperCase()
}

function read(certificate: string | Uint8Array): X509Certificate {
    const bytes = Buffer.from(certificate)
    const pems = bytes.toString("latin1").split("-----BEGIN CERTIFICATE-----")
    if (pems.length > 2)
        throw bad("one certificate is wanted, and there are several")
    try {
        if (bytes.length > MAX_CERTIFICATE_BYTES) throw new Error("too large")
        return new X509Certificate(bytes)
    } catch {
        throw bad("this is no X.509 certificate in PEM or DER")
    }
}

function bad(message: string): GatewayError {
    return new GatewayError("bad-authority", `authorities: ${message}`)
}

function badProof(message: string): GatewayError {
    return new GatewayError("bad-proof", `authorities: no proof: ${message}`)
}
