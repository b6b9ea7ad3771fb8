/**
 * Resumption: sessions that outlive their connection, and how they are offered again.
 *
 * TLS 1.2: RFC 5077 (tickets). TLS 1.3: RFC 8446 4.2.11 and 4.6.1, with (EC)DHE always, never with early data (T3).
 * A part: a firmware that gives the client no `Resumption` has none of this in its image.
 *
 * A session is stored only after both Finished messages, with what its handshake proved (T0): the validity of the server's
 * certificate, and until when it may stand for that. It is bound to host, port, pinned CAs, version and suite (T1), and
 * offered only where all of them are the same and nothing has expired (T2). The extended master secret is not among what
 * is stored because no session exists without it.
 *
 * What is stored is as secret as the connection it can open: like the device's key, it lies in flash in the clear.
 */
import { equalBytes, wipe } from "../bytes"
import { digest } from "../crypto/hash"
import { hkdfExtract } from "../crypto/hkdf"
import { surelySec } from "../x509/path"
import { Extension } from "./extensions"
import type { TlsOptions } from "./handshake"
import {
    emptyHash,
    expandLabel,
    finishedMac,
    HASH_LENGTH,
    type Transcript,
} from "./keyschedule"
import { ServerProof } from "./serverproof"
import type { WireWriter } from "./wire"

/**
 * The longest ticket that is kept: it costs as much of the heap with each hello. OpenSSL's have about 200 bytes. GnuTLS' of
 * TLS 1.2 begin with 390 and have the server's name in them. Whether the store has room for it is the store's to say.
 */
export const MAX_TICKET = 512

/** Where one session, as bytes, is kept; for the connection to one host and port. */
export interface SessionStore {
    /** @returns what was saved last, a copy: it is wiped after use; null or empty if nothing was */
    load(): Promise<Buffer>
    /** @param state to be copied, it is wiped after; empty: there is no session any more */
    save(state: Buffer): Promise<void>
}

/** Of version TLS12 or TLS13. */
export class Session {
    version: number
    /** The code of the cipher suite. */
    suite: number
    /** Until when the ticket is good, Unix seconds; by the lower bound of the time, while the time is unknown. */
    expiresSec: number
    /** Of a new session: how long the server grants it. */
    lifetimeSec = 0
    /** TLS 1.3: ticket_age_add, 4 bytes. */
    ageAdd: Buffer
    /** Evidence of the handshake that the session comes from. */
    proof: ServerProof
    /** TLS 1.2: the master secret; TLS 1.3: the pre-shared key. */
    secret: Buffer
    ticket: Buffer
}

/** binders of pre_shared_key: the vector's length, one binder's length, one binder. */
const BINDERS_LENGTH = 2 + 1 + HASH_LENGTH

/**
 * Loads, offers and stores the session of one connection. One for each connection: `new Resumption(store)`.
 */
export class Resumption {
    private binding: Buffer = null
    private session: Session = null
    private nowSec = 0

    constructor(private readonly store: SessionStore) {}

    /** The stored session, if it may be offered with these options (T1, T2); else null. */
    async load(options: TlsOptions): Promise<Session> {
        this.binding = bind(options)
        this.nowSec = surelySec(options)
        const session = unpack(await this.store.load(), this.binding)
        if (session === null) return null
        const proof = session.proof
        if (session.expiresSec < this.nowSec) return null
        if (proof.trustedUntilSec < this.nowSec) return null
        if (proof.notAfterSec < this.nowSec) return null
        if (options.nowSec >= 0)
            if (proof.notBeforeSec > this.nowSec) return null
        for (const suite of options.parts.suites)
            if (suite.code === session.suite)
                if (suite.version === session.version) this.session = session
        return this.session
    }

    /** Forgets the session: the server refused it, or something went wrong with it. */
    async forget(): Promise<void> {
        if (this.session === null) return
        wipe(this.session.secret)
        this.session = null
        await this.store.save(Buffer.alloc(0))
    }

