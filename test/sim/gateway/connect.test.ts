/** CONNECT: who gets in, who does not, and what each side learns of it. */
import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { generate, type IConnectPacket } from "mqtt-packet"
import type { RefusalReason } from "../../../sim/gateway/events"
import { parseUsername } from "../../../sim/gateway/authenticate"
import { Registry } from "../../../sim/gateway/registry"
import { createToken } from "../../../sim/gateway/token"
import { GATEWAY, HUB, publishPacket, rig, tokenOf, type Rig } from "./rig"

const inAnHour = () => Math.floor(Date.now() / 1000) + 3600
const user = (deviceId: string) => `${HUB}/${deviceId}/?api-version=2021-04-12`

/** Sends a CONNECT that has to be refused, and gives what the operator is told. */
async function refused(
    { gateway, client }: Rig,
    packet: IConnectPacket | Buffer
) {
    const told = gateway.waitFor("refused")
    const gone = gateway.waitFor("disconnected")
    const socket = await client()
    if (Buffer.isBuffer(packet)) socket.socket.write(packet)
    else socket.send(packet)
    const { returnCode } = await socket.next("connack")
    await socket.closed
    const event = await told
    assert.equal(event.returnCode, returnCode)
    assert.equal((await gone).reason, "refused")
    assert.deepEqual(gateway.connected, [])
    return event
}

interface Case {
    reason: RefusalReason
    code: number
    change: (rig: Rig) => Partial<IConnectPacket>
}

const token = (
    rig: Rig,
    change: Partial<Parameters<typeof createToken>[0]>
) => ({
    password: Buffer.from(
        createToken({
            resource: `${HUB}/devices/leaf-1`,
            key: rig.device.primaryKey,
            expirySec: inAnHour(),
            ...change,
        })
    ),
})

const cases: Record<string, Case> = {
    "a user name without an api-version": {
        reason: "bad-username",
        code: 3,
        change: () => ({ username: `${HUB}/leaf-1/` }),
    },
    "no user name": {
        reason: "bad-username",
        code: 3,
        change: () => ({ username: undefined, password: undefined }),
    },
    "a user name with too many parts": {
        reason: "bad-username",
        code: 3,
        change: () => ({ username: `${HUB}/a/b/c/?api-version=1` }),
    },
    "an empty client id": {
        reason: "bad-client-id",
        code: 3,
        change: () => ({ clientId: "" }),
    },
    "a client id in other letter case than the device id": {
        reason: "client-id-mismatch",
        code: 5,
        change: () => ({ clientId: "LEAF-1" }),
    },
    "the identity of a module": {
        reason: "module-identity",
        code: 5,
        change: () => ({
            clientId: "leaf-1/m",
            username: `${HUB}/leaf-1/m/?api-version=1`,
        }),
    },
    "no password": {
        reason: "no-token",
        code: 5,
        change: () => ({ password: Buffer.alloc(0) }),
    },
    "a password that is no token": {
        reason: "bad-token",
        code: 5,
        change: () => ({ password: Buffer.from("hunter2") }),
    },
    "a token of a policy that there is not": {
        reason: "unknown-policy",
        code: 5,
        change: rig => token(rig, { policy: "device" }),
    },
    "a token for another device": {
        reason: "wrong-audience",
        code: 5,
        change: rig => token(rig, { resource: `${HUB}/devices/leaf-12` }),
    },
    "a token for a path that only begins alike": {
        reason: "wrong-audience",
        code: 5,
        change: rig => token(rig, { resource: `${HUB}/devices/leaf` }),
    },
    "a token for another hub": {
        reason: "wrong-audience",
        code: 5,
        change: rig => token(rig, { resource: "other.example/devices/leaf-1" }),
    },
    "a token signed with another key": {
        reason: "wrong-signature",
        code: 5,
        change: rig =>
            token(rig, { key: Buffer.alloc(32, 7).toString("base64") }),
    },
    "a token that expired six minutes ago": {
        reason: "expired-token",
        code: 5,
        change: rig => token(rig, { expirySec: inAnHour() - 3600 - 360 }),
    },
    "a device that nobody knows": {
        reason: "unknown-device",
        code: 5,
        change: () => ({ clientId: "leaf-2", username: user("leaf-2") }),
    },
    "a device id in other letter case": {
        reason: "unknown-device",
        code: 5,
        change: () => ({ clientId: "Leaf-1", username: user("Leaf-1") }),
    },
    "a disabled device": {
        reason: "disabled-device",
        code: 5,
        change: rig => {
            rig.registry.change("leaf-1", { enabled: false })
            return {}
        },
    },
    "a device that is the child of another gateway": {
        reason: "not-a-child",
        code: 5,
        change: rig => {
            rig.registry.change("leaf-1", { parent: "another-gateway" })
            return {}
        },
    },
    "a device without a parent": {
        reason: "not-a-child",
        code: 5,
        change: rig => {
            rig.registry.change("leaf-1", { parent: null })
            return {}
        },
    },
}

