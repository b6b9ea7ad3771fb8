/**
 * A TLS 1.3 server that misbehaves on request, for tests of the device's client.
 *
 * Without faults it is a correct server for TLS_AES_128_GCM_SHA256 and TLS_CHACHA20_POLY1305_SHA256, X25519 and P-256,
 * RSA-PSS and ECDSA, with HelloRetryRequest, tickets and resumption with psk_dhe_ke (RFC 8446). See `hostile.ts` for
 * the hooks.
 */
import { randomBytes } from "node:crypto"
import {
    chooseScheme,
    generateShare,
    isScheme,
    P256,
    sha256,
    signWith,
    Suite,
    SUITES_13,
    X25519,
} from "./algorithms"
import {
    ClientHello,
    complaintsAbout,
    complaintsAboutRetry,
    readClientHello,
} from "./clienthello"
import { CommonFaults, HostileServer, ServerConfig } from "./hostile"
import type { TicketState } from "./tickets"
import {
    finishedMac,
    nextSecret,
    Protection13,
    ServerKeySchedule,
} from "./tls13crypto"
import {
    Alert,
    bodyOf,
    Content,
    Ext,
    extension,
    handshake,
    NOTHING,
    TLS12,
    TLS13,
    Type,
    uint,
    vector,
} from "./wire"

export interface ServerHello13 {
    legacyVersion: number
    random: Buffer
    sessionId: Buffer
    suite: number
    compression: number
    /** undefined: no supported_versions. */
    version: number | undefined
    group: number
    /** undefined: no key_share. */
    share: Buffer | undefined
    /** The index of the PSK that was taken; undefined: none. */
    psk: number | undefined
    /** More extensions, ready made. */
    more: Buffer[]
}

export interface HelloRetry13 {
    suite: number
    /** undefined: no key_share. */
    group: number | undefined
    /** undefined: no cookie. */
    cookie: Buffer | undefined
    version: number
    sessionId: Buffer
    /** More extensions, ready made. */
    more: Buffer[]
}

export interface Faults13 extends CommonFaults {
    /** Changes fields of the ServerHello. */
    serverHello?: Partial<ServerHello13>
    /** How many HelloRetryRequests; default: one if it is needed. */
    retries?: number
    /** Changes fields of the HelloRetryRequests. */
    helloRetryRequest?: Partial<HelloRetry13>
    /** Extensions of EncryptedExtensions, ready made. */
    encryptedExtensions?: Buffer[]
    /** Extensions of the first certificate entry. */
    certificateExtensions?: Buffer[]
    certificateVerify?: {
        scheme?: number
        /** Makes the signature; default: as the scheme says, by the server's key. */
        sign?: (content: Buffer) => Buffer
    }
    /** Takes the client's ticket (default: if it is good), or does as if it did. */
    resumes?: boolean
    /** Uses this as the shared secret instead of a key exchange's: psk_ke. */
    sharedSecret?: Buffer
    /** The lifetime of tickets, in seconds. */
    lifetimeSec?: number
}

/** SHA-256 of "HelloRetryRequest", RFC 8446 4.1.3. */
export const RETRY_RANDOM = sha256(Buffer.from("HelloRetryRequest"))

export class TlsServer13 extends HostileServer {
    private hello: ClientHello | undefined
    private asked: HelloRetry13 | undefined
    private retries = 0
    private suite!: Suite
    private keys!: ServerKeySchedule
    private incomingSecret: Buffer = NOTHING
    private outgoingSecret: Buffer = NOTHING
    private finishedHash: Buffer = NOTHING
    private tickets = 0
    declare protected outgoing: Protection13 | undefined

    constructor(
        config: ServerConfig,
        protected override readonly faults: Faults13,
        output: (bytes: Buffer) => void
    ) {
        super(config, faults, output)
    }

    /** Alerts of a client without keys yet, and its ChangeCipherSpec, are not. */
    protected isProtected(type: number): boolean {
        return type === Content.ApplicationData
    }

    protected onMessage(message: Buffer) {
        const type = message[0]
        if (type === Type.ClientHello && !this.incoming)
            this.onClientHello(message)
        else if (type === Type.Certificate && !this.isDone)
            this.transcript.push(message)
        else if (type === Type.Finished && this.incoming && !this.isDone)
            this.onClientFinished(message)
        else if (type === Type.KeyUpdate && this.isDone) {
            this.incomingSecret = nextSecret(this.incomingSecret)
            this.incoming = new Protection13(this.suite, this.incomingSecret)
        } else this.complainOf(message)
    }

