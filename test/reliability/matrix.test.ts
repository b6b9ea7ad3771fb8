/**
 * The fault matrix: the thermostat in the VM against each fault of the gateway, in each state of its connection.
 *
 * A row says what happens (`sim/gateway/faultoptions.ts`), which error the device tells of it, none if its connection stands, and
 * within how many seconds after the end of the fault it is connected for good and its next new reading is at the gateway. In every
 * row no reading is lost; one that comes twice was not acknowledged, and there are no more of them than the row says; nothing
 * panics; messages, methods and the twin work afterwards. See `faultbench.ts`.
 *
 * One device lives through all rows, in virtual time, so that what one row leaves behind is found in the next; and another one, which is
 * not a thermostat, through those for readings that are in flash.
 *
 * With `THOROUGH=1`, as `npm run test:faults` has it, all rows are run, in some minutes; without, one in eleven.
 * `ROWS=puback node built/test/run.js reliability/matrix`: those whose name has that text.
 */
import assert from "node:assert/strict"
import { after, before, describe, test, type TestContext } from "node:test"
import { UNFIT, type FaultOptions } from "../../sim/gateway/faultoptions"
import { unfitCertificates } from "../../sim/pki/unfit"
import { GATEWAY_NAME, Site } from "../site"
import type { Image } from "../../sim/vm/compiler"
import { FaultBench, type Outcome, TELEMETRY_SEC } from "./faultbench"

/** A reading is due so often, and the wait after a first failure is a second at most; a handshake takes no time here. */
const SOON_SEC = TELEMETRY_SEC + 2
/** Deadlines of the device: a step of TLS; CONNACK, SUBACK and PUBACK; a ping's answer. */
const TLS_SEC = 20
const ANSWER_SEC = 30
const PING_SEC = 10
const TIME_SEC = 10
/** How long a gateway is down, and how long the wait after that may be at most: tries that are refused make the waits grow. */
const DOWN_MS = 20_000
const MAX_WAIT_SEC = 60
/** The first wait where the gateway says no. */
const REFUSED_SEC = 10

/** Of so many rows one is run in every build: with five ways to end a connection at each occasion, all ways are among them. */
const SAMPLE = 11

/** What the device tells when a gateway ends the connection without a goodbye, during a handshake or behind it. */
const ENDED = "TlsTruncated|TlsClosed|ConnectionClosed"
/** Node ends a socket before it resets it: the device sees the one or the other. */
const RESET = `ConnectionReset|ConnectFailed|${ENDED}`

interface Row {
    fault: FaultOptions
    /** The error that the device tells, or one of several; "" if the connection stands. */
    tells: string
    withinSec: number
    /** Readings that may come twice at most: they were stored and not acknowledged. */
    repeats?: number
    /** What the caller of a method gets: a status, or the gateway's error. */
    called?: number | string
    /** The device has nothing to send meanwhile, so that it pings. */
    isIdle?: boolean
    /** What it has not got, it gets on the next connection: it is made when the fault is over. */
    again?: boolean
}

/** A row of a fault that has more to it than when it happens, or less. */
function row(
    name: FaultOptions["do"],
    at: FaultOptions["at"],
    tells: string,
    withinSec: number,
    { more, ...rest }: Partial<Row> & { more?: Partial<FaultOptions> } = {}
): Row {
    return { fault: { do: name, at, ...more }, tells, withinSec, ...rest }
}

/**
 * The rows for all that ends a connection at an occasion.
 *
 * @param unnoticed what the device tells when the connection is half-open, and how long after
 */
function ends(
    at: FaultOptions["at"],
    unnoticed: string,
    unnoticedSec: number,
    rest: Partial<Row> = {}
): Row[] {
    return [
        row("reset", at, RESET, SOON_SEC, rest),
        row("close", at, ENDED, SOON_SEC, rest),
        row("kick", at, ENDED, SOON_SEC, rest),
        row("half-open", at, unnoticed, unnoticedSec + SOON_SEC, rest),
        row("restart", at, ENDED, MAX_WAIT_SEC + SOON_SEC, {
            ...rest,
            more: { downMs: DOWN_MS },
        }),
    ]
}

const delay = (delayMs: number) => ({ more: { delayMs } })
const SHORT_MS = 10_000
const LATE_SEC = SHORT_MS / 1000 + SOON_SEC
/** Longer than the device waits for any answer. */
const LONG_MS = 45_000

/** The session's window: so many readings are unacknowledged at most. */
const WINDOW = 4
const UNHEARD = { repeats: WINDOW }

