/**
 * A TLS 1.2 server that misbehaves on request, for tests of the device's client.
 *
 * Without faults it is a correct server for ECDHE (X25519, P-256) with AES-128-GCM and ChaCha20-Poly1305, for RSA and
 * ECDSA certificates (RFC 5246, 5288, 5289, 7905, 8422), with the extended master secret (RFC 7627), the renegotiation
 * indication (RFC 5746), max_fragment_length (RFC 6066) and session tickets (RFC 5077). See `hostile.ts` for the hooks.
 */
import { randomBytes } from "node:crypto"
import {
    chooseScheme,
    generateShare,
    isScheme,
    keyKind,
    P256,
    ServerShare,
    sha256,
    signWith,
    Suite,
    SUITES_12,
    X25519,
} from "./algorithms"
import { ClientHello, complaintsAbout, readClientHello } from "./clienthello"
import { CommonFaults, HostileServer, ServerConfig } from "./hostile"
import type { TicketState } from "./tickets"
import {
    MASTER_SECRET_LENGTH,
    prf,
    protections,
    Protection12,
    VERIFY_DATA_LENGTH,
} from "./tls12crypto"
import {
    Alert,
    bodyOf,
    Content,
    Cursor,
    Ext,
    extension,
    handshake,
    NOTHING,
    TLS12,
    Type,
    uint,
    vector,
} from "./wire"

export interface ServerHello12 {
    version: number
    random: Buffer
    sessionId: Buffer
    suite: number
    compression: number
    extendedMasterSecret: boolean
    /** renegotiated_connection; undefined: no renegotiation_info. */
    renegotiation: Buffer | undefined
    /** Whether a NewSessionTicket follows. */
    ticket: boolean
    maxFragment: number | undefined
    /** More extensions, ready made. */
    more: Buffer[]
    /** No list of extensions at all, not even an empty one. */
    bare: boolean
}

export interface ServerKeyExchange12 {
    curveType: number
    group: number
    point: Buffer
    scheme: number
    /** Makes the signature over both randoms and the parameters. */
    sign: (content: Buffer) => Buffer
    /** Bytes behind the signature; none. */
    trailing: Buffer
}

export interface Faults12 extends CommonFaults {
    /** Changes fields of the ServerHello. */
    serverHello?: Partial<ServerHello12>
    /** Returns the client's session id, as if it resumed. */
    echoesSessionId?: boolean
    /** Changes fields of the ServerKeyExchange. */
    serverKeyExchange?: Partial<ServerKeyExchange12>
    /** Takes the client's ticket (default: if it is good), or does as if it did. */
    resumes?: boolean
    /** Changes the state of the session that is gone on with. */
    session?: Partial<TicketState>
    /** The lifetime hint of tickets, in seconds. */
    lifetimeSec?: number
}

/** RFC 8446 4.1.3: the end of the random of a server that could do better. */
export function downgraded(last: 0 | 1, random = randomBytes(32)): Buffer {
    return Buffer.concat([
        random.subarray(0, 24),
        Buffer.from("DOWNGRD"),
        Buffer.from([last]),
    ])
}

export class TlsServer12 extends HostileServer {
    private hello!: ClientHello
    private serverHello!: ServerHello12
    private suite!: Suite
    private share: ServerShare | undefined
    private master: Buffer = NOTHING
    /** The client's keys, from its ChangeCipherSpec on. */
    private pending: { client: Protection12; server: Protection12 } | undefined

    constructor(
        config: ServerConfig,
        protected override readonly faults: Faults12,
        output: (bytes: Buffer) => void
    ) {
        super(config, faults, output)
    }

    protected isProtected(): boolean {
        return true
    }

    protected onMessage(message: Buffer) {
        const type = message[0]
        if (type === Type.ClientHello && !this.hello)
            this.onClientHello(message)
        else if (type === Type.Certificate) this.transcript.push(message)
        else if (type === Type.ClientKeyExchange && this.share)
            this.onClientKeyExchange(message, this.share)
        else if (type === Type.Finished && this.incoming)
            this.onClientFinished(message)
        else this.complainOf(message)
    }

    protected override onChangeCipherSpec() {
        if (!this.pending) this.complaints.push("ChangeCipherSpec without keys")
        this.incoming = this.pending?.client
    }

