/**
 * Wrong requests, made by hand and at random: each is answered with 4xx and a sentence, none with a stack, a path or a key, and the API
 * goes on.
 */
import assert from "node:assert/strict"
import { connect } from "node:net"
import { test } from "node:test"
import { rows } from "../../../sim/control/operations"
import { startControl } from "../../../sim/control/server"
import { seededRandom, type Random } from "../../random"
import { publishPacket } from "../gateway/rig"
import { api, callAt, gatewayFor } from "./api"

const RANDOM_REQUESTS = 1500

test("what is wrong with a request is said, and where", async t => {
    const { call } = await api(t)
    const wrong: [string, unknown, number, RegExp][] = [
        ["GET /nothing", undefined, 404, /no such path/],
        ["GET /devices/", undefined, 404, /no such path/],
        ["PUT /devices", undefined, 405, /method/],
        ["GET /devices?limit=0", undefined, 400, /^limit must be >= 1$/],
        [
            "GET /devices?limit=many",
            undefined,
            400,
            /^limit: integer is wanted/,
        ],
        ["GET /devices?limit=1&limit=2", undefined, 400, /limit twice/],
        ["GET /devices?colour=red", undefined, 400, /"colour"/],
        ["GET /states?life=dead", undefined, 400, /alive, late, lost/],
        ["GET /devices/%ff", undefined, 400, /escaped/],
        ["POST /devices", {}, 400, /^body: deviceId is missing/],
        ["POST /devices", { deviceId: 7 }, 400, /^body.deviceId: string/],
        ["POST /devices", { deviceId: "a b" }, 400, /device id has 1-128/],
        ["POST /devices", { deviceId: "a", key: "" }, 400, /no key here/],
        [
            "POST /devices",
            { deviceId: "a", primaryKey: "c2hvcnQ=" },
            400,
            /a key is base64 of 16-64/,
        ],
        ["POST /devices", { deviceId: "leaf-1" }, 409, /is there already/],
        ["POST /devices", [], 400, /^body: object is wanted/],
        ["PATCH /devices/leaf-9", {}, 404, /no device leaf-9/],
        [
            "POST /devices/leaf-1/messages",
            { body: "", bodyBase64: "" },
            400,
            /one of them/,
        ],
        [
            "POST /devices/leaf-1/messages",
            { bodyBase64: "a" },
            400,
            /no base64/,
        ],
        [
            "POST /devices/leaf-1/messages",
            { properties: { $a: "b" } },
            400,
            /uses itself/,
        ],
        [
            "POST /devices/leaf-1/messages",
            { body: "x".repeat(70_000) },
            413,
            /limits/,
        ],
        [
            "POST /devices/leaf-1/messages",
            { body: "x".repeat(300_000) },
            413,
            /262144 bytes/,
        ],
        ["POST /devices/leaf-1/methods/a%20b", {}, 400, /method/],
        [
            "POST /devices/leaf-1/methods/blink",
            { timeoutSec: 4 },
            400,
            /^body.timeoutSec must be >= 5/,
        ],
        [
            "PATCH /devices/leaf-1/twin",
            { desired: 1 },
            400,
            /^body.desired: object/,
        ],
        ["POST /faults", { do: "burn", at: "puback" }, 400, /one of/],
        [
            "POST /faults",
            { do: "certificate", at: "accepted", certificate: "expired" },
            400,
            /unfitCertificates/,
        ],
        ["GET /faults/one", undefined, 400, /integer is wanted/],
        ["GET /events?limit=0", undefined, 400, /limit/],
        ["GET /devices", {}, 400, /no body/],
    ]
    for (const [what, body, status, message] of wrong) {
        // fetch refuses a GET with a body.
        if (what.startsWith("GET") && body !== undefined) continue
        const answer = await call(what, body)
        assert.equal(
            answer.status,
            status,
            `${what}: ${JSON.stringify(answer.body)}`
        )
        assert.match(answer.body.error.message, message, what)
    }
    const stale = await call("GET /devices/leaf-1", undefined, {
        "if-match": "x",
    })
    assert.equal(stale.status, 400)
})

