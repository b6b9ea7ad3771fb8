/** Shared access policies: who may be what, tokens of devices and of services, and connections that stand. */
import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { SharedAccessSignature } from "azure-iot-common"
import fc from "fast-check"
import { ManualClock } from "../../../sim/gateway/clock"
import {
    PERMISSIONS,
    Policies,
    type Permission,
} from "../../../sim/gateway/policies"
import { checkToken, covers, createToken } from "../../../sim/gateway/token"
import { check, deviceId } from "./property"
import { GATEWAY, HUB, rig, type Rig } from "./rig"

const KEY = Buffer.alloc(32, 1).toString("base64")
const SECOND = Buffer.alloc(32, 2).toString("base64")
const NOW_SEC = 1_800_000_000

function onePolicy(...permissions: Permission[]): Policies {
    const policies = new Policies()
    policies.add({
        name: "one",
        primaryKey: KEY,
        secondaryKey: SECOND,
        permissions,
    })
    return policies
}

function tokenFor(resource: string, change: Record<string, unknown> = {}) {
    return createToken({
        resource,
        key: KEY,
        expirySec: NOW_SEC + 60,
        policy: "one",
        ...change,
    })
}

describe("policies", () => {
    test("have random keys unless they are given", () => {
        const policies = new Policies()
        const one = policies.add({
            name: "one",
            permissions: ["ServiceConnect"],
        })
        const two = policies.add({
            name: "two",
            permissions: ["ServiceConnect"],
            primaryKey: KEY,
        })
        assert.equal(two.primaryKey, KEY)
        const keys = [one, two].flatMap(policy => [
            policy.primaryKey,
            policy.secondaryKey,
        ])
        assert.equal(new Set(keys).size, 4)
        for (const key of keys)
            assert.equal(Buffer.from(key, "base64").length, 32)
    })

    test("are none unless they are asked for; then they are those of every hub, with keys of their own", () => {
        assert.deepEqual(new Policies().list(), [])
        const builtIn = Policies.builtIn().list()
        assert.deepEqual(
            builtIn.map(({ name, permissions }) => [name, ...permissions]),
            [
                ["iothubowner", ...PERMISSIONS],
                ["service", "ServiceConnect"],
                ["device", "DeviceConnect"],
                ["registryRead", "RegistryRead"],
                ["registryReadWrite", "RegistryRead", "RegistryWrite"],
            ]
        )
        const keys = [...builtIn, ...Policies.builtIn().list()].flatMap(
            policy => [policy.primaryKey, policy.secondaryKey]
        )
        assert.equal(new Set(keys).size, 20)
    })

    test("are refused with a name, a key or permissions that cannot be", () => {
        const policies = onePolicy("DeviceConnect")
        const good = { name: "two", permissions: ["DeviceConnect"] }
        for (const change of [
            { name: "" },
            { name: "a&b" },
            { name: "x".repeat(65) },
            { name: 1 },
            { primaryKey: "no base64" },
            { secondaryKey: Buffer.alloc(15).toString("base64") },
            { secondaryKey: Buffer.alloc(65).toString("base64") },
            { primaryKey: 5 },
            { permissions: [] },
            { permissions: ["Everything"] },
            { permissions: ["DeviceConnect", "DeviceConnect"] },
            { permissions: "DeviceConnect" },
        ])
            assert.throws(
                () => policies.add({ ...good, ...change } as never),
                { code: "bad-policy" },
                JSON.stringify(change)
            )
        assert.throws(
            () => policies.add({ name: "one", permissions: ["DeviceConnect"] }),
            { code: "duplicate-policy", message: /remove or change it/ }
        )
        assert.throws(() => policies.change("two", {}), {
            code: "unknown-policy",
            message: /add it first/,
        })
        assert.equal(policies.list().length, 1)
    })

    test("that are changed keep what was not, tell who watches, and a refused change changes nothing", () => {
        const policies = onePolicy("DeviceConnect")
        const told: string[] = []
        const stop = policies.watch(name => told.push(name))
        policies.change("one", { primaryKey: SECOND, secondaryKey: undefined })
        assert.throws(
            () => policies.change("one", { primaryKey: KEY, permissions: [] }),
            { code: "bad-policy" }
        )
        assert.deepEqual(policies.list(), [
            {
                name: "one",
                primaryKey: SECOND,
                secondaryKey: SECOND,
                permissions: ["DeviceConnect"],
            },
        ])
        assert.equal(policies.remove("one"), true)
        assert.equal(policies.remove("one"), false)
        stop()
        policies.add({ name: "one", permissions: ["DeviceConnect"] })
        assert.deepEqual(told, ["one", "one"])
    })

    test("come back from JSON as they were, and nothing else is taken for them", () => {
        const policies = Policies.builtIn()
        const text = JSON.stringify(policies)
        const back = Policies.from(JSON.parse(text))
        assert.equal(JSON.stringify(back), text)
        for (const wrong of [
            null,
            {},
            [null],
            [1],
            [{}],
            [{ name: "a" }],
            [...policies.list(), policies.list()[0]],
        ])
            assert.throws(
                () => Policies.from(wrong),
                /^GatewayError: policies:/
            )
    })
})