const UNFIT_ROWS: Row[] = UNFIT.map((certificate, i) =>
    row(
        "certificate",
        "accepted",
        [
            "X509Expired",
            "X509NotYetValid",
            "X509NameMismatch",
            "X509UnknownIssuer",
            "X509UnknownIssuer",
        ][i],
        SOON_SEC,
        { more: { certificate } }
    )
)

const ROWS: Row[] = [
    // Before MQTT.
    ...ends("accepted", "TlsTimeout", TLS_SEC),
    ...UNFIT_ROWS,
    ...ends("secured", "MqttConnackTimeout", ANSWER_SEC),
    // CONNECT and its answer.
    row("lose", "connect", "MqttConnackTimeout", ANSWER_SEC + SOON_SEC),
    ...[
        "MqttProtocolVersion",
        "MqttIdentifierRejected",
        "MqttServerUnavailable",
        "MqttBadCredentials",
        "MqttNotAuthorized",
    ].map((error, i) =>
        row("refuse", "connect", error, REFUSED_SEC + SOON_SEC, {
            more: { returnCode: i + 1 },
        })
    ),
    row("shorten-token", "connect", ENDED, 20 + SOON_SEC, {
        more: { lifeSec: 20 },
        ...UNHEARD,
    }),
    ...ends("connect", "MqttConnackTimeout", ANSWER_SEC),
    row("drop", "connack", "MqttConnackTimeout", ANSWER_SEC + SOON_SEC),
    row("delay", "connack", "", LATE_SEC, delay(SHORT_MS)),
    row(
        "delay",
        "connack",
        "MqttConnackTimeout",
        ANSWER_SEC + SOON_SEC,
        delay(LONG_MS)
    ),
    row("repeat", "connack", "MqttUnexpectedPacket", SOON_SEC),
    row("early-messages", "connack", "", SOON_SEC),
    ...ends("connack", "MqttConnackTimeout", ANSWER_SEC),
    // Subscriptions.
    row("lose", "subscribe", "MqttSubackTimeout", ANSWER_SEC + SOON_SEC),
    row("drop", "suback", "MqttSubackTimeout", ANSWER_SEC + SOON_SEC),
    row("delay", "suback", "", LATE_SEC, delay(SHORT_MS)),
    row(
        "delay",
        "suback",
        "MqttSubackTimeout",
        ANSWER_SEC + SOON_SEC,
        delay(LONG_MS)
    ),
    row("repeat", "suback", "MqttMalformed", SOON_SEC),
    ...ends("subscribe", "MqttSubackTimeout", ANSWER_SEC),
    ...ends("suback", "MqttSubackTimeout", ANSWER_SEC),
    // Telemetry.
    row("lose", "telemetry", "MqttPubackTimeout", ANSWER_SEC + SOON_SEC),
    row("drop", "puback", "MqttPubackTimeout", ANSWER_SEC + SOON_SEC, UNHEARD),
    row("delay", "puback", "", SOON_SEC, delay(SHORT_MS)),
    row("delay", "puback", "MqttPubackTimeout", ANSWER_SEC + SOON_SEC, {
        ...delay(LONG_MS),
        ...UNHEARD,
    }),
    row("repeat", "puback", "", SOON_SEC),
    ...ends("telemetry", "MqttPubackTimeout", ANSWER_SEC),
    ...ends("puback", "MqttPubackTimeout", ANSWER_SEC, UNHEARD),
    // Nothing to send.
    row("lose", "ping", "MqttPingTimeout", PING_SEC + SOON_SEC, {
        isIdle: true,
    }),
    row("drop", "pong", "MqttPingTimeout", PING_SEC + SOON_SEC, {
        isIdle: true,
    }),
    row("delay", "pong", "", SOON_SEC, { ...delay(8_000), isIdle: true }),
    row("repeat", "pong", "", SOON_SEC, { isIdle: true }),
    ...ends("ping", "MqttPingTimeout", PING_SEC, { isIdle: true }),
    // Messages from the cloud: they come again on the next connection, with what was not acknowledged.
    row("drop", "message", "", SOON_SEC, { again: true }),
    row("delay", "message", "", SOON_SEC, delay(SHORT_MS)),
    row("repeat", "message", "", SOON_SEC),
    row("lose", "message-ack", "", SOON_SEC, { again: true }),
    ...ends("message", "MqttPubackTimeout", ANSWER_SEC + TELEMETRY_SEC),
    ...ends("message-ack", "MqttPubackTimeout", ANSWER_SEC + TELEMETRY_SEC),
    // Methods: whoever calls is told.
    row("drop", "method", "", SOON_SEC, { called: "method-timeout" }),
    row("delay", "method", "", SOON_SEC, { ...delay(SHORT_MS), called: 200 }),
    row("repeat", "method", "", SOON_SEC, { called: 200 }),
    row("lose", "method-reply", "", SOON_SEC, { called: "method-timeout" }),
    ...(["method", "method-reply"] as const).flatMap(at =>
        ends(at, "MqttPubackTimeout", ANSWER_SEC + TELEMETRY_SEC, {
            called: "device-disconnected",
        })
    ),
    // The twin: the device asks again, or is asked again.
    ...(["twin-get", "twin-report"] as const).flatMap(at => [
        row("lose", at, "", SOON_SEC),
        ...[429, 500, 503].map(status =>
            row("fail-twin", at, "", SOON_SEC, { more: { status } })
        ),
        ...ends(at, "MqttPubackTimeout", ANSWER_SEC + TELEMETRY_SEC),
    ]),
    row("drop", "twin-answer", "", SOON_SEC),
    row("delay", "twin-answer", "", SOON_SEC, delay(SHORT_MS)),
    row("repeat", "twin-answer", "", SOON_SEC),
    row("drop", "desired", "", SOON_SEC, { again: true }),
    row("delay", "desired", "", SOON_SEC, delay(SHORT_MS)),
    row("repeat", "desired", "", SOON_SEC),
    ...ends("twin-answer", "MqttPubackTimeout", ANSWER_SEC + TELEMETRY_SEC),
    ...ends("desired", "MqttPubackTimeout", ANSWER_SEC + TELEMETRY_SEC),
]

