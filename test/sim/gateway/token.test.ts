/** SAS tokens against Microsoft's own implementation for Node, on random input. */
import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { SharedAccessSignature } from "azure-iot-common"
import fc from "fast-check"
import {
    checkToken,
    createToken,
    type TokenContext,
} from "../../../sim/gateway/token"
import { check, deviceId } from "./property"

/** What an edgeHub allows. */
const SKEW_SEC = 300

const host = fc.domain()
const key = fc
    .uint8Array({ minLength: 16, maxLength: 64 })
    .map(bytes => Buffer.from(bytes).toString("base64"))
const expiry = fc.integer({ min: 1, max: 4_102_444_800 })

/** The encoding of the SDKs. */
const strict = (text: string) =>
    encodeURIComponent(text).replace(
        /[!'()*]/g,
        char => `%${char.charCodeAt(0).toString(16)}`
    )

/** What azure-iot-common makes of it; it knows the parts of a token by the names that they have in it. */
function theirs(sr: string, keyText: string, se: number, policy = "") {
    const made = SharedAccessSignature.create(sr, policy, keyText, se)
    return made as unknown as Record<"sr" | "sig" | "se" | "skn", string> & {
        toString(): string
    }
}

function context(
    change: Partial<TokenContext> & Pick<TokenContext, "deviceId" | "keys">
): TokenContext {
    return { hosts: ["hub.example"], nowMs: 0, skewSec: SKEW_SEC, ...change }
}

function verdict(token: string, of: TokenContext): string {
    const result = checkToken(token, of)
    return result.ok ? `until ${result.expirySec}` : result.reason
}

describe("a token", () => {
    test("that is made here has the parts that azure-iot-common gives it", t =>
        check(
            t,
            1000,
            fc.property(
                host,
                deviceId,
                key,
                expiry,
                fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
                (name, device, keyText, expirySec, policy) => {
                    const resource = `${name}/devices/${device}`
                    const token = createToken({
                        resource,
                        key: keyText,
                        expirySec,
                        policy,
                    })
                    const parsed = SharedAccessSignature.parse(token, [
                        "sr",
                        "sig",
                        "se",
                    ]) as unknown as ReturnType<typeof theirs>
                    // They sign what they are given: the text that was sent.
                    const judge = theirs(parsed.sr, keyText, expirySec, policy)
                    assert.equal(decodeURIComponent(parsed.sr), resource)
                    assert.equal(
                        parsed.sig.toLowerCase(),
                        judge.sig.toLowerCase()
                    )
                    assert.equal(
                        decodeURIComponent(parsed.sig),
                        decodeURIComponent(judge.sig)
                    )
                    assert.equal(parsed.se, String(expirySec))
                    assert.equal(
                        parsed.skn === undefined
                            ? undefined
                            : decodeURIComponent(parsed.skn),
                        policy
                    )
                }
            )
        ))

    test("of azure-iot-common is accepted, however its sr is encoded", t =>
        check(
            t,
            1000,
            fc.property(
                host,
                deviceId,
                key,
                key,
                expiry,
                fc.boolean(),
                fc.boolean(),
                (name, device, one, other, expirySec, lower, second) => {
                    const sent = strict(`${name}/devices/${device}`)
                    const sr = lower
                        ? sent.replace(/%[0-9A-F]{2}/g, hex =>
                              hex.toLowerCase()
                          )
                        : sent
                    const token = theirs(sr, one, expirySec).toString()
                    const result = checkToken(
                        token,
                        context({
                            deviceId: device,
                            keys: second ? [other, one] : [one, other],
                            hosts: ["elsewhere.example", name.toUpperCase()],
                            nowMs: (expirySec + SKEW_SEC) * 1000 - 1,
                        })
                    )
                    assert.deepEqual(result, { ok: true, expirySec })
                }
            )
        ))

    test("of which any byte is changed is refused", t =>
        check(
            t,
            1000,
            fc.property(
                deviceId,
                key,
                expiry,
                fc.nat(),
                fc.integer({ min: 1, max: 127 }),
                (device, keyText, expirySec, at, flip) => {
                    const token = createToken({
                        resource: `hub.example/devices/${device}`,
                        key: keyText,
                        expirySec,
                    })
                    const bytes = Buffer.from(token, "latin1")
                    bytes[at % bytes.length] ^= flip
                    const changed = bytes.toString("latin1")
                    const result = checkToken(
                        changed,
                        context({ deviceId: device, keys: [keyText] })
                    )
                    // %2b is as good as %2B in the signature: that much may change and mean the same.
                    const sig = (text: string) =>
                        text.replace(/sig=[^&]*/, part =>
                            part.replace(/%[0-9a-f]{2}/gi, hex =>
                                hex.toUpperCase()
                            )
                        )
                    assert.equal(result.ok, sig(changed) === sig(token))
                }
            )
        ))

    test("of random text is refused, and nothing is thrown", t =>
        check(
            t,
            1000,
            fc.property(
                fc.oneof(
                    fc.string(),
                    fc
                        .array(
                            fc.constantFrom(
                                "sr=",
                                "sig=",
                                "se=",
                                "skn=",
                                "&",
                                "=",
                                "%",
                                "%zz",
                                "1",
                                "hub.example%2Fdevices%2Fd"
                            )
                        )
                        .map(parts => `SharedAccessSignature ${parts.join("")}`)
                ),
                token => {
                    const of = context({ deviceId: "d", keys: ["AAAA"] })
                    assert.equal(checkToken(token, of).ok, false)
                }
            )
        ))
})

describe("a token is refused", () => {
    const keyText = Buffer.alloc(32, 3).toString("base64")
    const of = context({ deviceId: "d", keys: [keyText], nowMs: 1e12 })
    const good = {
        resource: "hub.example/devices/d",
        key: keyText,
        expirySec: 1e9,
    }

    test("as expired from the fifth minute after its end on, not before", () => {
        const at = (nowMs: number) =>
            verdict(createToken(good), { ...of, nowMs })
        assert.equal(at(1e12 + 299_999), "until 1000000000")
        assert.equal(at(1e12 + 300_000), "expired-token")
    })

    test("for its key before its expiry: a wrong key is not taken for a wrong clock", () => {
        const token = createToken({ ...good, key: "AAAA", expirySec: 1 })
        assert.equal(verdict(token, of), "wrong-signature")
    })

    test("if its scope is a prefix of the device, by text or by segment, or longer", () => {
        for (const resource of [
            "hub.example",
            "hub.example/devices",
            "hub.example/devices/",
            "hub.example/devices/d/",
            "hub.example/devices/d/modules/m",
            "hub.example/devices/dd",
            "hub.example/twins/d",
            "hub.example/devices/D",
            "https://hub.example/devices/d",
        ])
            assert.equal(
                verdict(createToken({ ...good, resource }), of),
                "wrong-audience",
                resource
            )
    })

    test("if a part is missing, twice there, or wrongly encoded", () => {
        const token = createToken(good)
        const broken: string[] = [
            "",
            "SharedAccessSignature",
            "SharedAccessSignature ",
            token.replace("SharedAccessSignature ", ""),
            token.replace("SharedAccessSignature", "sharedaccesssignature"),
            token.replace(/&se=\d+/, ""),
            token.replace(/&sig=[^&]+/, ""),
            token.replace("sr=", "rs="),
            `${token}&se=2000000000`,
            token.replace(/se=\d+/, "se=1e9"),
            token.replace(/se=\d+/, "se="),
            token.replace("%2F", "%2G"),
            `${token}&${"x".repeat(2048)}=1`,
        ]
        for (const text of broken)
            assert.equal(verdict(text, of), "bad-token", text)
    })

    test("if its signature is right but not written as base64 says", () => {
        const token = createToken(good)
        for (const change of [
            token.replace("%3D", ""),
            token.replace("%3D", "%3D%20"),
            token.replace("sig=", "sig=%20"),
        ])
            assert.equal(verdict(change, of), "wrong-signature")
    })
})