    private onClientHello(message: Buffer) {
        this.transcript.push(message)
        const hello = readClientHello(message)
        this.hello = hello
        this.complaints.push(...complaintsAbout(hello))
        const suite = this.chooseSuite()
        if (!hello.versions.includes(TLS12) && hello.versions.length)
            return this.sendAlert(2, Alert.ProtocolVersion)
        if (suite === undefined)
            return this.sendAlert(2, Alert.HandshakeFailure)
        const session = this.openSession(suite)
        this.resumed = session !== undefined
        const offers = (type: number) => hello.extensions.has(type)
        this.serverHello = {
            version: TLS12,
            random: randomBytes(32),
            // RFC 5077 3.4: a client that gives a session id sees by it that its ticket was taken.
            sessionId:
                session || this.faults.echoesSessionId
                    ? hello.sessionId
                    : NOTHING,
            suite: session ? session.suite : suite,
            compression: 0,
            extendedMasterSecret: offers(Ext.ExtendedMasterSecret),
            renegotiation:
                offers(Ext.RenegotiationInfo) || hello.suites.includes(0x00ff)
                    ? NOTHING
                    : undefined,
            ticket: Boolean(this.config.tickets) && offers(Ext.SessionTicket),
            maxFragment: this.config.smallRecords
                ? hello.maxFragment
                : undefined,
            more: [],
            bare: false,
            ...this.faults.serverHello,
        }
        this.suite =
            SUITES_12.find(({ code }) => code === this.serverHello.suite) ??
            SUITES_12[0]
        this.sendMessage("serverHello", writeServerHello(this.serverHello))
        if (session) this.resume(session)
        else this.sendFlight()
    }

    /** The session of the client's ticket, if it can be gone on with (RFC 5077 3.3, RFC 7627 5.3). */
    private openSession(suite: number): TicketState | undefined {
        const { tickets } = this.config
        const { resumes, session: changes } = this.faults
        const ticket = this.hello.extensions.get(Ext.SessionTicket)
        if (!tickets || !ticket?.length || resumes === false) return undefined
        const state = tickets.open(ticket)
        if (state)
            return state.version === TLS12 &&
                this.hello.suites.includes(state.suite)
                ? { ...state, ...changes }
                : undefined
        if (!resumes) return undefined
        // It does as if it knew the session.
        return {
            version: TLS12,
            suite,
            secret: randomBytes(MASTER_SECRET_LENGTH),
            extendedMasterSecret: true,
        }
    }

    private chooseSuite(): number | undefined {
        const kind = keyKind(this.config.key)
        const fitting = SUITES_12.filter(({ auth }) => auth === kind)
        const order = this.config.suites ?? fitting.map(({ code }) => code)
        return order.find(code => this.hello.suites.includes(code))
    }

    private sendFlight() {
        const { config, faults, hello, serverHello } = this
        this.sendMessage(
            "certificate",
            handshake(
                Type.Certificate,
                vector(
                    3,
                    ...(faults.certificates ?? config.chain).map(der =>
                        vector(3, der)
                    )
                )
            )
        )
        const offered = [X25519, P256].filter(group =>
            hello.groups.includes(group)
        )
        const group =
            faults.serverKeyExchange?.group ??
            (config.groups ?? offered).find(code => offered.includes(code)) ??
            X25519
        this.share = generateShare(group)
        const scheme =
            faults.serverKeyExchange?.scheme ??
            chooseScheme(hello.schemes, config.key, false)
        const exchange: ServerKeyExchange12 = {
            curveType: 3,
            group,
            point: this.share.publicKey,
            scheme,
            // For a scheme that it does not know, or that does not fit its key, the signature is one that does.
            sign: content =>
                signWith(
                    isScheme(scheme, config.key)
                        ? scheme
                        : chooseScheme(hello.schemes, config.key, false),
                    config.key,
                    content
                ),
            trailing: NOTHING,
            ...faults.serverKeyExchange,
        }
        const parameters = Buffer.concat([
            uint(1, exchange.curveType),
            uint(2, exchange.group),
            vector(1, exchange.point),
        ])
        const signature = exchange.sign(
            Buffer.concat([hello.random, serverHello.random, parameters])
        )
        this.sendMessage(
            "serverKeyExchange",
            handshake(
                Type.ServerKeyExchange,
                parameters,
                uint(2, exchange.scheme),
                vector(2, signature),
                exchange.trailing
            )
        )
        if (faults.requestCertificate)
            this.sendMessage(
                "certificateRequest",
                handshake(
                    Type.CertificateRequest,
                    vector(1, Buffer.from([1, 64])), // rsa_sign, ecdsa_sign
                    vector(2, uint(2, 0x0403), uint(2, 0x0401)),
                    vector(2)
                )
            )
        this.sendMessage("serverHelloDone", handshake(Type.ServerHelloDone))
    }

