/** What a server reads in a ClientHello (RFC 8446 4.1.2, RFC 5246 7.4.1.2), and what is wrong with it. */
import { bodyOf, Cursor, Ext, NOTHING, readUint16s, TLS13 } from "./wire"

export interface ClientHello {
    /** The whole message. */
    message: Buffer
    legacyVersion: number
    random: Buffer
    sessionId: Buffer
    suites: number[]
    compressions: Buffer
    /** Bodies by type, in the order in which they stand. */
    extensions: Map<number, Buffer>
    versions: number[]
    groups: number[]
    schemes: number[]
    /** Keys by group. */
    shares: Map<number, Buffer>
    cookie: Buffer | undefined
    /** max_fragment_length. */
    maxFragment: number | undefined
    psk: OfferedPsk | undefined
    pskModes: Buffer
}

/** pre_shared_key, RFC 8446 4.2.11. */
export interface OfferedPsk {
    identities: { identity: Buffer; obfuscatedAge: number }[]
    binders: Buffer[]
    /** How many bytes of the message the binders cover. */
    truncatedLength: number
}

export function readClientHello(message: Buffer): ClientHello {
    const r = new Cursor(bodyOf(message))
    const legacyVersion = r.uint(2)
    const random = r.bytes(32)
    const sessionId = r.vector(1)
    const suites = readUint16s(r.vector(2))
    const compressions = r.vector(1)
    const extensions = new Map<number, Buffer>()
    if (r.left) {
        const list = new Cursor(r.vector(2))
        while (list.left) {
            const type = list.uint(2)
            if (extensions.has(type))
                throw new Error(`the ClientHello has extension ${type} twice`)
            extensions.set(type, list.vector(2))
        }
    }
    if (r.left) throw new Error("the ClientHello has bytes behind its end")
    const list = (type: number, lengthBytes: number): number[] => {
        const body = extensions.get(type)
        return body ? readUint16s(new Cursor(body).vector(lengthBytes)) : []
    }
    const cookie = extensions.get(Ext.Cookie)
    const modes = extensions.get(Ext.PskModes)
    return {
        message,
        legacyVersion,
        random,
        sessionId,
        suites,
        compressions,
        extensions,
        versions: list(Ext.SupportedVersions, 1),
        groups: list(Ext.SupportedGroups, 2),
        schemes: list(Ext.SignatureAlgorithms, 2),
        shares: readShares(extensions.get(Ext.KeyShare)),
        cookie: cookie && new Cursor(cookie).vector(2),
        maxFragment: extensions.get(Ext.MaxFragmentLength)?.[0],
        psk: readPsk(message, extensions.get(Ext.PreSharedKey)),
        pskModes: modes ? new Cursor(modes).vector(1) : NOTHING,
    }
}

function readShares(body: Buffer | undefined): Map<number, Buffer> {
    const shares = new Map<number, Buffer>()
    if (!body) return shares
    const list = new Cursor(new Cursor(body).vector(2))
    while (list.left) shares.set(list.uint(2), list.vector(2))
    return shares
}

function readPsk(
    message: Buffer,
    body: Buffer | undefined
): OfferedPsk | undefined {
    if (!body) return undefined
    const r = new Cursor(body)
    const list = new Cursor(r.vector(2))
    const identities: OfferedPsk["identities"] = []
    while (list.left)
        identities.push({
            identity: list.vector(2),
            obfuscatedAge: list.uint(4),
        })
    const bindersLength = r.left
    const macs = new Cursor(r.vector(2))
    const binders: Buffer[] = []
    while (macs.left) binders.push(macs.vector(1))
    return {
        identities,
        binders,
        truncatedLength: message.length - bindersLength,
    }
}

/** What a ClientHello says against the rules; nothing for a right one. */
export function complaintsAbout(hello: ClientHello): string[] {
    const complaints: string[] = []
    const require = (good: boolean, complaint: string) => {
        if (!good) complaints.push(complaint)
    }
    require(hello.legacyVersion === 0x0303, "the legacy version is not 1.2")
    require(hello.compressions.equals(Buffer.from([0])), "compression")
    for (const group of hello.shares.keys())
        require(hello.groups.includes(
            group
        ), `a share of group ${group}, which is not in supported_groups`)
    const types = [...hello.extensions.keys()]
    if (hello.psk) {
        require(types.at(-1) === Ext.PreSharedKey, "pre_shared_key is not last")
        require(hello.psk.identities.length ===
            hello.psk.binders.length, "not a binder for each identity")
        require(hello.pskModes.equals(Buffer.from([1])), "not psk_dhe_ke alone") // T3
    }
    require(!hello.extensions.has(Ext.EarlyData), "early data is offered") // T3
    if (hello.versions.includes(TLS13))
        require(hello.extensions.has(Ext.KeyShare), "no key_share for TLS 1.3")
    return complaints
}

/** What a second ClientHello changes against RFC 8446 4.1.2. */
export function complaintsAboutRetry(
    first: ClientHello,
    second: ClientHello,
    asked: { group: number | undefined; cookie: Buffer | undefined }
): string[] {
    const complaints: string[] = []
    const same = (a: Buffer, b: Buffer, what: string) => {
        if (!a.equals(b)) complaints.push(`${what} changed`)
    }
    same(first.random, second.random, "the random")
    same(first.sessionId, second.sessionId, "the session id")
    const changing: number[] = [
        Ext.KeyShare,
        Ext.Cookie,
        Ext.PreSharedKey,
        Ext.EarlyData,
    ]
    for (const type of new Set([
        ...first.extensions.keys(),
        ...second.extensions.keys(),
    ]))
        if (!changing.includes(type))
            same(
                first.extensions.get(type) ?? Buffer.from("none"),
                second.extensions.get(type) ?? Buffer.from("none"),
                `extension ${type}`
            )
    if (String(first.suites) !== String(second.suites))
        complaints.push("the suites changed")
    if (
        asked.group !== undefined &&
        String([...second.shares.keys()]) !== String([asked.group])
    )
        complaints.push("the key shares are not the one asked for")
    if (asked.group === undefined)
        same(
            first.extensions.get(Ext.KeyShare) ?? NOTHING,
            second.extensions.get(Ext.KeyShare) ?? NOTHING,
            "the key shares"
        )
    same(asked.cookie ?? NOTHING, second.cookie ?? NOTHING, "the cookie")
    return complaints
}
