/** CONNECT and the life of a connection, against the wire contract of edgeHub. */
import assert from "node:assert/strict"
import { once } from "node:events"
import net from "node:net"
import { afterEach, test } from "node:test"
import mqtt from "mqtt-packet"
import type { GatewayOptions } from "../../../sim/gateway/gateway"
import { createToken } from "../../../sim/gateway/token"
import { Client, DEVICE_ID, GATEWAY_NAME, HUB, TestGateway } from "./client"
import { FakeClock } from "./fakeclock"

let site: TestGateway

/** Every key and every password that a test has sent: none may be in an event. */
const secrets = new Set<string>()

async function start(options: Partial<GatewayOptions> = {}) {
    site = await TestGateway.start(options)
    secrets.add(site.device.primaryKey).add(site.device.secondaryKey)
}

afterEach(async () => {
    await site.stop()
    const log = JSON.stringify(site.seen)
    assert.ok(site.seen.length > 0)
    for (const secret of secrets)
        assert.ok(!log.includes(secret), "an event holds a key or a token")
    assert.doesNotMatch(log, /SharedAccessSignature|sig=/)
})

/** Sends a CONNECT and returns the answer, once the gateway has closed or accepted. */
async function connectWith(
    fields: Partial<mqtt.IConnectPacket>
): Promise<mqtt.IConnackPacket> {
    const client = await site.dial()
    const packet = site.connectPacket(fields)
    const password = packet.password?.toString()
    // Not the short ones that are no secret of anyone, and stand everywhere.
    if (password && password.length > 8) {
        secrets.add(password)
        const signature = /sig=([^&]*)/.exec(password)?.[1]
        if (signature && signature.length > 8)
            secrets.add(signature).add(decodeURIComponent(signature))
    }
    client.send(packet)
    const connack = await client.next()
    assert.equal(connack?.cmd, "connack")
    if ((connack as mqtt.IConnackPacket).returnCode !== 0) await client.end()
    return connack as mqtt.IConnackPacket
}

async function expectRefused(
    fields: Partial<mqtt.IConnectPacket>,
    returnCode: number,
    reason: RegExp
) {
    const connack = await connectWith(fields)
    assert.equal(connack.returnCode, returnCode)
    assert.equal(connack.sessionPresent, false)
    const [refused] = site.events("refused").slice(-1)
    assert.equal(refused.returnCode, returnCode)
    assert.match(String(refused.reason), reason)
    assert.equal(site.gateway.isConnected(DEVICE_ID), false)
}

const withToken = (token: string) => ({ password: Buffer.from(token) })

/** A token of the device with something other than usual. */
function token(
    fields: { path?: string; host?: string; key?: string; inSec?: number } = {},
    policy?: string
) {
    return createToken(
        (fields.host ?? HUB) + (fields.path ?? `/devices/${DEVICE_ID}`),
        fields.key ?? site.device.primaryKey,
        site.nowSec() + (fields.inSec ?? 3600),
        policy
    )
}

test("a session is kept for the next connection of a device", async () => {
    await start()
    assert.equal((await connectWith({})).sessionPresent, false)
    assert.equal((await connectWith({})).sessionPresent, true)
    const [first, second] = site.events("connected")
    assert.equal(first.deviceId, DEVICE_ID)
    assert.equal(first.sessionPresent, false)
    assert.equal(second.sessionPresent, true)
    assert.equal(first.tokenExpirySec, site.nowSec() + 3600)
})

test("a clean session begins without the old one, and leaves none behind", async () => {
    await start()
    await connectWith({})
    assert.equal((await connectWith({ clean: true })).sessionPresent, false)
    assert.equal((await connectWith({})).sessionPresent, false)
    assert.equal((await connectWith({})).sessionPresent, true)
})

