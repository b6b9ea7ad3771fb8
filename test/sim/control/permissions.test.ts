/** Who may call what: each call of the table with a token of each permission, and what opens nothing at all. */
import assert from "node:assert/strict"
import { request } from "node:https"
import { test } from "node:test"
import {
    operations,
    rows,
    type OperationName,
} from "../../../sim/control/operations"
import { startControl } from "../../../sim/control/server"
import {
    PERMISSIONS,
    permits,
    Policies,
    type Permission,
} from "../../../sim/gateway/policies"
import { createToken } from "../../../sim/gateway/token"
import { HUB } from "../gateway/rig"
import { callAt, gatewayFor } from "./api"

/** What each call is asked with; the device and the fault are there. */
const INPUT: Record<OperationName, { path?: string; body?: unknown }> = {
    getGateway: {},
    listStates: {},
    getState: {},
    disconnect: {},
    followEvents: { path: "/events?names=telemetry" },
    listDevices: {},
    createDevice: { body: { deviceId: "leaf-1" } },
    getDevice: {},
    updateDevice: { body: {} },
    deleteDevice: { path: "/devices/leaf-2" },
    getKeys: {},
    sendMessage: { body: {} },
    listMessages: {},
    purgeMessages: {},
    invokeMethod: { body: {} },
    getTwin: {},
    patchTwin: { body: { desired: {} } },
    replaceDesired: { body: {} },
    listFaults: {},
    addFault: { body: { do: "drop", at: "puback" } },
    clearFaults: {},
    getFault: {},
    removeFault: {},
    listAuthorities: {},
    addAuthority: { body: { name: "a", certificate: "" } },
    getAuthority: {},
    getVerificationCode: {},
    verifyAuthority: { body: { certificate: "" } },
    removeAuthority: {},
    exportDevices: {},
    exportDevicesWithKeys: {},
    importDevices: { body: { devices: [] } },
    enrol: { body: {} },
    listPolicies: {},
    putPolicy: { body: { permissions: ["DeviceConnect"] } },
    removePolicy: { path: "/policies/nobody" },
}

const inAnHour = () => Math.floor(Date.now() / 1000) + 3600

function requestOf(name: OperationName): [what: string, body: unknown] {
    const { [name]: row } = operations
    const { path = row.path, body } = INPUT[name]
    const filled = path
        .replace("{deviceId}", "leaf-1")
        .replace("{methodName}", "blink")
        .replace("{faultId}", "1")
        .replace("{name}", "owner")
        .replace("{policyName}", "spare")
    return [`${row.method} ${filled}`, body]
}

/** The status; a stream of events is left at once. */
async function statusAt(
    url: string,
    [what, body]: [string, unknown],
    authorization?: string
): Promise<number> {
    const headers: Record<string, string> =
        authorization === undefined ? {} : { authorization }
    if (!what.includes("/events"))
        return (await callAt(url, what, body, headers)).status
    const leave = new AbortController()
    const response = await fetch(url + what.split(" ")[1], {
        headers,
        signal: leave.signal,
    })
    leave.abort()
    return response.status
}

test("each call is open to those policies that permit it, and to no other", async t => {
    const { gateway } = await gatewayFor(t)
    const server = await startControl({ gateway, port: 0, needsToken: true })
    t.after(() => server.close())
    for (const permission of PERMISSIONS)
        gateway.policies.add({
            name: `only-${permission}`,
            permissions: [permission],
        })
    const token = (permission: Permission) => {
        const { name, primaryKey } = gateway.policies.get(`only-${permission}`)!
        return createToken({
            resource: HUB,
            key: primaryKey,
            expirySec: inAnHour(),
            policy: name,
        })
    }
    const { name: policy, primaryKey: key } =
        gateway.policies.get("iothubowner")!
    const owner = createToken({
        resource: HUB,
        key,
        expirySec: inAnHour(),
        policy,
    })
    for (const [name, row] of rows) {
        const asked = requestOf(name)
        assert.equal(
            await statusAt(server.url, asked),
            401,
            `${name} without a token`
        )
        for (const permission of PERMISSIONS) {
            // What another call has changed or removed.
            if (!gateway.registry.get("leaf-2"))
                gateway.registry.add({ deviceId: "leaf-2" })
            if (!gateway.faults.all.length)
                gateway.faults.add({ do: "drop", at: "pong" })
            const status = await statusAt(server.url, asked, token(permission))
            const isEnough = row.permissions.every(one =>
                permits({ permissions: [permission] }, one)
            )
            if (isEnough)
                assert(
                    status !== 401 && status !== 403,
                    `${name} with ${permission}: ${status}`
                )
            else assert.equal(status, 403, `${name} with ${permission}`)
        }
        const all = await statusAt(server.url, asked, owner)
        assert(all !== 401 && all !== 403, `${name} with all of them: ${all}`)
    }
})