test("bytes that are no request, or too much of one, are answered or cut off, and nobody else notices", async t => {
    const { server, call } = await api(t)
    const head = "POST /devices HTTP/1.1\r\nhost: 127.0.0.1\r\n"
    const json = "content-type: application/json\r\n"
    const cases: [string, RegExp][] = [
        ["GARBAGE\r\n\r\n", /^HTTP\/1.1 400/],
        [
            `GET /devices HTTP/1.1\r\nhost: 127.0.0.1\r\nx: ${"a".repeat(20_000)}\r\n\r\n`,
            /^HTTP\/1.1 431/,
        ],
        [
            `GET /${"a".repeat(5000)} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`,
            /^HTTP\/1.1 414/,
        ],
        [
            `GET /devices HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 2\r\n\r\n{}`,
            /no body/,
        ],
        [`${head}${json}content-length: 5\r\n\r\n{"a":`, /no JSON/],
        [`${head}${json}content-length: 2\r\n\r\n\xff\xfe`, /no JSON in UTF-8/],
        [
            `${head}${json}content-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}`,
            /^HTTP\/1.1 415/,
        ],
        [
            `${head}${json}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}`,
            /^HTTP\/1.1 400/,
        ],
        [
            `${head}${json}content-length: 35\r\n\r\n{"deviceId":"a","__proto__":{"a":1}}`.replace(
                "35",
                "36"
            ),
            /__proto__/,
        ],
        [
            `${head}${json}content-length: 1000000\r\n\r\n${"[".repeat(300_000)}`,
            /^HTTP\/1.1 413/,
        ],
        [
            `${head}${json}content-length: 20000\r\n\r\n${"[".repeat(10_000)}${"]".repeat(10_000)}`,
            /more than 64 levels/,
        ],
    ]
    for (const [bytes, wanted] of cases)
        assert.match(await raw(server.port, bytes), wanted, bytes.slice(0, 80))
    assert.equal((await call("GET /devices")).status, 200)
})

/** All that is answered to these bytes. */
function raw(port: number, bytes: string): Promise<string> {
    return new Promise((resolve, reject) => {
        const socket = connect(port, "127.0.0.1", () =>
            socket.write(bytes, "latin1")
        )
        let text = ""
        socket.setEncoding("latin1")
        socket.on("data", piece => {
            text += piece
            // An answer is short; a connection that is kept is left.
            if (/\r\n\r\n/.test(text)) socket.end()
        })
        socket.on("error", error => (text ? resolve(text) : reject(error)))
        socket.on("close", () => resolve(text))
    })
}

test("random requests find no stack, no path of this machine and no key in any answer", async t => {
    const random = seededRandom("control API")
    const { gateway, policies } = await gatewayFor(t)
    const server = await startControl({ gateway, port: 0 })
    t.after(() => server.close())
    const secrets = () => [
        ...policies.list().flatMap(one => [one.primaryKey, one.secondaryKey]),
        ...gateway.registry.deviceIds.map(
            id => gateway.registry.get(id)!.primaryKey
        ),
    ]
    const known = secrets()
    const counts = new Map<number, number>()
    for (let i = 0; i < RANDOM_REQUESTS; i++) {
        const { method, path, body, headers } = randomRequest(random)
        const response = await fetch(server.url + path, {
            method,
            body,
            headers,
        })
        if (response.headers.get("content-type") === "text/event-stream") {
            await response.body!.cancel()
            continue
        }
        const text = await response.text()
        counts.set(response.status, (counts.get(response.status) ?? 0) + 1)
        const what = `${method} ${path} ${body}: ${response.status} ${text}`
        assert(response.status < 500, what)
        if (response.status >= 400) {
            const { error } = JSON.parse(text) as { error: { message: string } }
            assert(error.message.length > 10, what)
        }
        assert.doesNotMatch(text, /\bat .*:\d+:\d+|node_modules|\.js\b/, what)
        assert(!text.includes(process.cwd()), what)
        if (!/\/keys|\/policies|\/enrolment/.test(path))
            for (const secret of known) assert(!text.includes(secret), what)
    }
    assert(
        (counts.get(400) ?? 0) > 100 && (counts.get(200) ?? 0) > 20,
        JSON.stringify([...counts])
    )
    assert.equal((await callAt(server.url, "GET /")).status, 200)
})