/** A CONNECT with any protocol name and level, as the library makes only good ones. */
function foreignConnect(name: string, level: number): Buffer {
    const text = (s: string) =>
        Buffer.concat([Buffer.from([s.length >> 8, s.length]), Buffer.from(s)])
    const body = Buffer.concat([
        text(name),
        Buffer.from([level, 2, 0, 60]),
        text(DEVICE_ID),
    ])
    return Buffer.concat([Buffer.from([0x10, body.length]), body])
}

for (const [name, level] of [
    ["MQTT", 3],
    ["MQTT", 5],
    ["MQTT", 6],
    ["MQTT", 0x84],
    ["MQIsdp", 3],
    ["mqtt", 4],
    ["HTTP", 4],
    ["", 4],
] as const)
    test(`protocol "${name}" of level ${level} is answered with code 1`, async () => {
        await start()
        const client = await site.dial()
        client.write(foreignConnect(name, level))
        const connack = (await client.next()) as mqtt.IConnackPacket
        assert.equal(connack.returnCode, 1)
        await client.end()
        assert.equal(site.events("refused")[0].returnCode, 1)
    })

test("the client id must be the user name's device, and its case counts", async () => {
    await start()
    await expectRefused({ clientId: "leaf-1" }, 3, /client id/)
    await expectRefused({ clientId: "other" }, 3, /client id/)
    await expectRefused(
        { username: `${HUB}/leaf-1/?api-version=2021-04-12` },
        3,
        /client id/
    )
})

test("a user name of another form is answered with code 3", async () => {
    await start()
    for (const username of [
        "x",
        "",
        DEVICE_ID,
        `${HUB}/${DEVICE_ID}`,
        `${HUB}/${DEVICE_ID}/module/?api-version=2021-04-12`,
        `/${DEVICE_ID}/?api-version=2021-04-12`,
    ])
        await expectRefused({ username }, 3, /user name is not/)
})

test("a user name without api-version is answered with code 3", async () => {
    await start()
    for (const query of ["", "DeviceClientType=x", "api-version="])
        await expectRefused(
            { username: `${HUB}/${DEVICE_ID}/?${query}` },
            3,
            /no api-version/
        )
})

test("the host and the version in the user name may be any, with more behind them", async () => {
    await start()
    const query = "api-version=2018-06-30&DeviceClientType=leaf%2F1&model-id=x"
    const { returnCode } = await connectWith({
        username: `elsewhere/${DEVICE_ID}/?${query}`,
    })
    assert.equal(returnCode, 0)
})

test("a device that is unknown, disabled or no child is not authorized", async () => {
    await start()
    site.registry.setEnabled(DEVICE_ID, false)
    await expectRefused({}, 5, /disabled/)
    site.registry.add({ ...site.device, enabled: true, isChild: false })
    await expectRefused({}, 5, /not a child/)
    site.registry.remove(DEVICE_ID)
    await expectRefused({}, 5, /no such device/)
})

test("without a token, or with something else in its place, a device is not authorized", async () => {
    await start()
    const good = token()
    for (const password of [
        undefined,
        "",
        "x",
        site.device.primaryKey,
        good.replace("SharedAccessSignature ", ""),
        good.toLowerCase(),
        good.replace(/&se=\d+/, ""),
        good.replace(/&se=\d+/, "&se="),
        good.replace(/&se=\d+/, "&se=1e12"),
        good.replace(/&se=\d+/, "&se=-1"),
        good.replace(/&sig=[^&]*/, ""),
        good.replace(/&sig=[^&]*/, "&sig=%"),
        good.replace(/sr=[^&]*&/, ""),
        `${good}&se=99999999999`,
        `${good}&`,
    ])
        await expectRefused(
            {
                password:
                    password === undefined ? undefined : Buffer.from(password),
            },
            5,
            /no SAS token/
        )
})

test("a token that has expired is refused, but for 5 minutes of clock skew", async () => {
    const clock = new FakeClock()
    await start({ clock })
    await expectRefused(withToken(token({ inSec: -301 })), 5, /expired 301 s/)
    await expectRefused(withToken(token({ inSec: -86400 })), 5, /expired/)
    const { returnCode } = await connectWith(withToken(token({ inSec: -300 })))
    assert.equal(returnCode, 0)
})

