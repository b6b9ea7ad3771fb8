/**
 * A worker that flies some of the rounds of `flights.test.ts`, without the test runner's hooks at every promise, which
 * make them three times as slow.
 */
import assert from "node:assert/strict"
import { parentPort, workerData } from "node:worker_threads"
import { P256 } from "../../sim/faults/algorithms"
import type { CommonFaults, HostileServer } from "../../sim/faults/hostile"
import { Content } from "../../sim/faults/wire"
import { Buffer as DeviceBuffer } from "../../sim/shim/buffer"
import { fastParts } from "../oracle/tls/fastparts"
import { eight } from "../oracle/tls/misbehaviour"
import { Regular, Store } from "../oracle/tls/sessions"
import { twoGroups } from "../oracle/tls/sets"
import { VERSIONS } from "../oracle/tls/versions"
import { anchorOf, ErrorCode, errorCode, TlsSite } from "../oracle/tlssite"
import { Random } from "../random"
import { randomFaults } from "./faults"

/** What the worker is to do. */
export interface Orders {
    seed: number
    rounds: number[]
}

/** What it reports. */
export interface Report {
    /** How many flights ended how. */
    outcomes: Record<string, number>
    /** The largest buffer that was allocated. */
    largest: number
}

const { alertFor } = require("../../src/tls/alert") as {
    alertFor(code: number): number
}

type Site = TlsSite<CommonFaults, HostileServer>
interface Scenario {
    name: string
    site: Site
    device: Regular<CommonFaults, HostileServer>
    server: object
    session: DeviceBuffer | null
}

/** Full, retried and resumed handshakes of both versions. */
async function scenarios(): Promise<Scenario[]> {
    const first = await TlsSite.create()
    const anchors = [anchorOf(first.owner.edgeCa)]
    const client = { parts: fastParts(twoGroups()), anchors }
    const chain = first.chain.slice(0, 1)
    const result: Scenario[] = []
    for (const { name, Server } of VERSIONS) {
        const site = first.at(Server)
        const device = new Regular(site, client)
        await device.visits({}, { chain })
        const session = device.store.state
        const add = (what: string, server: object, held = session) =>
            result.push({
                name: `${name}, ${what}`,
                site,
                device,
                server: { chain, ...server },
                session: held,
            })
        add("full", {}, null)
        add("resumed", {})
        if (name === "TLS 1.3") {
            add("retried", { groups: [P256], cookie: Buffer.from("c") }, null)
            add("retried and resumed", { groups: [P256] })
        } else add("refused", { tickets: undefined })
    }
    return result
}

/** @returns the largest buffer that was allocated since */
function watchAllocations(): () => number {
    let largest = 0
    const shim = DeviceBuffer as unknown as {
        alloc(size: number): DeviceBuffer
    }
    const { alloc } = shim
    shim.alloc = size => {
        if (size > largest) largest = size
        return alloc.call(shim, size)
    }
    return () => largest
}

/** One flight. @returns how it ended: with which code, and whether the connection was open then */
async function fly(
    { site, device, server, session }: Scenario,
    random: Random
): Promise<string> {
    const faults = randomFaults(random)
    const store = new Store()
    store.state = session
    // Application data counts from the server's Finished on; what came before must not be delivered.
    const sent: Buffer[] = []
    let hasFinished = false
    const { transport, connection } = site.open(
        {
            ...faults,
            message: (step, message) => {
                hasFinished ||= step === "finished"
                return faults.message
                    ? faults.message(step, message)
                    : [message]
            },
            afterHandshake: opened => {
                opened.sendData("hello")
                faults.afterHandshake?.(opened)
            },
        },
        {
            ...device.options({}, server, store),
            endsWhenIdle: true,
            pieceBytes: random.pick([64, 1024]),
        }
    )
    const protect = transport.server.protect.bind(transport.server)
    transport.server.protect = fragment => {
        if (hasFinished && fragment.type === Content.ApplicationData)
            sent.push(fragment.content)
        return protect(fragment)
    }
    let code = "accepted"
    let isOpen = false
    const received: Buffer[] = []
    try {
        const open = await connection
        isOpen = true
        for (;;) {
            const piece = await open.read(1000)
            if (piece === null) break
            if (piece !== undefined) received.push(Buffer.from(piece))
        }
        await open.close()
    } catch (error) {
        if (errorCode(error) === 0) throw error
        code = ErrorCode[errorCode(error)]
        const alert = alertFor(errorCode(error))
        const { alert: seen, unreadable } = transport.server
        assert.ok(
            seen === (alert === 255 ? undefined : alert) ||
                (seen === undefined && unreadable > 0),
            `alert ${seen} for ${code}`
        )
    }
    assert.ok(transport.closed || code === "accepted")
    assert.ok(
        transport.reads <= transport.delivered + 64,
        `${transport.reads} reads of ${transport.delivered} pieces`
    )
    const got = Buffer.concat(received)
    assert.ok(
        got.equals(Buffer.concat(sent).subarray(0, got.length)),
        "data is what was sent, up to some point"
    )
    assert.equal(transport.server.applicationData.length, 0, "S4")
    return isOpen ? `open, then ${code}` : code
}

async function work({ seed, rounds }: Orders): Promise<Report> {
    const all = await scenarios()
    const largest = watchAllocations()
    const outcomes: Report["outcomes"] = {}
    await eight(rounds, async round => {
        const scenario = all[round % all.length]
        try {
            const outcome = await fly(scenario, new Random(seed + round))
            outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
        } catch (error) {
            console.log(`SEED=${seed} ROUND=${round} (${scenario.name}) fails`)
            throw error
        }
    })
    return { outcomes, largest: largest() }
}

void work(workerData as Orders).then(report => parentPort!.postMessage(report))
