import { sleep } from "@devicescript/core"
import { describe, expect, test } from "@devicescript/test"
import {
    MAX_ANSWER_BYTES,
    MAX_CALLS,
    MAX_RUNNING,
    Methods,
} from "../../../src/app/methods"
import type { Leaf } from "../../../src/app/leaf"
import { ErrorCode } from "../../../src/errors"
import { MAX_JSON_BYTES } from "../../../src/iothub/json"
import { IncomingPublish } from "../../../src/mqtt/packet"
import type { OutgoingMessage, Session } from "../../../src/mqtt/session"
import { expectCode } from "../check"
import { Bench } from "./bench"
import type { TestConnection } from "./gateway"

/** Something that handlers wait for. */
class Gate {
    isOpen = false
    waiting = 0

    async pass(): Promise<void> {
        this.waiting++
        while (!this.isOpen) await sleep(5)
    }

    async whenWaiting(count: number): Promise<void> {
        for (let i = 0; i < 1000 && this.waiting < count; i++) await sleep(5)
    }
}

/** A leaf with methods, and the caller's side. */
class Caller extends Bench {
    private seen = 0

    constructor() {
        super()
        this.create()
    }

    async connect(): Promise<TestConnection> {
        this.leaf.start()
        await this.whenReady()
        return this.gateway.connection
    }

    /** Waits until the leaf has subscribed on its newest connection. */
    async whenReady(): Promise<void> {
        const gateway = this.gateway
        for (let i = 0; i < 1000; i++) {
            if (gateway.subscribed.length === gateway.clientIds.length)
                if (this.leaf.connected) return
            await sleep(5)
        }
    }

    call(name: string, rid: string, body: string): void {
        this.gateway.connection.deliver(
            `$iothub/methods/POST/${name}/?$rid=${rid}`,
            Buffer.from(body)
        )
    }

    /** The next answer. */
    async answer(): Promise<string> {
        await this.gateway.waitForPublished(this.seen + 1)
        return this.gateway.published[this.seen++]
    }

    /** Calls a method, and waits for its answer. */
    async ask(name: string, rid: string, body: string): Promise<string> {
        this.call(name, rid, body)
        return await this.answer()
    }
}

function message(text: string): string {
    return ` {"message":"${text}"}`
}

const RES = "$iothub/methods/res/"