/** The occasions of a connection that is made to renew the token. */
const RENEWING: Row[] = [
    row("reset", "accepted", RESET, SOON_SEC),
    row("half-open", "secured", "MqttConnackTimeout", ANSWER_SEC + SOON_SEC),
    row("lose", "connect", "MqttConnackTimeout", ANSWER_SEC + SOON_SEC),
    ...ends("connack", "MqttConnackTimeout", ANSWER_SEC),
    row("early-messages", "connack", "", SOON_SEC),
    row("drop", "suback", "MqttSubackTimeout", ANSWER_SEC + SOON_SEC),
]

/** How long the gateway is down, so that much more is read than stays in RAM. */
const FILL_MS = 120_000
/** What was in the window, and what was acknowledged of a page when the connection broke, and is sent again with all of it. */
const PAGE = { repeats: 2 * WINDOW }

/**
 * The occasions at which a device with readings in its flash sends them. The gateway was away for long: the waits have grown, before the
 * occasion and behind it.
 */
const SPILLING: Row[] = [
    row("reset", "accepted", RESET, SOON_SEC),
    row("half-open", "secured", "MqttConnackTimeout", ANSWER_SEC + SOON_SEC),
    row("lose", "connect", "MqttConnackTimeout", ANSWER_SEC + SOON_SEC),
    row("delay", "connack", "", LATE_SEC, delay(SHORT_MS)),
    row("lose", "telemetry", "MqttPubackTimeout", ANSWER_SEC + SOON_SEC, PAGE),
    row("drop", "puback", "MqttPubackTimeout", ANSWER_SEC + SOON_SEC, PAGE),
    row("delay", "puback", "", SOON_SEC, delay(SHORT_MS)),
    row("repeat", "puback", "", SOON_SEC),
    ...ends("telemetry", "MqttPubackTimeout", ANSWER_SEC, PAGE),
    ...ends("puback", "MqttPubackTimeout", ANSWER_SEC, PAGE),
].map(one => ({ ...one, withinSec: one.withinSec + 2 * MAX_WAIT_SEC }))

/**
 * The time is asked for on the way to a connection, at a port of its own. `tells` is why the device goes without it; the connection is
 * made all the same.
 */
const UNTIMED: Row[] = [
    row("reset", "accepted", RESET, SOON_SEC),
    row("close", "accepted", ENDED, SOON_SEC),
    row("half-open", "accepted", "TlsTimeout", TLS_SEC + SOON_SEC),
    // One that begins in the future says, while the time is not known, that the future has come: see SECURITY.md, "What is not checked".
    ...UNFIT_ROWS.filter(one => one.fault.certificate !== "not-yet-valid"),
    row("reset", "secured", RESET, SOON_SEC),
    row("close", "secured", "HttpNoDate", SOON_SEC),
    row("half-open", "secured", "HttpTimeout", TIME_SEC + SOON_SEC),
].map(one => ({ ...one, fault: { ...one.fault, port: "time" } }))

/** What leads to an occasion; what it gives is what the caller of a method gets. */
function cause(
    bench: FaultBench,
    { at }: FaultOptions
): () => void | Promise<number | string> {
    switch (at) {
        case "message":
        case "message-ack":
            return () => void bench.sendMessage()
        case "method":
        case "method-reply":
            return () => bench.call()
        case "desired":
        case "twin-report":
            return () => bench.desire()
        case "telemetry":
        case "puback":
        case "ping":
        case "pong":
            return () => undefined
        default:
            // A new connection.
            return () => bench.drop()
    }
}