test("a token's scope must cover the device, by whole segments", async () => {
    await start()
    for (const path of [
        "/devices/Leaf-2",
        "/devices/leaf-1",
        "/devices/Leaf",
        "/devices/Leaf-11",
        "/devices/Leaf-1/modules/m",
        "/dev",
        "/twins/Leaf-1",
    ])
        await expectRefused(withToken(token({ path })), 5, /does not cover/)
    await expectRefused(
        withToken(token({ path: "-devices-Leaf-1" })),
        5,
        /malformed/
    )
    for (const path of ["/devices", "/devices/Leaf-1/"])
        assert.equal(
            (await connectWith(withToken(token({ path })))).returnCode,
            0
        )
})

test("a token is for the hub or the gateway, in any case", async () => {
    await start()
    for (const host of ["other.azure-devices.net", "", `${HUB}.`, "x" + HUB])
        await expectRefused(withToken(token({ host })), 5, /neither/)
    for (const host of [
        GATEWAY_NAME,
        GATEWAY_NAME.toUpperCase(),
        HUB.toUpperCase(),
    ])
        assert.equal(
            (await connectWith(withToken(token({ host })))).returnCode,
            0
        )
})

test("a token of a shared access policy is refused", async () => {
    await start()
    await expectRefused(withToken(token({}, "iothubowner")), 5, /policy/)
})

test("an empty policy name, as the C SDK writes it, is no policy", async () => {
    await start()
    const { returnCode } = await connectWith(withToken(`${token()}&skn=`))
    assert.equal(returnCode, 0)
})

test("a token with a wrong signature is refused", async () => {
    await start()
    const other = site.registry.add({ deviceId: "other" })
    await expectRefused(
        withToken(token({ key: other.primaryKey })),
        5,
        /signature/
    )
    const later = token().replace(/se=\d+/, `se=${site.nowSec() + 7200}`)
    await expectRefused(withToken(later), 5, /signature/)
})

test("a token of the secondary key is accepted", async () => {
    await start()
    const { returnCode } = await connectWith(
        withToken(token({ key: site.device.secondaryKey }))
    )
    assert.equal(returnCode, 0)
})

test("a second CONNECT closes the connection", async () => {
    await start()
    const client = await site.connect()
    client.send(site.connectPacket())
    assert.equal(await client.next(), undefined)
    assert.match(String(site.events("disconnected")[0].reason), /connect/)
})

test("a second CONNECT of another protocol closes the connection without an answer", async () => {
    await start()
    const client = await site.connect()
    client.write(foreignConnect("MQTT", 5))
    assert.equal(await client.next(), undefined)
    assert.equal(site.events("refused").length, 0)
})

test("a packet before CONNECT closes the connection", async () => {
    await start()
    const packets: mqtt.Packet[] = [
        { cmd: "pingreq" },
        { cmd: "disconnect" },
        {
            cmd: "publish",
            topic: `devices/${DEVICE_ID}/messages/events/`,
            payload: "{}",
            qos: 0,
            retain: false,
            dup: false,
        },
    ]
    for (const packet of packets) {
        const client = await site.dial()
        client.send(packet, site.connectPacket())
        assert.equal(await client.next(), undefined)
    }
    assert.equal(site.events("connected").length, 0)
    assert.equal(site.events("telemetry").length, 0)
})

test("packets right behind CONNECT, in one piece or byte by byte, are handled after it", async () => {
    await start()
    const bytes = Buffer.concat([
        mqtt.generate(site.connectPacket()),
        mqtt.generate({ cmd: "pingreq" }),
    ])
    const whole = await site.dial()
    whole.write(bytes)
    assert.equal((await whole.next())?.cmd, "connack")
    assert.equal((await whole.next())?.cmd, "pingresp")
    const slow = await site.dial()
    slow.socket.setNoDelay(true)
    for (const byte of bytes) slow.write(Buffer.from([byte]))
    assert.equal((await slow.next())?.cmd, "connack")
    assert.equal((await slow.next())?.cmd, "pingresp")
})