describe("methods", () => {
    test("a handler gets the payload, and the caller its status and payload under the same rid", async () => {
        const caller = new Caller()
        caller.leaf.onMethod("sum", async payload => ({
            status: 201,
            payload: { sum: payload[0] + payload[1] },
        }))
        await caller.connect()
        expect(caller.gateway.subscribed.join()).toBe("$iothub/methods/POST/#")
        const rid = "5e1c2a7e-7f0b-4f0e-9a6c-0d0f0e0b0a09"
        expect(await caller.ask("sum", rid, "[1,2]")).toBe(
            `${RES}201/?$rid=${rid} {"sum":3}`
        )
        expect(await caller.ask("sum", "2", "[3,4]")).toBe(
            `${RES}201/?$rid=2 {"sum":7}`
        )
        caller.leaf.stop()
    })

    test("no payload is null, and a handler that has none answers without", async () => {
        const caller = new Caller()
        caller.leaf.onMethod("a", async payload => ({
            status: payload === null ? 204 : 400,
        }))
        await caller.connect()
        expect(await caller.ask("a", "1", "")).toBe(`${RES}204/?$rid=1 `)
        caller.leaf.stop()
    })

    test("the first handler of a name counts, and names are case-sensitive", async () => {
        const caller = new Caller()
        caller.leaf.onMethod("a", async () => ({ status: 201 }))
        caller.leaf.onMethod("b", async () => ({ status: 202 }))
        caller.leaf.onMethod("a", async () => ({ status: 203 }))
        await caller.connect()
        expect(await caller.ask("a", "1", "")).toBe(`${RES}201/?$rid=1 `)
        expect(await caller.ask("b", "2", "")).toBe(`${RES}202/?$rid=2 `)
        expect(await caller.ask("A", "3", "")).toBe(
            `${RES}404/?$rid=3` + message("there is no such method")
        )
        caller.leaf.stop()
    })

    test("no name that objects have by themselves is a method", async () => {
        const caller = new Caller()
        caller.leaf.onMethod("a", async () => ({ status: 200 }))
        await caller.connect()
        for (const name of ["constructor", "toString", "length", "0", ""])
            expect(await caller.ask(name, "1", "")).toBe(
                `${RES}404/?$rid=1` + message("there is no such method")
            )
        caller.leaf.stop()
    })

    test("bad JSON is 400, and too much of it 413, without the handler", async () => {
        const caller = new Caller()
        let runs = 0
        caller.leaf.onMethod("a", async () => {
            runs++
            return { status: 200 }
        })
        await caller.connect()
        const long = Buffer.alloc(MAX_JSON_BYTES + 1)
        long.fillAt(0, long.length, 0x31)
        for (const body of ["{", "x", "{'a':1}", '"\\'])
            expect(await caller.ask("a", "1", body)).toBe(
                `${RES}400/?$rid=1` + message("iothub: a text is no JSON")
            )
        expect(await caller.ask("a", "2", long.toString())).toBe(
            `${RES}413/?$rid=2` + message("iothub: a JSON text is too long")
        )
        expect(
            await caller.ask("a", "3", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[")
        ).toBe(
            `${RES}413/?$rid=3` +
                message(
                    "iothub: a JSON text is too deep or has too many values"
                )
        )
        expect(runs).toBe(0)
        caller.leaf.stop()
    })

    test("a handler that throws is 500, and the caller does not learn why", async () => {
        const caller = new Caller()
        caller.leaf.onMethod("a", async () => {
            throw new Error("a secret")
        })
        await caller.connect()
        expect(await caller.ask("a", "1", "")).toBe(
            `${RES}500/?$rid=1` + message("the method failed")
        )
        caller.leaf.stop()
    })

    test("a result that cannot be sent is 500", async () => {
        const caller = new Caller()
        const long = Buffer.alloc(MAX_ANSWER_BYTES)
        long.fillAt(0, long.length, 0x31)
        const results: any[] = [
            undefined,
            null,
            {},
            { status: "200" },
            { status: -1 },
            { status: 1024 },
            { status: 200.5 },
            { status: 200, payload: long.toString() },
        ]
        caller.leaf.onMethod("a", async payload => results[payload])
        await caller.connect()
        for (let i = 0; i < results.length; i++)
            expect(await caller.ask("a", `${i}`, `${i}`)).toBe(
                `${RES}500/?$rid=${i}` + message("the method failed")
            )
        caller.leaf.stop()
    })

    test("a bounded number of handlers runs at once, and a quick one overtakes a slow one", async () => {
        const caller = new Caller()
        const gate = new Gate()
        caller.leaf.onMethod("slow", async () => {
            await gate.pass()
            return { status: 201 }
        })
        caller.leaf.onMethod("quick", async () => ({ status: 202 }))
        await caller.connect()
        for (let i = 1; i < MAX_RUNNING; i++) caller.call("slow", `${i}`, "")
        await gate.whenWaiting(MAX_RUNNING - 1)
        expect(await caller.ask("quick", "q", "")).toBe(`${RES}202/?$rid=q `)
        caller.call("slow", `${MAX_RUNNING}`, "")
        await gate.whenWaiting(MAX_RUNNING)
        expect(await caller.ask("quick", "r", "")).toBe(
            `${RES}503/?$rid=r` + message("too many methods run already")
        )
        gate.isOpen = true
        const rids: string[] = []
        for (let i = 0; i < MAX_RUNNING; i++) rids.push(await caller.answer())
        // In whatever order their fibers go on.
        for (let i = 0; i < MAX_RUNNING; i++)
            expect(rids.indexOf(`${RES}201/?$rid=${i + 1} `) >= 0).toBe(true)
        expect(await caller.ask("quick", "s", "")).toBe(`${RES}202/?$rid=s `)
        caller.leaf.stop()
    })

    test("a handler that takes too long is answered with 504 in time, and what it comes to later is dropped", async () => {
        const caller = new Caller()
        const gate = new Gate()
        caller.leaf.onMethod("slow", async () => {
            await gate.pass()
            return { status: 201 }
        })
        caller.leaf.onMethod("quick", async () => ({ status: 202 }))
        await caller.connect()
        const leaf: any = caller.leaf
        leaf.methods.timeoutMs = 300
        caller.call("slow", "1", "")
        await gate.whenWaiting(1)
        await sleep(350)
        // A call looks at all of them, as the idle leaf does every few seconds.
        caller.call("none", "2", "")
        expect(await caller.answer()).toBe(
            `${RES}504/?$rid=1` + message("the method takes too long")
        )
        expect(await caller.answer()).toBe(
            `${RES}404/?$rid=2` + message("there is no such method")
        )
        gate.isOpen = true
        await sleep(50)
        expect(await caller.ask("quick", "3", "")).toBe(`${RES}202/?$rid=3 `)
        caller.leaf.stop()
    })

    test("an answer does not go out on another connection than its call came on", async () => {
        const caller = new Caller()
        const gate = new Gate()
        caller.leaf.onMethod("slow", async () => {
            await gate.pass()
            return { status: 201 }
        })
        caller.leaf.onMethod("quick", async () => ({ status: 202 }))
        await caller.connect()
        caller.call("slow", "1", "")
        await gate.whenWaiting(1)
        await caller.reconnect()
        await caller.whenReady()
        gate.isOpen = true
        await sleep(50)
        expect(await caller.ask("quick", "2", "")).toBe(`${RES}202/?$rid=2 `)
        caller.leaf.stop()
    })

    test("more calls than can wait for their answer are not answered, and do no harm", async () => {
        const methods = new Methods({ wake: () => {} } as any as Leaf)
        methods.begin()
        for (let i = 0; i < 4 * MAX_CALLS; i++) {
            const call = new IncomingPublish()
            call.topic = `$iothub/methods/POST/a/?$rid=${i}`
            expect(methods.take(call)).toBe(true)
        }
        const sent: string[] = []
        const session: any = {
            publish: async (answer: OutgoingMessage) => {
                sent.push(answer.topic)
            },
        }
        await methods.serve(session as Session)
        expect(sent.length).toBe(MAX_CALLS)
        expect(sent[MAX_CALLS - 1]).toBe(`${RES}404/?$rid=${MAX_CALLS - 1}`)
        const other = new IncomingPublish()
        other.topic = "$iothub/twin/res/200/?$rid=1"
        expect(methods.take(other)).toBe(false)
    })

    test("a token's renewal waits for an answer, and the answer goes out before the goodbye", async () => {
        const caller = new Caller()
        const gate = new Gate()
        caller.leaf.onMethod("slow", async () => {
            await gate.pass()
            return { status: 201 }
        })
        await caller.connect()
        caller.call("slow", "1", "")
        await gate.whenWaiting(1)
        // As a renewal, stopping drains.
        caller.leaf.stop()
        await sleep(100)
        expect(caller.gateway.disconnects).toBe(0)
        gate.isOpen = true
        expect(await caller.answer()).toBe(`${RES}201/?$rid=1 `)
        const connection = caller.gateway.connection
        for (let i = 0; i < 1000 && !connection.isClosed; i++) await sleep(5)
        expect(caller.gateway.disconnects).toBe(1)
    })

    test("a call with QoS 1 is acknowledged", async () => {
        const methods = new Methods({ wake: () => {} } as any as Leaf)
        methods.begin()
        const call = new IncomingPublish()
        call.topic = "$iothub/methods/POST/a/?$rid=1"
        methods.take(call)
        expect(call.isHandled).toBe(true)
    })

    test("the first method has to come before the connection, later ones may come at any time", async () => {
        const late = new Caller()
        late.leaf.start()
        for (let i = 0; i < 1000 && !late.leaf.connected; i++) await sleep(5)
        await expectCode(ErrorCode.FeatureTooLate, () => {
            late.leaf.onMethod("a", async () => ({ status: 200 }))
        })
        late.leaf.stop()
        const caller = new Caller()
        caller.leaf.onMethod("a", async () => ({ status: 200 }))
        await caller.connect()
        caller.leaf.onMethod("b", async () => ({ status: 202 }))
        expect(await caller.ask("b", "1", "")).toBe(`${RES}202/?$rid=1 `)
        caller.leaf.stop()
    })
})
