/** Our tokens against those of Microsoft's SDK, on random input. `SEED=…` repeats a run. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { SharedAccessSignature } from "azure-iot-common"
import { DeviceIdentity, Registry } from "../../../sim/gateway/registry"
import {
    checkToken,
    covers,
    createToken,
    parseToken,
} from "../../../sim/gateway/token"
import { random, seed } from "./random"

const ROUNDS = 500
const NOW_SEC = 1780272000

/** What IoT Hub allows in a device id. */
const ID_CHARACTERS =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.%_*?!(),:=@$'#+"

function cases(count: number) {
    const { integer, bytes } = random(seed)
    const registry = new Registry()
    return Array.from({ length: count }, () => {
        const deviceId = Array.from(
            { length: 1 + integer(40) },
            () => ID_CHARACTERS[integer(ID_CHARACTERS.length)]
        ).join("")
        const key = () => bytes(16 + integer(49)).toString("base64")
        return {
            device: registry.add({
                deviceId,
                primaryKey: key(),
                secondaryKey: key(),
            }),
            host: `hub-${integer(1e6)}.azure-devices.net`,
            expirySec: NOW_SEC + integer(86400),
            integer,
        }
    })
}

/** The SDK wants the encoded resource, as its own authentication providers hand it in. */
function sdkToken(resource: string, key: string, expirySec: number): string {
    const encoded = encodeURIComponent(resource).replace(
        /[!'()*]/g,
        c => "%" + c.charCodeAt(0).toString(16).toUpperCase()
    )
    return SharedAccessSignature.create(
        encoded,
        undefined as unknown as string,
        key,
        expirySec
    ).toString()
}

function fieldsOf(token: string): Record<string, string> {
    const [prefix, rest] = token.split(" ")
    assert.equal(prefix, "SharedAccessSignature")
    return Object.fromEntries(
        rest.split("&").map(part => {
            const equals = part.indexOf("=")
            return [part.slice(0, equals), part.slice(equals + 1)]
        })
    )
}

function check(
    token: string,
    device: DeviceIdentity,
    host: string
): string | undefined {
    const parsed = parseToken(token)
    return parsed
        ? checkToken(parsed, device, [host], NOW_SEC)
        : "the password is no SAS token"
}

test("our tokens are those of Microsoft's SDK, and both are accepted", t => {
    t.diagnostic(`SEED=${seed}`)
    for (const { device, host, expirySec } of cases(ROUNDS)) {
        const resource = `${host}/devices/${device.deviceId}`
        const ours = createToken(resource, device.primaryKey, expirySec)
        const theirs = sdkToken(resource, device.primaryKey, expirySec)
        assert.equal(ours, theirs)
        assert.equal(check(theirs, device, host), undefined)
    }
})

test("the SDK's token of a policy has our fields, and is refused", t => {
    t.diagnostic(`SEED=${seed}`)
    for (const { device, host, expirySec } of cases(20)) {
        const ours = createToken(host, device.primaryKey, expirySec, "a b/c")
        const theirs = SharedAccessSignature.create(
            encodeURIComponent(host),
            "a b/c",
            device.primaryKey,
            expirySec
        ).toString()
        assert.deepEqual(fieldsOf(ours), fieldsOf(theirs))
        assert.match(check(theirs, device, host)!, /policy/)
    }
})

test("a token is refused when one character of it is another", t => {
    t.diagnostic(`SEED=${seed}`)
    const characters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789%=&+/ "
    for (const { device, host, expirySec, integer } of cases(ROUNDS)) {
        const token = sdkToken(
            `${host}/devices/${device.deviceId}`,
            device.primaryKey,
            expirySec
        )
        const at = integer(token.length)
        const other = characters[integer(characters.length)]
        const mutated = token.slice(0, at) + other + token.slice(at + 1)
        // Only the case of an escape in the signature may differ: it decodes to the same.
        const [signature, good] = [mutated, token].map(text => {
            try {
                return decodeURIComponent(/sig=([^&]*)/.exec(text)?.[1] ?? "%")
            } catch {
                return ""
            }
        })
        const rest = (text: string) => text.replace(/sig=[^&]*/, "")
        if (signature === good && rest(mutated) === rest(token)) continue
        assert.notEqual(
            check(mutated, device, host),
            undefined,
            `accepted with character ${at} changed`
        )
    }
})

test("a token is refused for another device, another host and another key", t => {
    t.diagnostic(`SEED=${seed}`)
    const all = cases(50)
    for (const [i, { device, host, expirySec }] of all.entries()) {
        const token = createToken(
            `${host}/devices/${device.deviceId}`,
            device.primaryKey,
            expirySec
        )
        const other = all[(i + 1) % all.length]
        assert.match(check(token, other.device, host)!, /does not cover/)
        assert.match(check(token, device, "other.example")!, /neither/)
        const changed = { ...device, primaryKey: other.device.primaryKey }
        assert.match(check(token, changed, host)!, /signature/)
    }
})

test("the reason names no signature and no key", t => {
    t.diagnostic(`SEED=${seed}`)
    for (const { device, host } of cases(50)) {
        for (const [resource, expirySec] of [
            [`${host}/devices/x y`, NOW_SEC],
            [`other/devices/${device.deviceId}`, NOW_SEC],
            [`${host}/devices/${device.deviceId}`, NOW_SEC - 1000],
            [host, NOW_SEC],
        ] as const) {
            const token = createToken(resource, device.primaryKey, expirySec)
            const reason = check(token, device, host)!
            assert.ok(!reason.includes(fieldsOf(token).sig))
            assert.ok(!reason.includes(device.primaryKey))
        }
    }
})

test("a scope covers by whole segments", () => {
    assert.equal(covers("/a/b", "/a/b"), true)
    assert.equal(covers("/a/b", "/a/b/c"), true)
    assert.equal(covers("/a/b/", "/a/b"), true)
    assert.equal(covers("/a/b", "/a/bc"), false)
    assert.equal(covers("/a/b/c", "/a/b"), false)
    assert.equal(covers("/a/B", "/a/b"), false)
})
