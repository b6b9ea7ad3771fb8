/** The network in memory: what a TCP connection does, in the time of a virtual clock. */
import assert from "node:assert/strict"
import { test } from "node:test"
import type { AcceptedSocket } from "../../../sim/gateway/listener"
import { MemoryNet } from "../../../sim/simulation/memorynet"
import { Activity, VirtualClock } from "../../../sim/vm/virtualclock"
import type { ClientSocket } from "../../../sim/vm/socket"

const PORT = 8883
const LATENCY_MS = 4
const START_MS = 1_000_000

/** A server that keeps what it accepts, a host, and what both have heard, with the time. */
function setUp() {
    const activity = new Activity()
    const clock = new VirtualClock(START_MS, activity)
    const net = new MemoryNet(clock, activity, LATENCY_MS)
    const heard: string[] = []
    const note = (who: string) => (what: unknown) =>
        heard.push(`${clock.now() - START_MS} ${who} ${String(what)}`)
    const listen = (who: string, socket: AcceptedSocket | ClientSocket) => {
        const say = note(who)
        socket.on("connect", () => say("connect"))
        socket.on("data", data => say(data))
        socket.on("end", () => say("end"))
        socket.on("error", error => say(error.message))
        socket.on("close", () => say("close"))
    }
    const accepted: AcceptedSocket[] = []
    const server = net.createServer({ allowHalfOpen: true }, socket => {
        accepted.push(socket)
        listen("server", socket)
    })
    server.listen(PORT, "", () => undefined)
    const host = net.host("leaf")
    const connect = () => {
        const socket = host.connect({ host: "gateway", port: PORT })
        listen("client", socket)
        return socket
    }
    return { clock, server, host, accepted, heard, connect }
}

test("bytes and ends arrive after the latency, in order, and both ends close", async () => {
    const { clock, accepted, heard, connect } = setUp()
    const client = connect()
    await clock.pass(10)
    client.write("one")
    client.write("two")
    await clock.pass(10)
    accepted[0].write("three")
    accepted[0].end()
    await clock.pass(10)
    client.end()
    await clock.pass(10)
    assert.deepEqual(heard, [
        "8 client connect",
        "14 server one",
        "14 server two",
        "24 client three",
        "24 client end",
        "30 client close",
        "34 server end",
        "34 server close",
    ])
})

test("a port where nobody listens refuses", async () => {
    const { clock, server, heard, connect } = setUp()
    server.close(() => undefined)
    connect()
    await clock.pass(20)
    assert.deepEqual(heard, [
        "8 client connect ECONNREFUSED leaf:8883",
        "8 client close",
    ])
})

test("what is written to an end that is gone comes back as a reset", async () => {
    const { clock, accepted, heard, connect } = setUp()
    const client = connect()
    await clock.pass(10)
    accepted[0].destroy()
    client.write("late")
    await clock.pass(20)
    assert.deepEqual(heard.slice(1), [
        "10 server close",
        "14 client end",
        "18 client read ECONNRESET",
        "18 client close",
    ])
})

test("while a host is away nothing gets through; then it comes late, and in order", async () => {
    const { clock, host, accepted, heard, connect } = setUp()
    const client = connect()
    await clock.pass(10)
    host.away = true
    client.write("one")
    accepted[0].write("two")
    await clock.pass(1000)
    assert.deepEqual(heard, ["8 client connect"])
    host.away = false
    client.write("three")
    await clock.pass(10)
    assert.deepEqual(heard.slice(1), [
        "1010 server one",
        "1010 client two",
        "1014 server three",
    ])
})

test("a connection that was given up while the host was away never arrives", async () => {
    const { clock, host, accepted, connect } = setUp()
    host.away = true
    const client = connect()
    await clock.pass(100)
    client.destroy()
    host.away = false
    await clock.pass(100)
    assert.equal(accepted.filter(socket => !socket.destroyed).length, 0)
})

test("of a power cut nobody hears, not of what was sent just before it either", async () => {
    const { clock, host, accepted, heard, connect } = setUp()
    const client = connect()
    await clock.pass(10)
    host.cutPower()
    client.destroy()
    accepted[0].write("anybody?")
    await clock.pass(100)
    assert.deepEqual(heard, ["8 client connect", "10 client close"])
})

test("the same port can be opened again, and connections before that are as they were", async () => {
    const { clock, server, accepted, heard, connect } = setUp()
    const first = connect()
    await clock.pass(10)
    server.close(() => undefined)
    first.write("still here")
    await clock.pass(10)
    server.listen(PORT, "", () => undefined)
    connect()
    await clock.pass(10)
    assert.equal(accepted.length, 2)
    assert.deepEqual(heard.slice(1), [
        "14 server still here",
        "28 client connect",
    ])
})
