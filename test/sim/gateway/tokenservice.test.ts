/** The token service over HTTPS: what it gives, what it refuses and how, and what hostile clients get. */
import assert from "node:assert/strict"
import { Agent, request } from "node:https"
import { describe, test, type TestContext } from "node:test"
import fc from "fast-check"
import {
    MAX_FAILURES,
    MAX_NAMES,
    Attempts,
} from "../../../sim/gateway/attempts"
import { ManualClock } from "../../../sim/gateway/clock"
import { createProof, Enrolments } from "../../../sim/gateway/enrolment"
import { MAX_USED, Nonces, NONCE_LIFE_MS } from "../../../sim/gateway/nonces"
import { Policies } from "../../../sim/gateway/policies"
import type { TokenServiceOptions } from "../../../sim/gateway/tokenservice"
import { checkToken } from "../../../sim/gateway/token"
import { check, deviceId } from "./property"
import { chain, Client, HUB, rig, within, type Rig } from "./rig"

const NOW_MS = 1_800_000_000_000

interface Answer {
    status: number
    text: string
    headers: Record<string, unknown>
}

interface Service extends Rig {
    clock: ManualClock
    policies: Policies
    enrolments: Enrolments
    secret: string
    /** Each on a connection of its own, unless there is an agent. */
    get(path: string, agent?: Agent): Promise<Answer>
    post(body: string, path?: string, agent?: Agent): Promise<Answer>
    nonce(): Promise<string>
    /** Asks with a good proof of the rig's device; `change` replaces fields, `null` leaves them out. */
    ask(change?: Record<string, string | null>): Promise<Answer>
}

async function service(
    t: TestContext,
    options: Partial<TokenServiceOptions> = {}
): Promise<Service> {
    const clock = new ManualClock(NOW_MS)
    const policies = Policies.builtIn()
    const enrolments = new Enrolments()
    const secret = enrolments.set("leaf-1")
    const r = await rig(t, {
        clock,
        policies,
        tokenService: {
            policy: "device",
            authenticator: enrolments,
            ...options,
        },
    })
    const exchange = (
        method: string,
        path: string,
        body = "",
        agent: Agent | false = false
    ) =>
        within(
            `the answer to ${method} ${path}`,
            new Promise<Answer>((resolve, reject) => {
                const sent = request(
                    {
                        host: "127.0.0.1",
                        servername: "localhost",
                        port: r.gateway.httpsPort,
                        ca: r.root,
                        path,
                        method,
                        agent,
                    },
                    response => {
                        let text = ""
                        response.on("data", piece => (text += piece))
                        response.on("end", () =>
                            resolve({
                                status: response.statusCode!,
                                text,
                                headers: response.headers,
                            })
                        )
                    }
                )
                sent.on("error", reject)
                sent.end(body)
            })
        )
    const self: Service = {
        ...r,
        clock,
        policies,
        enrolments,
        secret,
        get: (path, agent) => exchange("GET", path, "", agent),
        post: (body, path = "/token-service/token", agent) =>
            exchange("POST", path, body, agent),
        nonce: async () => (await self.get("/token-service/nonce")).text,
        async ask(change = {}) {
            const fields: Record<string, string | null> = {
                device: "leaf-1",
                nonce: change.nonce ?? (await self.nonce()),
                lifetime: "3600",
                ...change,
            }
            fields.proof ??= createProof(secret, {
                deviceId: fields.device ?? "",
                nonce: fields.nonce ?? "",
                lifetimeSec: Number(fields.lifetime),
            })
            if (change.proof === null) fields.proof = null
            return self.post(
                Object.entries(fields)
                    .filter(([, value]) => value !== null)
                    .map(
                        ([name, value]) =>
                            `${name}=${encodeURIComponent(value!)}`
                    )
                    .join("&")
            )
        },
    }
    return self
}