test("no token opens what it does not cover, is not signed for, or is too late for", async t => {
    const { gateway, policies } = await gatewayFor(t)
    gateway.registry.add({ deviceId: "leaf-2" })
    const server = await startControl({ gateway, port: 0, needsToken: true })
    t.after(() => server.close())
    const { name: policy, primaryKey: key } = policies.get("service")!
    const good = { resource: HUB, key, expirySec: inAnHour(), policy }
    const status = async (
        change: Partial<typeof good>,
        what = "GET /devices/leaf-1/twin"
    ) =>
        (
            await callAt(server.url, what, undefined, {
                authorization: createToken({ ...good, ...change }),
            })
        ).status
    assert.equal(await status({}), 200)
    assert.equal(await status({ resource: `${HUB}/devices/leaf-1` }), 200)
    assert.equal(
        await status(
            { resource: `${HUB}/devices/leaf-1` },
            "GET /devices/leaf-2/twin"
        ),
        401
    )
    assert.equal(
        await status({ resource: `${HUB}/devices/leaf-1` }, "GET /states"),
        401
    )
    assert.equal(await status({ resource: "other.example" }), 401)
    assert.equal(
        await status({ key: Buffer.alloc(32).toString("base64") }),
        401
    )
    assert.equal(await status({ expirySec: 1 }), 401)
    assert.equal(await status({ policy: "nobody" }), 401)
    const { primaryKey } = gateway.registry.get("leaf-1")!
    const own = createToken({
        resource: `${HUB}/devices/leaf-1`,
        key: primaryKey,
        expirySec: inAnHour(),
    })
    for (const authorization of [
        own,
        "Bearer x",
        "SharedAccessSignature",
        "",
    ]) {
        const { status, headers } = await callAt(
            server.url,
            "GET /devices/leaf-1/twin",
            undefined,
            { authorization }
        )
        assert.equal(status, 401)
        assert.equal(headers.get("www-authenticate"), "SharedAccessSignature")
    }
    policies.remove("service")
    assert.equal(await status({}), 401, "a policy that is gone")
})

test("on loopback a call without a token is taken, a wrong token is not, and neither is a page's", async t => {
    const { gateway } = await gatewayFor(t)
    const server = await startControl({ gateway, port: 0 })
    t.after(() => server.close())
    const status = async (headers: Record<string, string>) =>
        (await callAt(server.url, "GET /devices", undefined, headers)).status
    assert.equal(await status({}), 200)
    assert.equal(
        await status({
            authorization: "SharedAccessSignature sr=x&sig=x&se=1&skn=x",
        }),
        401
    )
    assert.equal(await status({ origin: "https://page.example" }), 403)
    // Node's fetch does not set Host: `request` does.
    for (const [host, wanted] of [
        ["page.example", 403],
        [`page.example:${server.port}`, 403],
        ["127.0.0.1.page.example", 403],
        ["127.0.0.1", 200],
        [`localhost:${server.port}`, 200],
        ["[::1]:1", 200],
    ] as const)
        assert.equal(await hostStatus(server.port, host), wanted, host)
    const form = await fetch(`${server.url}/devices`, {
        method: "POST",
        body: '{"deviceId":"a"}',
        headers: { "content-type": "text/plain" },
    })
    assert.equal(form.status, 415)
})

async function hostStatus(port: number, host: string): Promise<number> {
    const { request } = await import("node:http")
    return new Promise((resolve, reject) =>
        request(
            { port, host: "127.0.0.1", path: "/devices", headers: { host } },
            response => {
                response.resume()
                resolve(response.statusCode!)
            }
        )
            .on("error", reject)
            .end()
    )
}

test("away from loopback there is TLS and a policy, or no port at all", async t => {
    const { gateway, policies, cert, key, root } = await gatewayFor(t)
    await assert.rejects(startControl({ gateway, host: "0.0.0.0", port: 0 }), {
        code: "control-exposed",
        message: /in the clear.*certificate/,
    })
    const server = await startControl({
        gateway,
        host: "0.0.0.0",
        port: 0,
        tls: { cert, key },
    })
    t.after(() => server.close())
    const { primaryKey } = policies.get("service")!
    const token = createToken({
        resource: HUB,
        key: primaryKey,
        expirySec: inAnHour(),
        policy: "service",
    })
    const status = (headers: Record<string, string>) =>
        new Promise<number>((resolve, reject) =>
            request(
                {
                    port: server.port,
                    host: "127.0.0.1",
                    servername: "localhost",
                    ca: root,
                    path: "/states",
                    headers,
                },
                response => {
                    response.resume()
                    resolve(response.statusCode!)
                }
            )
                .on("error", reject)
                .end()
        )
    assert.equal(await status({}), 401)
    assert.equal(await status({ authorization: token }), 200)
    for (const { name } of policies.list()) policies.remove(name)
    await assert.rejects(
        startControl({ gateway, host: "0.0.0.0", port: 0, tls: { cert, key } }),
        {
            code: "control-exposed",
            message: /no shared access policy/,
        }
    )
    assert.deepEqual(new Policies().list(), policies.list())
})