    private onClientKeyExchange(message: Buffer, share: ServerShare) {
        this.transcript.push(message)
        const r = new Cursor(bodyOf(message))
        const point = r.vector(1)
        if (r.left) this.complaints.push("bytes behind the client's key")
        let premaster: Buffer
        try {
            premaster = share.agree(point)
        } catch {
            this.complaints.push("the client's key is none of the group's")
            return
        }
        this.master = this.serverHello.extendedMasterSecret
            ? prf(
                  premaster,
                  "extended master secret",
                  sha256(...this.transcript),
                  MASTER_SECRET_LENGTH
              )
            : prf(
                  premaster,
                  "master secret",
                  Buffer.concat([this.hello.random, this.serverHello.random]),
                  MASTER_SECRET_LENGTH
              )
        this.pending = this.makeKeys()
    }

    private makeKeys() {
        return protections(
            this.suite,
            this.master,
            this.hello.random,
            this.serverHello.random
        )
    }

    /** RFC 5077 3.1, the second figure: the server is the first to finish. */
    private resume(session: TicketState) {
        this.master = session.secret
        this.pending = this.makeKeys()
        this.sendFinish()
    }

    private onClientFinished(message: Buffer) {
        const expected = this.verifyData("client finished")
        this.clientFinishedIsRight = expected.equals(bodyOf(message))
        this.transcript.push(message)
        if (!this.clientFinishedIsRight) {
            this.sendAlert(2, Alert.DecryptError)
            return
        }
        if (!this.resumed) this.sendFinish()
        this.complete()
    }

    private verifyData(label: string): Buffer {
        return prf(
            this.master,
            label,
            sha256(...this.transcript),
            VERIFY_DATA_LENGTH
        )
    }

    /** NewSessionTicket, ChangeCipherSpec and Finished. */
    private sendFinish() {
        if (this.serverHello.ticket)
            this.sendMessage(
                "newSessionTicket",
                handshake(
                    Type.NewSessionTicket,
                    uint(4, this.faults.lifetimeSec ?? 7200),
                    vector(2, this.makeTicket())
                )
            )
        this.sendStep(
            "changeCipherSpec",
            Content.ChangeCipherSpec,
            Buffer.from([1])
        )
        this.outgoing = this.pending?.server
        this.sendMessage(
            "finished",
            handshake(Type.Finished, this.verifyData("server finished"))
        )
    }

    private makeTicket(): Buffer {
        return (
            this.config.tickets?.seal({
                version: TLS12,
                suite: this.suite.code,
                secret: this.master,
                extendedMasterSecret: this.serverHello.extendedMasterSecret,
            }) ?? randomBytes(100)
        )
    }
}

function writeServerHello(fields: ServerHello12): Buffer {
    const extensions = [...fields.more]
    if (fields.renegotiation)
        extensions.push(
            extension(Ext.RenegotiationInfo, vector(1, fields.renegotiation))
        )
    if (fields.extendedMasterSecret)
        extensions.push(extension(Ext.ExtendedMasterSecret))
    if (fields.ticket) extensions.push(extension(Ext.SessionTicket))
    if (fields.maxFragment !== undefined)
        extensions.push(
            extension(Ext.MaxFragmentLength, uint(1, fields.maxFragment))
        )
    return handshake(
        Type.ServerHello,
        uint(2, fields.version),
        fields.random,
        vector(1, fields.sessionId),
        uint(2, fields.suite),
        uint(1, fields.compression),
        fields.bare ? NOTHING : vector(2, ...extensions)
    )
}