function unfitOf({ chain }: Site) {
    return unfitCertificates({
        names: [GATEWAY_NAME],
        edgeCa: chain.edgeCa,
        intermediatePem: chain.intermediate.pem,
    })
}

function nameOf({ fault, tells, withinSec }: Row): string {
    const { do: name, at, port, ...more } = fault
    const details = Object.values(more).join(" ")
    const what = tells ? `tells ${tells.split("|").join(" or ")}` : "stands"
    return `${port === "time" ? "time, " : ""}${at}: ${name}${details && ` ${details}`} → ${what}, within ${withinSec} s`
}

function isWanted(one: Row, i: number): boolean {
    const { ROWS: wanted, THOROUGH: thorough } = process.env
    if (wanted !== undefined) return nameOf(one).includes(wanted)
    return thorough === "1" || i % SAMPLE === 0
}

describe("the fault matrix", () => {
    let site: Site
    let bench: FaultBench

    before(async () => {
        site = await Site.create()
        const image = await site.compile("test/firmware/forgiving.ts")
        bench = await FaultBench.start(site, image, {
            gateway: { unfitCertificates: await unfitOf(site) },
        })
        await bench.settle()
    })
    after(async () => {
        await bench.close()
        await site.close()
    })

    for (const one of ROWS.filter(isWanted))
        test(nameOf(one), async t => {
            const { fault, isIdle, again } = one
            let called: number | string | undefined
            const outcome = await bench.suffer(fault, {
                act: async () => {
                    called = (await cause(bench, fault)()) ?? undefined
                },
                isIdle,
                again,
            })
            assertOutcome(one, outcome, t)
            assert.equal(called, one.called)
            await bench.prove()
        })

    for (const one of RENEWING.filter(isWanted))
        test(`while the token is renewed, ${nameOf(one)}`, async t => {
            const outcome = await bench.suffer(one.fault, {
                act: () => bench.renew(),
            })
            assertOutcome(one, outcome, t)
            await bench.prove()
        })
})

describe("the fault matrix of a device with readings in its flash", () => {
    let site: Site
    let bench: FaultBench

    before(async () => {
        site = await Site.create()
        bench = await FaultBench.start(
            site,
            await site.compile("test/firmware/spilling.ts")
        )
        await bench.settle()
    })
    after(async () => {
        await bench.close()
        await site.close()
    })

    for (const one of SPILLING.filter(isWanted))
        test(nameOf(one), async t => {
            await bench.fill(FILL_MS)
            assertOutcome(one, await bench.suffer(one.fault), t)
            bench.assertWhole()
        })
})

describe("the fault matrix of the port for the time", () => {
    let site: Site
    let image: Image
    let unfit: Awaited<ReturnType<typeof unfitCertificates>>

    before(async () => {
        site = await Site.create()
        image = await site.compile("test/firmware/forgiving.ts")
        unfit = await unfitOf(site)
    })
    after(() => site.close())

    // A device that has failed skips a growing number of times: each row has its own.
    for (const one of UNTIMED.filter(isWanted))
        test(nameOf(one), async t => {
            const bench = await FaultBench.start(site, image, {
                gateway: { unfitCertificates: unfit },
            })
            await bench.settle()
            const outcome = await bench.suffer(one.fault, {
                act: () => bench.drop(),
            })
            assertOutcome({ ...one, tells: "" }, outcome, t)
            const [untimed = "", ...more] = bench.untimed
            assert.match(untimed, new RegExp(`^(?:${one.tells})$`))
            assert.deepEqual(more, [])
            await bench.prove()
            await bench.close()
        })
})

/** What a row says of what the device told, and of when it was well again. */
function assertOutcome(
    { fault, tells, withinSec, repeats = 0 }: Row,
    outcome: Outcome,
    t: TestContext
): void {
    t.diagnostic(JSON.stringify(outcome))
    const [told = "", ...others] = outcome.errors
    assert.match(told, new RegExp(`^(?:${tells})$`))
    // While the gateway is down, the tries are refused.
    for (const error of others)
        assert.equal(
            fault.do === "restart" && error,
            "ConnectFailed",
            outcome.errors.join()
        )
    assert.equal(outcome.disconnected, tells !== "")
    assert.ok(outcome.recoveredSec <= withinSec, `${outcome.recoveredSec} s`)
    assert.ok(
        outcome.repeats <= repeats,
        `${outcome.repeats} readings came twice`
    )
}