    private onClientHello(message: Buffer) {
        const hello = readClientHello(message)
        this.complaints.push(...complaintsAbout(hello))
        if (this.hello && this.asked)
            this.complaints.push(
                ...complaintsAboutRetry(this.hello, hello, this.asked)
            )
        this.hello = hello
        const suites = this.config.suites ?? SUITES_13.map(({ code }) => code)
        const suite = suites.find(code => hello.suites.includes(code))
        if (suite === undefined)
            return this.sendAlert(2, Alert.HandshakeFailure)
        const order = this.config.groups ?? [X25519, P256]
        const group = order.find(code => hello.shares.has(code))
        const { cookie } = this.config
        const wanted =
            this.faults.retries ??
            (group === undefined || (cookie && !hello.cookie) ? 1 : 0)
        if (this.retries < wanted) {
            this.askAgain(hello, suite, {
                group:
                    group === undefined
                        ? order.find(code => hello.groups.includes(code))
                        : undefined,
                cookie,
            })
            return
        }
        this.answer(hello, suite, group)
    }

    /** RFC 8446 4.1.4; the first hello counts as its hash from here on (4.4.1). */
    private askAgain(
        hello: ClientHello,
        suite: number,
        wanted: Pick<HelloRetry13, "group" | "cookie">
    ) {
        this.retries++
        this.asked = {
            suite,
            version: TLS13,
            sessionId: hello.sessionId,
            more: [],
            ...wanted,
            ...this.faults.helloRetryRequest,
        }
        const { group, cookie, more, version } = this.asked
        if (this.retries === 1)
            this.transcript = [
                handshake(Type.MessageHash, sha256(hello.message)),
            ]
        else this.transcript.push(hello.message)
        const extensions = [...more]
        extensions.push(extension(Ext.SupportedVersions, uint(2, version)))
        if (group !== undefined)
            extensions.push(extension(Ext.KeyShare, uint(2, group)))
        if (cookie) extensions.push(extension(Ext.Cookie, vector(2, cookie)))
        this.sendMessage(
            "helloRetryRequest",
            handshake(
                Type.ServerHello,
                uint(2, TLS12),
                RETRY_RANDOM,
                vector(1, this.asked.sessionId),
                uint(2, this.asked.suite),
                uint(1, 0),
                vector(2, ...extensions)
            )
        )
    }

    private answer(
        hello: ClientHello,
        suite: number,
        commonGroup: number | undefined
    ) {
        const session = this.openSession(hello)
        if (session === "wrong") return
        this.transcript.push(hello.message)
        this.resumed = session !== undefined
        const { faults } = this
        const announced = faults.serverHello?.group
        const group =
            announced !== undefined && hello.shares.has(announced)
                ? announced
                : (commonGroup ?? X25519)
        const share = generateShare(group)
        const fields: ServerHello13 = {
            legacyVersion: TLS12,
            random: randomBytes(32),
            sessionId: hello.sessionId,
            suite,
            compression: 0,
            version: TLS13,
            group,
            share: share.publicKey,
            psk: session ? 0 : undefined,
            more: [],
            ...faults.serverHello,
        }
        this.sendMessage("serverHello", writeServerHello(fields))
        this.suite =
            SUITES_13.find(({ code }) => code === fields.suite) ??
            SUITES_13.find(({ code }) => code === suite)!
        const client = hello.shares.get(group)
        this.keys = new ServerKeySchedule(session?.secret)
        this.keys.agree(
            faults.sharedSecret ??
                (client ? share.agree(client) : randomBytes(32)),
            sha256(...this.transcript)
        )
        this.outgoing = new Protection13(this.suite, this.keys.serverHandshake)
        this.incoming = new Protection13(this.suite, this.keys.clientHandshake)
        this.sendFlight(hello)
    }

    /** The session of the client's first ticket, if it can be gone on with: RFC 8446 4.2.11. */
    private openSession(hello: ClientHello): TicketState | undefined | "wrong" {
        const { config, faults } = this
        if (!config.tickets || !hello.psk || faults.resumes === false)
            return undefined
        const state = config.tickets.open(hello.psk.identities[0].identity)
        if (!state || state.version !== TLS13) return undefined
        const right = new ServerKeySchedule(state.secret).binder(
            sha256(
                ...this.transcript,
                hello.message.subarray(0, hello.psk.truncatedLength)
            )
        )
        if (right.equals(hello.psk.binders[0])) return state
        this.complaints.push("the binder is wrong")
        this.sendAlert(2, Alert.DecryptError)
        return "wrong"
    }