test("a newer connection of the same device closes the older one", async () => {
    await start()
    const older = await site.connect()
    const newer = await site.connect()
    assert.equal(await older.next(), undefined)
    await newer.ping()
    assert.equal(site.gateway.isConnected(DEVICE_ID), true)
    assert.match(
        String(site.events("disconnected")[0].reason),
        /connected again/
    )
})

test("a refused connection does not close the one that is there", async () => {
    await start()
    const client = await site.connect()
    const { returnCode } = await connectWith(withToken("x"))
    assert.equal(returnCode, 5)
    await client.ping()
})

test("a client without CONNECT is cut 60 s after its TCP connection", async () => {
    const clock = new FakeClock()
    await start({ clock })
    const client = await site.dial()
    // The client may see the end of the handshake before the gateway does.
    if (!site.events("secured").length) await site.gateway.waitFor("secured")
    clock.advance(59999)
    assert.equal(client.closed, false)
    clock.advance(1)
    assert.equal(await client.next(), undefined)
})

test("the TLS handshake counts towards those 60 s", async () => {
    const clock = new FakeClock()
    await start({ clock })
    const socket = net.connect(site.gateway.port, "127.0.0.1")
    socket.on("error", () => undefined)
    while (clock.pending === 0)
        await new Promise(resolve => setImmediate(resolve))
    const cut = once(socket, "close")
    clock.advance(60000)
    await cut
    assert.match(String(site.events("unsecured")[0].reason), /60 s/)
})

test("a client that was accepted is not cut by the deadline for CONNECT", async () => {
    const clock = new FakeClock()
    await start({ clock })
    const client = await site.connect({ keepalive: 400 })
    clock.advance(61000)
    await client.ping()
})

for (const [keepalive, limitSec] of [
    [10, 15],
    [400, 600],
    [401, 900],
    [0, 900],
])
    test(`with a keep-alive of ${keepalive} s, silence of ${limitSec} s ends the connection`, async () => {
        const clock = new FakeClock()
        await start({ clock })
        // Longer than the token check, which must not be what ends it.
        const client = await site.connect({ keepalive })
        clock.advance(limitSec * 1000 - 1)
        await client.ping()
        clock.advance(limitSec * 1000 - 1)
        await client.ping()
        clock.advance(limitSec * 1000)
        assert.equal(await client.next(), undefined)
        assert.match(
            String(site.events("disconnected")[0].reason),
            /keep-alive/
        )
    })

test("a token that has expired ends the connection at the next 5-minutely check", async () => {
    const clock = new FakeClock()
    await start({ clock })
    const client = await site.connect({
        keepalive: 400,
        ...withToken(token({ inSec: 400 })),
    })
    clock.advance(299000)
    await client.ping()
    clock.advance(300000)
    await client.ping()
    clock.advance(1000)
    assert.equal(await client.next(), undefined)
    assert.match(String(site.events("disconnected")[0].reason), /token/)
})

test("a connection that has ended leaves no timer", async () => {
    const clock = new FakeClock()
    await start({ clock })
    const client = await site.connect()
    assert.ok(clock.pending > 0)
    const gone = site.gateway.waitFor("disconnected")
    client.destroy()
    await gone
    while (clock.pending > 0)
        await new Promise(resolve => setImmediate(resolve))
})

test("a client that never closes its side does not hold the socket", async () => {
    await start()
    const client: Client = await site.connect()
    client.socket.pause()
    site.gateway.disconnect(DEVICE_ID)
    // Only the gateway's cut ends this; sending on must not put it off.
    const sending = setInterval(() => client.write(Buffer.from([0xc0, 0])), 50)
    await once(client.socket, "close")
    clearInterval(sending)
})