describe("the token service", () => {
    test("gives a token for this device alone, signed with the policy's key and as long as asked, which lets the device connect", async t => {
        const s = await service(t)
        const issued = s.gateway.waitFor("tokenIssued")
        const { status, text, headers } = await s.ask({ lifetime: "600" })
        assert.equal(status, 200, text)
        assert.equal(headers["cache-control"], "no-store")
        assert.equal(headers.date, new Date(NOW_MS).toUTCString())
        const { deviceId: id, policy, lifetimeSec, expirySec } = await issued
        assert.deepEqual(
            [id, policy, lifetimeSec, expirySec],
            ["leaf-1", "device", 600, NOW_MS / 1000 + 600]
        )
        const judge = (other: string) =>
            checkToken(text, {
                deviceId: other,
                hosts: [HUB],
                keys: [],
                nowMs: NOW_MS,
                skewSec: 0,
                policies: s.policies,
            })
        assert.deepEqual(judge("leaf-1"), { ok: true, expirySec })
        const other = judge("leaf-12")
        assert.equal(other.ok || other.reason, "wrong-audience")
        const client = await s.connected({ password: Buffer.from(text) })
        // Every token that was given ends with the policy's key.
        s.policies.change("device", { primaryKey: s.device.primaryKey })
        await client.closed
    })

    test("answers both requests on one connection", async t => {
        const s = await service(t)
        const agent = new Agent({ keepAlive: true, maxSockets: 1 })
        t.after(() => agent.destroy())
        const { text: nonce } = await s.get("/token-service/nonce", agent)
        const of = { deviceId: "leaf-1", nonce, lifetimeSec: 300 }
        const proof = encodeURIComponent(createProof(s.secret, of))
        const { status } = await s.post(
            `proof=${proof}&lifetime=300&nonce=${nonce}&device=leaf-1`,
            undefined,
            agent
        )
        assert.equal(status, 200)
        assert.equal(s.log.filter(({ name }) => name === "secured").length, 1)
    })

    test("takes a nonce once, for a minute, and only one that it has made", async t => {
        const s = await service(t)
        const nonce = await s.nonce()
        assert.equal((await s.ask({ nonce })).status, 200)
        assert.equal((await s.ask({ nonce })).status, 409)
        const late = await s.nonce()
        s.clock.advance(NONCE_LIFE_MS - 1)
        assert.equal((await s.ask({ nonce: late })).status, 200)
        const tooLate = await s.nonce()
        s.clock.advance(NONCE_LIFE_MS)
        assert.equal((await s.ask({ nonce: tooLate })).status, 409)
        const other = new Nonces().make(s.clock.now())
        for (const made of [other, "", "x", other.slice(1), `${other}A`])
            assert.equal((await s.ask({ nonce: made })).status, 409, made)
    })

    test("gives one token for a nonce that comes twice at the same time", async t => {
        const waiting: (() => void)[] = []
        const enrolments = new Enrolments()
        const s = await service(t, {
            authenticator: {
                authenticate: async request => {
                    await new Promise<void>(resolve => {
                        waiting.push(resolve)
                        if (waiting.length === 2) for (const go of waiting) go()
                    })
                    return enrolments.deviceIds.includes(request.deviceId)
                },
            },
        })
        enrolments.set("leaf-1")
        const nonce = await s.nonce()
        const answers = await Promise.all([s.ask({ nonce }), s.ask({ nonce })])
        assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409])
    })

    test("refuses unknown, disabled, foreign and unproved devices with the same words, and tells the operator which", async t => {
        const s = await service(t)
        s.enrolments.set("nobody", s.secret)
        s.registry.add({ deviceId: "plain" })
        s.registry.add({ deviceId: "off", enabled: false })
        s.enrolments.set("off", s.secret)
        s.registry.add({ deviceId: "foreign", parent: "elsewhere" })
        s.enrolments.set("foreign", s.secret)
        const cases: [Record<string, string | null>, RegExp][] = [
            [{ device: "stranger" }, /does not know the device/],
            [{ device: "plain" }, /does not know the device/],
            [{ device: "LEAF-1" }, /does not know the device/],
            [{ proof: Buffer.alloc(32).toString("base64") }, /proof is wrong/],
            [{ proof: null }, /proof is wrong/],
            [{ device: "nobody" }, /no such device/],
            [{ device: "off" }, /disabled/],
            [{ device: "foreign" }, /not a child/],
        ]
        const texts = new Set<string>()
        for (const [change, operator] of cases) {
            const refused = s.gateway.waitFor("tokenRefused")
            const { status, text } = await s.ask(change)
            assert.equal(status, 403)
            texts.add(text)
            const { message, deviceId: id } = await refused
            assert.match(message, operator)
            assert.equal(id, change.device ?? "leaf-1")
        }
        assert.equal(texts.size, 1)
    })

    test("takes no proof for another device, lifetime or nonce, nor one in another spelling", async t => {
        const s = await service(t)
        s.registry.add({ deviceId: "leaf-2" })
        s.enrolments.set("leaf-2")
        const good = async () => {
            const nonce = await s.nonce()
            const of = { deviceId: "leaf-1", lifetimeSec: 3600, nonce }
            return { nonce, proof: createProof(s.secret, of) }
        }
        const { proof } = await good()
        for (const change of [
            { ...(await good()), device: "leaf-2" },
            { ...(await good()), lifetime: "3601" },
            { proof },
        ])
            assert.equal((await s.ask(change)).status, 403)
        const whole = await good()
        const text = whole.proof
        for (const other of [text.slice(0, -1), ` ${text}`])
            assert.equal((await s.ask({ ...whole, proof: other })).status, 403)
        // A proof that was refused has not used the nonce up.
        assert.equal((await s.ask(whole)).status, 200)
    })

    test("lets nobody try for long: after five failures the device waits a minute, another does not", async t => {
        const s = await service(t)
        s.registry.add({ deviceId: "leaf-2" })
        s.enrolments.set("leaf-2", s.secret)
        const wrong = { proof: Buffer.alloc(32).toString("base64") }
        for (let i = 0; i < MAX_FAILURES; i++)
            assert.equal((await s.ask(wrong)).status, 403)
        const { status, headers } = await s.ask()
        assert.equal(status, 429)
        assert.equal(headers["retry-after"], "60")
        assert.equal((await s.ask({ device: "leaf-2" })).status, 200)
        s.clock.advance(59_999)
        assert.equal((await s.ask()).headers["retry-after"], "1")
        s.clock.advance(1)
        assert.equal((await s.ask()).status, 200)
    })

    test("gives lifetimes within its bounds, and says which they are", async t => {
        const s = await service(t, { minLifetimeSec: 60, maxLifetimeSec: 120 })
        for (const lifetime of ["60", "120"])
            assert.equal((await s.ask({ lifetime })).status, 200)
        for (const lifetime of [
            "59",
            "121",
            "-60",
            "60.5",
            "6e1",
            "",
            "9".repeat(10),
        ]) {
            const { status, text } = await s.ask({ lifetime })
            assert.equal(status, 400)
            assert.match(text, /60 to 120 seconds/)
        }
    })

    test("says of a wrong request what is wrong with it", async t => {
        const s = await service(t)
        const get = (path: string) => () => s.get(path)
        const post =
            (...args: [string, string?]) =>
            () =>
                s.post(...args)
        const cases: [number, () => Promise<Answer>][] = [
            [404, get("/token-service/")],
            [404, get("/token-service/nonce?x=1")],
            [404, get("/token-service/nonce/../token")],
            [405, get("/token-service/token")],
            [405, post("", "/token-service/nonce")],
            [400, post("")],
            [400, post("=")],
            [400, post("device=%")],
            [400, post("device=leaf-1&device=leaf-1")],
            [400, post("device=a%0Ab&nonce=&lifetime=3600")],
            [400, post(`device=${"a".repeat(129)}&nonce=&lifetime=3600`)],
            [400, post("a=1&".repeat(9) + "b=1")],
            [413, post("a".repeat(1025))],
            [413, post("a".repeat(1_000_000))],
        ]
        for (const [wanted, answer] of cases) {
            const { status, text } = await answer()
            assert.equal(status, wanted, text)
            assert.ok(
                text.length >= 8 && !/[/\\]sim[/\\]|\bat /.test(text),
                text
            )
        }
        // Paths of nobody are the time's, as without the service.
        assert.equal((await s.get("/token-services/nonce")).status, 200)
        assert.equal((await s.get("/")).status, 200)
    })

    test("answers a failure of the authenticator without its words", async t => {
        const s = await service(t, {
            authenticator: {
                authenticate: () => Promise.reject(new Error("hunter2")),
            },
        })
        const { status, text } = await s.ask()
        assert.equal(status, 500)
        assert.equal(text, "the authenticator has failed")
        assert.ok(!JSON.stringify(s.log).includes("hunter2"))
        // Only true is true.
        const loose = await service(t, {
            authenticator: { authenticate: () => "yes" as never },
        })
        assert.equal((await loose.ask()).status, 403)
    })

    test("needs a policy that permits devices to connect, at the start and later", async t => {
        for (const policy of ["service", "nothing"])
            await assert.rejects(service(t, { policy }), {
                code: "bad-policy",
                message: /permits DeviceConnect/,
            })
        await assert.rejects(service(t, { minLifetimeSec: 0 }), {
            code: "bad-policy",
        })
        const s = await service(t)
        s.policies.remove("device")
        const refused = s.gateway.waitFor("tokenRefused")
        const { status, text } = await s.ask()
        assert.equal(status, 503)
        assert.ok(!text.includes("policy"))
        assert.match((await refused).message, /no policy device/)
    })

    test("tells no secret, proof, nonce or token in an event", async t => {
        const s = await service(t)
        const nonce = await s.nonce()
        const { text } = await s.ask({ nonce })
        await s.ask({ proof: s.secret })
        await s.ask({ nonce })
        const told = JSON.stringify(s.log)
        const { primaryKey } = s.policies.get("device")!
        assert.match(told, /tokenIssued/)
        for (const secret of [s.secret, nonce, primaryKey, text])
            assert.ok(!told.includes(secret))
        assert.ok(!told.includes("SharedAccessSignature"))
    })
})