describe("a CONNECT is refused", () => {
    for (const [name, { reason, code, change }] of Object.entries(cases))
        test(`with ${name}`, async t => {
            const it = await rig(t)
            const event = await refused(it, it.connectPacket(change(it)))
            assert.deepEqual([event.reason, event.returnCode], [reason, code])
        })

    test("with the protocol of MQTT 3.1 or 5, by its level", async t => {
        const it = await rig(t)
        for (const [protocolId, protocolVersion] of [
            ["MQIsdp", 3],
            ["MQTT", 5],
        ] as const) {
            const event = await refused(
                it,
                it.connectPacket({ protocolId, protocolVersion })
            )
            assert.deepEqual([event.reason, event.returnCode], ["protocol", 1])
        }
    })

    test("with a protocol name that nobody uses", async t => {
        const it = await rig(t)
        const packet = generate(it.connectPacket())
        packet.write("MQXX", packet.indexOf("MQTT"))
        const event = await refused(it, packet)
        assert.deepEqual([event.reason, event.returnCode], ["protocol", 1])
    })

    test("when as many devices are connected as may be, and taking over still works", async t => {
        const registry = new Registry()
        const other = registry.add({ deviceId: "leaf-2" })
        const it = await rig(t, { registry, limits: { clients: 1 } })
        const first = await it.connected()
        const told = it.gateway.waitFor("refused")
        const second = await it.client()
        second.send(
            it.connectPacket({
                clientId: "leaf-2",
                username: user("leaf-2"),
                password: Buffer.from(tokenOf(other)),
            })
        )
        assert.equal((await second.next("connack")).returnCode, 3)
        assert.equal((await told).reason, "too-many-clients")
        await it.connected()
        await first.closed
        assert.deepEqual(it.gateway.connected, ["leaf-1"])
    })
})

describe("a CONNECT is accepted", () => {
    const accepted: Record<string, (rig: Rig) => Partial<IConnectPacket>> = {
        "with a token for the hub": () => ({}),
        "with a token for the gateway": rig =>
            token(rig, { resource: `${GATEWAY}/devices/leaf-1` }),
        "with the host in other letter case": rig =>
            token(rig, { resource: "HUB.Example/devices/leaf-1" }),
        "with the secondary key": rig =>
            token(rig, { key: rig.device.secondaryKey }),
        "with a token that expired four minutes ago, as clocks differ": rig =>
            token(rig, { expirySec: inAnHour() - 3600 - 240 }),
        "with a client type and a model in the user name": () => ({
            username: `${user("leaf-1")}&DeviceClientType=leaf%2F1.0&model-id=dtmi%3Aa%3Bb%3B1`,
        }),
        "with any host in the user name": () => ({
            username: "elsewhere/leaf-1/?api-version=2018-06-30",
        }),
    }
    for (const [name, change] of Object.entries(accepted))
        test(name, async t => {
            const it = await rig(t)
            const told = it.gateway.waitFor("authenticated")
            await it.connected(change(it))
            assert.equal((await told).deviceId, "leaf-1")
            assert.deepEqual(it.gateway.connected, ["leaf-1"])
        })

    test("and the event says what was asked for", async t => {
        const it = await rig(t)
        const told = it.gateway.waitFor("authenticated")
        await it.connected({
            clean: false,
            keepalive: 120,
            username: `${user("leaf-1")}&DeviceClientType=leaf%2F1.0`,
        })
        const event = await told
        assert.equal(event.keepAliveSec, 120)
        assert.equal(event.cleanSession, false)
        assert.equal(event.sessionPresent, false)
        assert.equal(event.clientType, "leaf/1.0")
        assert.ok(event.tokenExpirySec >= inAnHour() - 60)
    })

    test("when it comes byte by byte", async t => {
        const it = await rig(t)
        const client = await it.client()
        for (const byte of generate(it.connectPacket()))
            client.socket.write(Buffer.from([byte]))
        assert.equal((await client.next("connack")).returnCode, 0)
    })

    test("together with the messages that follow it at once", async t => {
        const it = await rig(t)
        const client = await it.client()
        client.socket.write(
            Buffer.concat([
                generate(it.connectPacket()),
                generate(publishPacket({ messageId: 7 })),
            ])
        )
        await client.next("connack")
        assert.equal((await client.next("puback")).messageId, 7)
    })
})

describe("the user name", () => {
    test("is read with and without the question mark", () => {
        for (const mark of ["?", ""]) {
            const name = parseUsername(`h/d/${mark}api-version=1&x=a%20b`)
            assert.equal(name?.deviceId, "d")
            assert.equal(name?.parameters.get("x"), "a b")
        }
    })

    test("is none without a device, a version, or with a version that is empty", () => {
        for (const text of [
            "",
            "h",
            "h//?api-version=1",
            "h/d",
            "h/d/",
            "h/d/?api-version=",
            "h/d/?api-version=%20",
            "h/d//?api-version=1",
        ])
            assert.equal(parseUsername(text), undefined, text)
    })
})

test("no event holds a key, a token or a password, whatever is refused", async t => {
    const it = await rig(t)
    const secrets = [it.device.primaryKey, it.device.secondaryKey]
    for (const { change } of Object.values(cases)) {
        const packet = it.connectPacket(change(it))
        it.registry.change("leaf-1", {
            enabled: true,
            parent: it.registry.gatewayId,
        })
        // Fields that were swapped by mistake must not show either.
        const swapped = it.connectPacket({
            clientId: String(packet.password ?? "x"),
        })
        for (const each of [packet, swapped]) {
            const password = each.password?.toString("latin1") ?? ""
            if (password) secrets.push(password, ...signatures(password))
            const client = await it.client()
            client.send(each)
            await client.next("connack")
            client.destroy()
            await client.closed
        }
    }
    const all = JSON.stringify(it.log)
    assert.ok(it.log.filter(({ name }) => name === "refused").length > 20)
    for (const secret of secrets)
        assert.ok(!all.includes(JSON.stringify(secret).slice(1, -1)))
})

/** The signature of a token, as it is sent and decoded. */
function signatures(token: string): string[] {
    const sent = /sig=([^&]+)/.exec(token)?.[1]
    return sent ? [sent, decodeURIComponent(sent)] : []
}