function randomRequest(random: Random) {
    const [, row] = random.pick(rows)
    const id = random.pick([
        "leaf-1",
        "leaf-2",
        "__proto__",
        "..",
        "a%2Fb",
        "%00",
        "constructor",
        "%F0%9F%8D%83",
    ])
    const path = row.path
        .replace("{deviceId}", id)
        .replace("{methodName}", random.pick(["blink", "%24", "a".repeat(200)]))
        .replace("{name}", id)
        .replace("{policyName}", id)
        .replace("{faultId}", random.pick(["1", "-1", "1e9", "x"]))
    const query = random.oneIn(3)
        ? `?${random.pick(["limit", "after", "life", "names", "__proto__", "limit[]"])}=${random.pick(["1", "", "%", "__proto__", "telemetry", "99999999999999999999"])}`
        : ""
    const method = random.oneIn(8)
        ? random.pick(["GET", "POST", "PUT", "PATCH", "DELETE"])
        : row.method
    const takesBody = method !== "GET"
    const body = takesBody && !random.oneIn(4) ? randomText(random) : undefined
    return {
        method,
        path: path + query,
        body,
        headers: {
            ...(body !== undefined &&
                !random.oneIn(8) && { "content-type": "application/json" }),
            ...(random.oneIn(10) && {
                "if-match": random.pick(["*", '"x"', ""]),
            }),
        } as Record<string, string>,
    }
}

function randomText(random: Random): string {
    const text = JSON.stringify(randomValue(random, 3)) ?? ""
    return random.oneIn(8) ? text.slice(0, random.below(text.length + 1)) : text
}

const NAMES = [
    "deviceId",
    "body",
    "properties",
    "desired",
    "payload",
    "do",
    "at",
    "times",
    "line",
    "enabled",
    "parent",
    "primaryKey",
    "authentication",
    "ack",
    "__proto__",
    "toString",
    "",
]
const VALUES = [
    null,
    true,
    0,
    -1,
    1e308,
    2 ** 53,
    "",
    "x",
    "leaf-1",
    "drop",
    "puback",
    "\u0000",
    "\ud800",
    "sas",
    "selfSigned",
    "full",
]

function randomValue(random: Random, depth: number): unknown {
    if (depth === 0 || random.oneIn(4)) return random.pick(VALUES)
    if (random.oneIn(6))
        return Array.from({ length: random.below(3) }, () =>
            randomValue(random, depth - 1)
        )
    const object: Record<string, unknown> = {}
    for (let i = random.below(5); i > 0; i--)
        Object.defineProperty(object, random.pick(NAMES), {
            value: randomValue(random, depth - 1),
            enumerable: true,
            configurable: true,
        })
    return object
}

test("a follower that does not read is cut off, and the others hear everything", async t => {
    const { server, connected } = await api(t)
    const client = await connected()
    const slow = connect(server.port, "127.0.0.1")
    slow.on("error", () => undefined)
    const gone = new Promise(resolve => slow.once("close", resolve))
    slow.write(
        "GET /events?names=telemetry HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
    )
    await new Promise(resolve => slow.once("data", resolve))
    slow.pause()
    const payload = Buffer.alloc(200_000, 97)
    const { control } = server
    let heard = 0
    const stop = control.follow({ names: ["telemetry"] }, () => heard++)
    // What the kernel's buffers take, and the limit after that.
    const most = 200
    let sent = 0
    while (sent < most && server.following > 0) {
        client.send(publishPacket({ messageId: ++sent, payload }))
        await client.next("puback")
    }
    stop()
    assert(sent < most, "it was never cut off")
    assert.equal(heard, sent)
    slow.resume()
    await gone
})