describe("hostile clients of the token service", () => {
    const open = async (s: Service) =>
        Client.open(s.gateway.httpsPort, (await chain()).root.pem)

    /** Sends bytes as they are; resolves with what came back when the gateway has closed. */
    async function send(s: Service, bytes: string | Buffer): Promise<string> {
        const { socket } = await open(s)
        socket.removeAllListeners("data")
        let text = ""
        socket.on("data", piece => (text += piece))
        const closed = within(
            "the end of the connection",
            new Promise(resolve => socket.once("close", resolve))
        )
        socket.write(bytes)
        await closed
        return text
    }

    test("are closed after headers that are too long, too many requests, or no HTTP", async t => {
        const s = await service(t)
        const get = "GET /token-service/nonce HTTP/1.1\r\nHost: x\r\n"
        assert.ok(
            !(await send(s, `${get}X: ${"a".repeat(5000)}\r\n\r\n`)).includes(
                " 200 "
            )
        )
        const many = await send(s, `${get}\r\n`.repeat(20))
        assert.equal(many.split(" 200 OK").length - 1, 4)
        await send(s, Buffer.alloc(3000, 0x16))
        assert.equal((await s.ask()).status, 200)
    })

    test("that stop in the middle of a request are closed by the gateway's clock", async t => {
        const s = await service(t)
        const end = s.gateway.waitFor("disconnected")
        const secured = s.gateway.waitFor("secured")
        const { socket } = await open(s)
        socket.write(
            "POST /token-service/token HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\ndevice"
        )
        await secured
        s.clock.advance(30_000)
        assert.equal((await end).reason, "request-timeout")
    })

    test("find nothing with random bodies but a status and a sentence", async t => {
        const s = await service(t)
        await check(
            t,
            150,
            fc.asyncProperty(
                fc.oneof(
                    fc.string({ unit: "binary", maxLength: 2000 }),
                    fc
                        .array(
                            fc.constantFrom(
                                ..."device= nonce= lifetime= proof= & leaf-1 3600 % %00 %ff = +".split(
                                    " "
                                )
                            ),
                            { maxLength: 20 }
                        )
                        .map(parts => parts.join(""))
                ),
                async body => {
                    const { status, text } = await s.post(body)
                    assert.ok(status >= 400 && status < 500, `${status}`)
                    assert.ok(text.length > 8)
                }
            )
        )
        assert.equal((await s.ask()).status, 200)
    })
})