describe("a service's token", () => {
    const clock = new ManualClock(NOW_SEC * 1000)
    const judge = (
        token: string,
        resource: string,
        permission: Permission = "ServiceConnect",
        policies = onePolicy("ServiceConnect")
    ) => {
        const verdict = policies.authorize(
            token,
            { permission, resource },
            { hosts: [HUB, GATEWAY], clock }
        )
        return verdict.ok ? verdict.policy : verdict.reason
    }

    test("opens what is below its scope, segment by segment, with either key and either name of the gateway", () => {
        assert.equal(judge(tokenFor(HUB), "devices/x"), "one")
        assert.equal(judge(tokenFor(HUB), ""), "one")
        assert.equal(
            judge(tokenFor(GATEWAY.toUpperCase(), { key: SECOND }), ""),
            "one"
        )
        const leaf = tokenFor(`${HUB}/devices/leaf`)
        assert.equal(judge(leaf, "devices/leaf"), "one")
        assert.equal(judge(leaf, "devices/leaf/methods"), "one")
        for (const path of [
            "",
            "devices",
            "devices/leaf2",
            "devices/Leaf",
            "Devices/leaf",
            "twins/leaf",
        ])
            assert.equal(judge(leaf, path), "wrong-audience", path)
        for (const resource of [
            `${HUB}/`,
            `${HUB}/devices/`,
            `/${HUB}`,
            `https://${HUB}`,
            `${HUB}.evil.example`,
            `x${HUB}`,
        ])
            assert.equal(
                judge(tokenFor(resource), "devices/leaf"),
                "wrong-audience",
                resource
            )
    })

    test("needs a policy that permits what is done: each permission alone, and who writes may read", () => {
        for (const given of PERMISSIONS)
            for (const wanted of PERMISSIONS) {
                const may =
                    given === wanted ||
                    (given === "RegistryWrite" && wanted === "RegistryRead")
                assert.equal(
                    judge(tokenFor(HUB), "", wanted, onePolicy(given)),
                    may ? "one" : "not-permitted",
                    `${given} for ${wanted}`
                )
            }
    })

    test("is refused without a policy, with an unknown one, with another's key, and when it has expired", () => {
        const at = (change: Record<string, unknown>) =>
            judge(tokenFor(HUB, change), "")
        assert.equal(at({ policy: undefined }), "unknown-policy")
        assert.equal(at({ policy: "two" }), "unknown-policy")
        assert.equal(at({ policy: "ONE" }), "unknown-policy")
        assert.equal(
            at({ key: Buffer.alloc(32, 3).toString("base64") }),
            "wrong-signature"
        )
        assert.equal(at({ expirySec: NOW_SEC + 1 }), "one")
        assert.equal(at({ expirySec: NOW_SEC }), "expired-token")
        for (const text of ["", "Bearer x", tokenFor(HUB) + "&skn=one"])
            assert.equal(judge(text, ""), "bad-token", text)
    })

    test("of azure-iot-common is taken, whatever the names; no key is in what is said of a refused one", t =>
        check(
            t,
            500,
            fc.property(
                fc.domain(),
                deviceId,
                fc.stringMatching(/^[A-Za-z0-9.\-_%]{1,64}$/),
                fc.integer({ min: NOW_SEC + 1, max: 4_102_444_800 }),
                fc.boolean(),
                (host, device, name, expirySec, good) => {
                    const policies = new Policies()
                    policies.add({
                        name,
                        primaryKey: KEY,
                        secondaryKey: SECOND,
                        permissions: ["RegistryWrite"],
                    })
                    const token = SharedAccessSignature.create(
                        encodeURIComponent(`${host}/devices/${device}`).replace(
                            /[!'()*]/g,
                            char =>
                                `%${char.charCodeAt(0).toString(16).toUpperCase()}`
                        ),
                        name,
                        good ? SECOND : Buffer.alloc(32).toString("base64"),
                        expirySec
                    ).toString()
                    const verdict = policies.authorize(
                        token,
                        {
                            permission: "RegistryRead",
                            resource: `devices/${device}`,
                        },
                        { hosts: [host], clock }
                    )
                    if (good)
                        return assert.deepEqual(verdict, {
                            ok: true,
                            policy: name,
                            expirySec,
                        })
                    assert.ok(!verdict.ok)
                    assert.equal(verdict.reason, "wrong-signature")
                    assert.doesNotMatch(verdict.message, /AQEBAQ|AgICAg/)
                }
            )
        ))

    test("covers a path if and only if its segments are the first of the path's", t => {
        const segments = fc.array(
            fc.string({ unit: fc.constantFrom("a", "b", "A"), minLength: 1 }),
            { maxLength: 4 }
        )
        return check(
            t,
            1000,
            fc.property(segments, segments, (scope, path) =>
                assert.equal(
                    covers(["h", ...scope].join("/"), ["H"], path.join("/")),
                    scope.length <= path.length &&
                        scope.every((one, i) => one === path[i])
                )
            )
        )
    })
})

describe("a device's token of a policy", () => {
    const judge = (resource: string, policies: Policies, key = KEY) => {
        const verdict = checkToken(tokenFor(resource, { key }), {
            deviceId: "leaf",
            hosts: [HUB],
            keys: [Buffer.alloc(32, 9).toString("base64")],
            nowMs: NOW_SEC * 1000,
            skewSec: 0,
            policies,
        })
        return verdict.ok ? "ok" : verdict.reason
    }

    test("opens the devices that its scope covers, if the policy permits DeviceConnect", () => {
        const device = onePolicy("DeviceConnect")
        for (const resource of [HUB, `${HUB}/devices`, `${HUB}/devices/leaf`])
            assert.equal(judge(resource, device), "ok", resource)
        for (const resource of [
            `${HUB}/devices/leaf2`,
            `${HUB}/devices/lea`,
            `${HUB}/devices/leaf/x`,
            "other.example",
        ])
            assert.equal(judge(resource, device), "wrong-audience", resource)
        assert.equal(
            judge(
                HUB,
                onePolicy("ServiceConnect", "RegistryRead", "RegistryWrite")
            ),
            "not-permitted"
        )
    })

    test("is not opened by the device's own key", () => {
        assert.equal(
            judge(
                `${HUB}/devices/leaf`,
                onePolicy("DeviceConnect"),
                Buffer.alloc(32, 9).toString("base64")
            ),
            "wrong-signature"
        )
    })
})

describe("a connection with a policy's token", () => {
    function password(key: string, policy = "device"): Buffer {
        return Buffer.from(
            createToken({
                resource: HUB,
                key,
                policy,
                expirySec: Math.floor(Date.now() / 1000) + 3600,
            })
        )
    }

    async function connected(
        r: Rig,
        change: Parameters<Policies["change"]>[1] | undefined
    ): Promise<string> {
        const { primaryKey } = r.gateway.policies.get("device")!
        const client = await r.connected({ password: password(primaryKey) })
        const end = r.gateway.waitFor("disconnected")
        if (change) r.gateway.policies.change("device", change)
        else r.gateway.policies.remove("device")
        const { reason, deviceId: id } = await end
        await client.closed
        assert.equal(id, "leaf-1")
        return reason
    }

    for (const profile of ["edgehub", "hub"] as const)
        test(`stands until the policy's key, permission or existence is gone (${profile})`, async t => {
            for (const change of [
                { primaryKey: KEY },
                { permissions: ["ServiceConnect"] as const },
                undefined,
            ]) {
                const r = await rig(t, {
                    profile,
                    policies: Policies.builtIn(),
                })
                assert.equal(await connected(r, change), "identity-changed")
            }
        })

    test("stands when another policy changes, and a device with its own key does not mind any of it", async t => {
        const r = await rig(t, { policies: Policies.builtIn() })
        const { policies } = r.gateway
        const client = await r.connected({
            password: password(policies.get("device")!.secondaryKey),
        })
        const other = await r.bystander()
        policies.remove("service")
        policies.change("device", { primaryKey: KEY })
        assert.deepEqual(await client.drain(), [])
        policies.remove("device")
        await client.closed
        assert.deepEqual(await other.drain(), [])
    })

    test("is let in or not by what the gateway's authorize says to services, with its own names", async t => {
        const r = await rig(t, { policies: Policies.builtIn() })
        const { primaryKey } = r.gateway.policies.get("service")!
        const token = String(password(primaryKey, "service"))
        const access = { permission: "ServiceConnect", resource: "" } as const
        assert.equal(r.gateway.authorize(token, access).ok, true)
        const client = await r.client()
        const refused = r.gateway.waitFor("refused")
        client.send(
            r.connectPacket({ password: password(primaryKey, "service") })
        )
        assert.equal((await client.next("connack")).returnCode, 5)
        assert.equal((await refused).reason, "not-permitted")
    })
})