    private sendFlight(hello: ClientHello) {
        const { config, faults, keys } = this
        const small =
            config.smallRecords && hello.maxFragment !== undefined
                ? [extension(Ext.MaxFragmentLength, uint(1, hello.maxFragment))]
                : []
        this.sendMessage(
            "encryptedExtensions",
            handshake(
                Type.EncryptedExtensions,
                vector(2, ...(faults.encryptedExtensions ?? small))
            )
        )
        if (!this.resumed) this.sendCertificate(hello)
        this.sendMessage(
            "finished",
            handshake(
                Type.Finished,
                finishedMac(keys.serverHandshake, sha256(...this.transcript))
            )
        )
        this.finishedHash = sha256(...this.transcript)
        this.outgoingSecret = keys.application("s", this.finishedHash)
        this.outgoing = new Protection13(this.suite, this.outgoingSecret)
    }

    private sendCertificate(hello: ClientHello) {
        const { faults } = this
        if (faults.requestCertificate)
            this.sendMessage(
                "certificateRequest",
                handshake(
                    Type.CertificateRequest,
                    vector(1),
                    vector(
                        2,
                        extension(
                            Ext.SignatureAlgorithms,
                            vector(2, uint(2, 0x0804))
                        )
                    )
                )
            )
        const chain = faults.certificates ?? this.config.chain
        this.sendMessage(
            "certificate",
            handshake(
                Type.Certificate,
                vector(1),
                vector(
                    3,
                    ...chain.flatMap((der, i) => [
                        vector(3, der),
                        vector(
                            2,
                            ...(i === 0
                                ? (faults.certificateExtensions ?? [])
                                : [])
                        ),
                    ])
                )
            )
        )
        const content = Buffer.concat([
            Buffer.alloc(64, 0x20),
            Buffer.from("TLS 1.3, server CertificateVerify\0"),
            sha256(...this.transcript),
        ])
        const { key } = this.config
        const fitting = chooseScheme(hello.schemes, key, true)
        const scheme = faults.certificateVerify?.scheme ?? fitting
        const sign =
            faults.certificateVerify?.sign ??
            (signed =>
                signWith(isScheme(scheme, key) ? scheme : fitting, key, signed))
        this.sendMessage(
            "certificateVerify",
            handshake(
                Type.CertificateVerify,
                uint(2, scheme),
                vector(2, sign(content))
            )
        )
    }

    private onClientFinished(message: Buffer) {
        const { keys } = this
        const expected = finishedMac(
            keys.clientHandshake,
            sha256(...this.transcript)
        )
        this.clientFinishedIsRight = expected.equals(bodyOf(message))
        this.transcript.push(message)
        this.incomingSecret = keys.application("c", this.finishedHash)
        this.incoming = new Protection13(this.suite, this.incomingSecret)
        if (!this.clientFinishedIsRight) {
            this.sendAlert(2, Alert.DecryptError)
            return
        }
        if (this.config.tickets) this.sendTicket()
        this.complete()
    }

    /** NewSessionTicket, RFC 8446 4.6.1. @param more its extensions */
    sendTicket(...more: Buffer[]) {
        const nonce = uint(2, this.tickets++)
        const secret = this.keys.resumption(sha256(...this.transcript), nonce)
        const ticket = this.config.tickets!.seal({
            version: TLS13,
            suite: this.suite.code,
            secret,
            extendedMasterSecret: true,
        })
        this.sendHandshake(
            Type.NewSessionTicket,
            uint(4, this.faults.lifetimeSec ?? 7200),
            randomBytes(4), // ticket_age_add
            vector(1, nonce),
            vector(2, ticket),
            vector(2, ...more)
        )
    }

    /** Sends a protected record with this inner plaintext, type and padding included. */
    sendInner(inner: Buffer) {
        this.sendRecord(this.outgoing!.sealInner(inner))
    }

    /** Sends KeyUpdate and changes the server's keys. */
    updateKeys(request: 0 | 1) {
        this.sendHandshake(Type.KeyUpdate, Buffer.from([request]))
        this.outgoingSecret = nextSecret(this.outgoingSecret)
        this.outgoing = new Protection13(this.suite, this.outgoingSecret)
    }
}

function writeServerHello(fields: ServerHello13): Buffer {
    const extensions = [...fields.more]
    if (fields.version !== undefined)
        extensions.push(
            extension(Ext.SupportedVersions, uint(2, fields.version))
        )
    if (fields.share)
        extensions.push(
            extension(
                Ext.KeyShare,
                uint(2, fields.group),
                vector(2, fields.share)
            )
        )
    if (fields.psk !== undefined)
        extensions.push(extension(Ext.PreSharedKey, uint(2, fields.psk)))
    return handshake(
        Type.ServerHello,
        uint(2, fields.legacyVersion),
        fields.random,
        vector(1, fields.sessionId),
        uint(2, fields.suite),
        uint(1, fields.compression),
        vector(2, ...extensions)
    )
}