    /**
     * Stores a new session.
     *
     * A ticket that is empty, too long or good for no time is let go; and one that would take the place of the session which
     * was just resumed, while that has half its life or more. So the flash is not worn by many short connections, and
     * where the time is not known, and lives are counted from the floor, it is the server's clock that ends a session.
     * (Using a ticket more than once lets who watches the line see that it is the same device: RFC 8446 C.4. A leaf has one
     * address and one gateway, and is known by them.)
     *
     * @param session all but `expiresSec` is set
     */
    async keep(session: Session): Promise<void> {
        const length = session.ticket.length
        if (length === 0) return
        if (length > MAX_TICKET) return
        if (session.lifetimeSec === 0) return
        const resumed = this.session
        if (resumed !== null)
            if (2 * (resumed.expiresSec - this.nowSec) >= session.lifetimeSec)
                return
        const proof = session.proof
        session.expiresSec = Math.min(
            this.nowSec + session.lifetimeSec,
            proof.trustedUntilSec
        )
        const state = pack(session, this.binding)
        await this.store.save(state)
        wipe(state)
    }

    /** Writes pre_shared_key with room for its binder. RFC 8446 4.2.11. */
    writePreSharedKey(w: WireWriter): void {
        const ticket = this.session.ticket
        w.writeUint16(Extension.PreSharedKey)
        w.writeUint16(ticket.length + 8 + BINDERS_LENGTH)
        w.writeUint16(ticket.length + 6)
        w.writeUint16(ticket.length)
        w.writeBytes(ticket)
        // The age itself is left out: nobody may use it but for early data, and the device often has no clock.
        w.writeBytes(this.session.ageAdd)
        w.writeUint16(BINDERS_LENGTH - 2)
        w.writeUint8(HASH_LENGTH)
        w.writeBytes(Buffer.alloc(HASH_LENGTH))
    }

    /** Computes the binder of a finished ClientHello, over all that was said before and the hello up to the binders (T3). */
    bind(hello: Buffer, transcript: Transcript): void {
        const early = hkdfExtract(
            Buffer.alloc(HASH_LENGTH),
            this.session.secret
        )
        const key = expandLabel(early, "res binder", emptyHash(), HASH_LENGTH)
        const end = hello.length - BINDERS_LENGTH
        const binder = finishedMac(key, transcript.hash(hello.slice(0, end)))
        hello.blitAt(end + 3, binder, 0, HASH_LENGTH)
        wipe(early)
        wipe(key)
    }
}

/** What a session is bound to (T1). A name has no line feed, and DER says where it ends: no two inputs read the same. */
function bind(options: TlsOptions): Buffer {
    const parts = [Buffer.from(options.host + ":" + options.port + "\n")]
    for (const anchor of options.anchors) parts.push(anchor.der)
    return digest(...parts)
}

/*
 * A stored session, little-endian: format 1, version 2, suite 2, the proof's notBefore, notAfter and trustedUntil 4 each,
 * expiry 4, ticket_age_add 4, binding 32, length of the secret 1, secret, ticket. Times stop at 2106, which is early, not
 * late.
 */
const FORMAT = 1
const BINDING_AT = 25
const SECRET_AT = BINDING_AT + 32 + 1

function pack(session: Session, binding: Buffer): Buffer {
    const head = Buffer.alloc(SECRET_AT)
    head[0] = FORMAT
    head.setAt(1, "u16", session.version)
    head.setAt(3, "u16", session.suite)
    const proof = session.proof
    head.setAt(5, "u32", proof.notBeforeSec)
    head.setAt(9, "u32", proof.notAfterSec)
    head.setAt(13, "u32", proof.trustedUntilSec)
    head.setAt(17, "u32", session.expiresSec)
    head.blitAt(21, session.ageAdd, 0, 4)
    head.blitAt(BINDING_AT, binding, 0, 32)
    head[SECRET_AT - 1] = session.secret.length
    return Buffer.concat(head, session.secret, session.ticket)
}

/** Null for nothing, for another format, and for a session that is bound to something else. Wipes `state` if it is taken. */
function unpack(state: Buffer, binding: Buffer): Session {
    if (state === null) return null
    if (state.length <= SECRET_AT) return null
    if (state[0] !== FORMAT) return null
    if (!equalBytes(state.slice(BINDING_AT, SECRET_AT - 1), binding))
        return null
    const session = new Session()
    session.version = state.getAt(1, "u16")
    session.suite = state.getAt(3, "u16")
    session.proof = new ServerProof(
        state.getAt(5, "u32"),
        state.getAt(9, "u32"),
        state.getAt(13, "u32")
    )
    session.expiresSec = state.getAt(17, "u32")
    session.ageAdd = state.slice(21, 25)
    const ticketAt = SECRET_AT + state[SECRET_AT - 1]
    session.secret = state.slice(SECRET_AT, ticketAt)
    session.ticket = state.slice(ticketAt)
    wipe(state)
    return session
}