describe("its parts", () => {
    test("a proof is that of this device, lifetime and nonce alone", t =>
        check(
            t,
            500,
            fc.property(
                fc.array(
                    fc.tuple(
                        deviceId,
                        fc.nat(),
                        fc.stringMatching(/^[A-Za-z0-9_-]{0,51}$/)
                    ),
                    {
                        minLength: 2,
                        maxLength: 2,
                    }
                ),
                requests => {
                    const secret = Buffer.alloc(32, 5).toString("base64")
                    const [one, two] = requests.map(
                        ([device, lifetimeSec, nonce]) =>
                            createProof(secret, {
                                deviceId: device,
                                lifetimeSec,
                                nonce,
                            })
                    )
                    assert.equal(
                        one === two,
                        JSON.stringify(requests[0]) ===
                            JSON.stringify(requests[1])
                    )
                }
            )
        ))

    test("a nonce of which any character is another is refused, and none comes twice", () => {
        const nonces = new Nonces()
        const nonce = nonces.make(NOW_MS)
        assert.ok(nonces.isGood(nonce, NOW_MS))
        for (let i = 0; i < nonce.length; i++)
            for (const char of "AQgw_-=")
                if (char !== nonce[i])
                    assert.ok(
                        !nonces.isGood(
                            nonce.slice(0, i) + char + nonce.slice(i + 1),
                            NOW_MS
                        )
                    )
        const many = Array.from({ length: 1000 }, () => nonces.make(NOW_MS))
        assert.equal(new Set(many).size, 1000)
    })

    test("used nonces have an end: when there is no room, none counts until a minute is over", () => {
        const nonces = new Nonces()
        for (let i = 0; i < MAX_USED; i++)
            assert.ok(nonces.use(nonces.make(NOW_MS), NOW_MS))
        assert.ok(!nonces.use(nonces.make(NOW_MS), NOW_MS))
        const later = NOW_MS + NONCE_LIFE_MS
        assert.ok(nonces.use(nonces.make(later), later))
    })

    test("failures are forgotten with time, with a success, and the oldest when there are too many names", () => {
        const attempts = new Attempts()
        const fail = (name: string, times: number, nowMs = 0) => {
            for (let i = 0; i < times; i++) attempts.failed(name, nowMs)
        }
        fail("a", MAX_FAILURES - 1)
        assert.equal(attempts.waitMs("a", 0), 0)
        fail("a", 1)
        assert.equal(attempts.waitMs("a", 1), 59_999)
        assert.equal(attempts.waitMs("b", 1), 0)
        assert.equal(attempts.waitMs("a", 60_000), 0)
        fail("a", 1, 60_000)
        assert.equal(attempts.waitMs("a", 60_000), 0)
        fail("c", MAX_FAILURES)
        attempts.succeeded("c")
        assert.equal(attempts.waitMs("c", 0), 0)
        fail("d", MAX_FAILURES)
        for (let i = 0; i < MAX_NAMES; i++) fail(`x${i}`, 1)
        assert.equal(attempts.waitMs("d", 0), 0)
    })

    test("enrolments come back from JSON, and nothing else is taken for them", () => {
        const enrolments = new Enrolments()
        enrolments.set("a")
        enrolments.set("b", Buffer.alloc(16, 1).toString("base64"))
        const text = JSON.stringify(enrolments)
        assert.equal(JSON.stringify(Enrolments.from(JSON.parse(text))), text)
        assert.ok(enrolments.remove("a"))
        assert.ok(!enrolments.remove("a"))
        assert.deepEqual(enrolments.deviceIds, ["b"])
        for (const wrong of [null, 1, { a: 1 }, { a: "" }, { a: "AAAA" }])
            assert.throws(() => Enrolments.from(wrong), {
                code: "bad-identity",
            })
    })
})
