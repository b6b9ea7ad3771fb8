import { sleep } from "@devicescript/core"
import { describe, expect, test } from "@devicescript/test"
import {
    MAX_PATCHES,
    MAX_PATCH_BYTES,
    MAX_REPORT_BYTES,
    MAX_REQUESTS,
    MAX_TRIES,
    Twin,
} from "../../../src/app/twin"
import type { Leaf } from "../../../src/app/leaf"
import { PolicyAt } from "../../../src/app/policy"
import { ErrorCode, errorCode } from "../../../src/errors"
import { MAX_JSON_BYTES } from "../../../src/iothub/json"
import { IncomingPublish } from "../../../src/mqtt/packet"
import { expectCode } from "../check"
import { Bench } from "./bench"

const GET = "$iothub/twin/GET/?$rid="
const REPORT = "$iothub/twin/PATCH/properties/reported/?$rid="

/** A leaf with a twin, and the cloud's side of it. */
class Cloud extends Bench {
    readonly twin: Twin
    /** What the desired properties are, without their braces and the version. */
    desired = '"a":1'
    version = 1
    /** Statuses of the next answers, before those of success; 0: none comes. */
    readonly statuses: number[] = []
    /** What the next readings give instead of the twin. */
    readonly answers: string[] = []
    /** Each request: `get`, `{report}`. */
    readonly requests: string[] = []
    readonly rids: string[] = []
    /** What the handler was told: `whole {JSON}` or `patch {JSON}`. */
    readonly told: string[] = []

    constructor() {
        super()
        this.twin = this.create().twin()
        const self = this
        this.gateway.onPublished = (topic, body) => {
            self.take(topic, body)
        }
    }

    /** Notes what the handler is told. */
    follow(): void {
        const self = this
        this.twin.onDesired(async (desired, isWhole) => {
            self.told.push(
                (isWhole ? "whole " : "patch ") + JSON.stringify(desired)
            )
        })
    }

    private take(topic: string, body: Buffer): void {
        const isGet = topic.indexOf(GET) === 0
        if (!isGet && topic.indexOf(REPORT) !== 0) return
        const rid = topic.slice((isGet ? GET : REPORT).length)
        this.rids.push(rid)
        this.requests.push(isGet ? "get" : body.toString())
        let status = isGet ? 200 : 204
        if (this.statuses.length > 0) {
            status = this.statuses[0]
            this.statuses.shift()
        }
        if (status === 0) return
        if (this.answers.length > 0) {
            this.answer(status, rid, this.answers.shift())
            return
        }
        this.answer(
            status,
            rid,
            status === 200
                ? '{"desired":' +
                      this.document() +
                      ',"reported":{"$version":4}}'
                : ""
        )
    }

    document(): string {
        // In the VM no template may have `{` before a value.
        return "{" + this.desired + ',"$version":' + this.version + "}"
    }

    answer(status: number, rid: string, body: string): void {
        this.gateway.connection.deliver(
            `$iothub/twin/res/${status}/?$rid=${rid}`,
            Buffer.from(body)
        )
    }

    /** Tells of a change, whatever the twin is. */
    patch(version: number, body: string): void {
        this.gateway.connection.deliver(
            `$iothub/twin/PATCH/properties/desired/?$version=${version}`,
            Buffer.from(body)
        )
    }

    async whenRequested(count: number): Promise<void> {
        for (let i = 0; i < 2000 && this.requests.length < count; i++)
            await sleep(5)
        expect(this.requests.length).toBe(count)
    }

    async whenTold(count: number): Promise<void> {
        for (let i = 0; i < 2000 && this.told.length < count; i++)
            await sleep(5)
        expect(this.told.length).toBe(count)
    }
}

function spaces(count: number): string {
    const text = Buffer.alloc(count)
    text.fillAt(0, count, 0x20)
    return text.toString()
}

describe("twin", () => {
    test("gives the whole desired document after the connect, and then changes", async () => {
        const cloud = new Cloud()
        cloud.follow()
        cloud.leaf.start()
        await cloud.whenTold(1)
        expect(cloud.gateway.subscribed.join()).toBe(
            "$iothub/twin/res/#,$iothub/twin/PATCH/properties/desired/#"
        )
        cloud.patch(2, '{"a":null,"b":{"c":2},"$version":2}')
        cloud.patch(3, '{"d":3,"$version":3}')
        await cloud.whenTold(3)
        cloud.leaf.stop()
        expect(cloud.told.join("\n")).toBe(
            'whole {"a":1,"$version":1}\n' +
                'patch {"a":null,"b":{"c":2},"$version":2}\n' +
                'patch {"d":3,"$version":3}'
        )
        expect(cloud.requests.join()).toBe("get")
    })

    test("finds what changed while it was away, and does not give again what it has given", async () => {
        const cloud = new Cloud()
        cloud.follow()
        cloud.leaf.start()
        await cloud.whenTold(1)
        await cloud.reconnect()
        await cloud.whenRequested(2)
        await sleep(50)
        expect(cloud.told.length).toBe(1)
        cloud.version = 7
        await cloud.reconnect()
        await cloud.whenTold(2)
        // A twin that was made anew counts from the beginning.
        cloud.version = 2
        await cloud.reconnect()
        await cloud.whenTold(3)
        cloud.leaf.stop()
        expect(cloud.told.join("\n")).toBe(
            'whole {"a":1,"$version":1}\n' +
                'whole {"a":1,"$version":7}\n' +
                'whole {"a":1,"$version":2}'
        )
    })

    test("ignores a change that is not newer, and reads the whole document when one is missing", async () => {
        const cloud = new Cloud()
        cloud.follow()
        cloud.version = 5
        cloud.leaf.start()
        await cloud.whenTold(1)
        cloud.patch(5, '{"x":1,"$version":5}')
        cloud.patch(4, '{"x":1,"$version":4}')
        cloud.patch(6, '{"x":2,"$version":6}')
        await cloud.whenTold(2)
        cloud.version = 9
        cloud.patch(8, '{"x":3,"$version":8}')
        await cloud.whenTold(3)
        // Came before the document was read, and is in it.
        cloud.patch(9, '{"x":4,"$version":9}')
        cloud.patch(10, '{"x":5,"$version":10}')
        await cloud.whenTold(4)
        cloud.leaf.stop()
        expect(cloud.told.join("\n")).toBe(
            'whole {"a":1,"$version":5}\n' +
                'patch {"x":2,"$version":6}\n' +
                'whole {"a":1,"$version":9}\n' +
                'patch {"x":5,"$version":10}'
        )
        expect(cloud.requests.join()).toBe("get,get")
    })

    test("reads the whole document instead of a change that is too long, empty or without version", async () => {
        const cloud = new Cloud()
        cloud.follow()
        cloud.leaf.start()
        await cloud.whenTold(1)
        for (const body of [
            spaces(MAX_PATCH_BYTES + 1),
            "",
            "{}",
            "null",
            "[]",
        ]) {
            cloud.version++
            cloud.patch(cloud.version, body)
            await cloud.whenTold(cloud.version)
        }
        cloud.leaf.stop()
        expect(cloud.told[5]).toBe('whole {"a":1,"$version":6}')
        expect(cloud.requests.length).toBe(6)
    })

    test("gives changes in order to a slow handler, and the whole document when too many wait", async () => {
        const cloud = new Cloud()
        let isOpen = false
        const versions: string[] = []
        cloud.twin.onDesired(async (desired, isWhole) => {
            versions.push(`${isWhole ? "w" : "p"}${desired.$version}`)
            while (!isOpen) await sleep(5)
        })
        cloud.leaf.start()
        await cloud.whenRequested(1)
        for (let i = 0; i < 1000 && versions.length < 1; i++) await sleep(5)
        for (let i = 2; i < 2 + MAX_PATCHES; i++)
            cloud.patch(i, '{"$version":' + i + "}")
        await sleep(100)
        isOpen = true
        for (let i = 0; i < 1000 && versions.length < 1 + MAX_PATCHES; i++)
            await sleep(5)
        expect(versions.join()).toBe("w1,p2,p3,p4,p5")

        isOpen = false
        cloud.version = 20
        cloud.patch(6, '{"$version":6}')
        for (let i = 0; i < 1000 && versions.length < 2 + MAX_PATCHES; i++)
            await sleep(5)
        for (let i = 7; i <= 20; i++) cloud.patch(i, '{"$version":' + i + "}")
        await sleep(100)
        isOpen = true
        for (let i = 0; i < 1000; i++) {
            if (versions[versions.length - 1] === "w20") break
            await sleep(5)
        }
        await sleep(50)
        cloud.leaf.stop()
        expect(versions.join()).toBe("w1,p2,p3,p4,p5,p6,w20")
        expect(cloud.requests.join()).toBe("get,get")
    })

    test("a handler that throws gets the whole document with the next change", async () => {
        const cloud = new Cloud()
        const versions: string[] = []
        cloud.twin.onDesired(async (desired, isWhole) => {
            versions.push(`${isWhole ? "w" : "p"}${desired.$version}`)
            if (versions.length === 2) throw new Error("of the test")
        })
        cloud.leaf.start()
        for (let i = 0; i < 1000 && versions.length < 1; i++) await sleep(5)
        cloud.patch(2, '{"$version":2}')
        for (let i = 0; i < 1000 && versions.length < 2; i++) await sleep(5)
        cloud.version = 3
        cloud.patch(3, '{"$version":3}')
        for (let i = 0; i < 1000 && versions.length < 3; i++) await sleep(5)
        cloud.patch(4, '{"$version":4}')
        for (let i = 0; i < 1000 && versions.length < 4; i++) await sleep(5)
        cloud.leaf.stop()
        expect(versions.join()).toBe("w1,p2,w3,p4")
    })

    test("a twin over the limits is an error, and followed again with the next change", async () => {
        const cloud = new Cloud()
        cloud.follow()
        const good = cloud.desired
        cloud.desired = spaces(MAX_JSON_BYTES)
        cloud.leaf.start()
        await cloud.whenRequested(1)
        cloud.desired = '"b":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[['
        await expectCode(ErrorCode.JsonTooLarge, async () => {
            await cloud.twin.get()
        })
        expect(cloud.told.length).toBe(0)
        cloud.desired = good
        cloud.patch(100, "")
        await cloud.whenTold(1)
        cloud.leaf.stop()
        expect(cloud.told.join()).toBe('whole {"a":1,"$version":1}')
    })

    test("an answer that is no twin is an error", async () => {
        const cloud = new Cloud()
        cloud.leaf.start()
        for (const text of ["", "null", "1", "{}", '{"desired":{}}', '"']) {
            cloud.answers.push(text)
            await expectCode(ErrorCode.JsonMalformed, async () => {
                await cloud.twin.get()
            })
        }
        await cloud.twin.get()
        cloud.leaf.stop()
    })

    test("reports, and reads both documents", async () => {
        const cloud = new Cloud()
        cloud.leaf.start()
        await cloud.twin.report({ rate: 5, old: null, text: "°C" })
        const twin = await cloud.twin.get()
        cloud.leaf.stop()
        expect(cloud.requests.join()).toBe(
            '{"rate":5,"old":null,"text":"°C"},get'
        )
        expect(cloud.rids.join()).toBe("7-1,7-2")
        expect(JSON.stringify(twin)).toBe(
            '{"desired":{"a":1,"$version":1},"reported":{"$version":4}}'
        )
    })

    test("reports from several fibers go out one after the other, in order, and a bounded number waits", async () => {
        const cloud = new Cloud()
        const done: string[] = []
        const report = async (value: number) => {
            try {
                await cloud.twin.report({ value })
                done.push(`${value}`)
            } catch (e: any) {
                done.push(`${value}: ${errorCode(e)}`)
            }
        }
        for (let i = 0; i <= MAX_REQUESTS; i++) report.start(i)
        await sleep(20)
        expect(done.join()).toBe(`${MAX_REQUESTS}: ${ErrorCode.TwinBusy}`)
        cloud.leaf.start()
        await cloud.whenRequested(MAX_REQUESTS)
        for (let i = 0; i < 1000 && done.length <= MAX_REQUESTS; i++)
            await sleep(5)
        cloud.leaf.stop()
        expect(cloud.requests.join()).toBe(
            '{"value":0},{"value":1},{"value":2},{"value":3},{"value":4}'
        )
        expect(done.slice(1).join()).toBe("0,1,2,3,4")
    })

    test("429 and 5xx are tried again, other statuses and the last of too many are errors", async () => {
        const cloud = new Cloud()
        cloud.leaf.start()
        cloud.statuses.push(429)
        cloud.statuses.push(503)
        await cloud.twin.report({ a: 1 })
        expect(cloud.requests.length).toBe(3)
        expect(cloud.rids.join()).toBe("7-1,7-2,7-3")
        for (const status of [400, 404, 413, 302]) {
            cloud.statuses.push(status)
            await expectCode(ErrorCode.TwinStatus + status, async () => {
                await cloud.twin.report({ a: 1 })
            })
        }
        expect(cloud.requests.length).toBe(7)
        for (let i = 0; i < MAX_TRIES; i++) cloud.statuses.push(500 + i)
        await expectCode(
            ErrorCode.TwinStatus + 500 + MAX_TRIES - 1,
            async () => {
                await cloud.twin.get()
            }
        )
        expect(cloud.requests.length).toBe(7 + MAX_TRIES)
        await cloud.twin.get()
        cloud.leaf.stop()
    })

    test("after a 429 the waits are those of the policy for throttling", async () => {
        const cloud = new Cloud()
        cloud.leaf.start()
        await cloud.twin.report({ a: 1 })
        // Other waits would take longer than this request may.
        cloud.leaf.policy[PolicyAt.BusyWaitMs] = 0
        cloud.twin.timeoutMs = 1000
        for (let i = 0; i < MAX_TRIES; i++) cloud.statuses.push(429)
        await expectCode(ErrorCode.TwinStatus + 429, async () => {
            await cloud.twin.report({ a: 2 })
        })
        cloud.leaf.stop()
    })

    test("a request that is not answered in time is an error, and the next one goes on", async () => {
        const cloud = new Cloud()
        cloud.twin.timeoutMs = 500
        // Offline.
        await expectCode(ErrorCode.TwinTimeout, async () => {
            await cloud.twin.report({ a: 1 })
        })
        expect(cloud.requests.length).toBe(0)
        cloud.twin.timeoutMs = 10000
        cloud.leaf.start()
        await cloud.twin.report({ a: 2 })
        cloud.twin.timeoutMs = 300
        cloud.statuses.push(0)
        await expectCode(ErrorCode.TwinTimeout, async () => {
            await cloud.twin.report({ a: 3 })
        })
        cloud.twin.timeoutMs = 10000
        await cloud.twin.report({ a: 4 })
        cloud.leaf.stop()
        expect(cloud.requests.join()).toBe('{"a":2},{"a":3},{"a":4}')
    })

    test("a request that the connection did not answer goes out on the next one, under another rid", async () => {
        const cloud = new Cloud()
        cloud.statuses.push(0)
        let isDone = false
        const report = async () => {
            await cloud.twin.report({ a: 1 })
            isDone = true
        }
        report.start()
        cloud.leaf.start()
        await cloud.whenRequested(1)
        cloud.statuses.push(0)
        await cloud.reconnect()
        await cloud.whenRequested(2)
        // The answer to the first one, late, and one to nothing.
        cloud.answer(204, cloud.rids[0], "")
        cloud.answer(204, "", "")
        cloud.answer(204, "null", "")
        await sleep(100)
        expect(isDone).toBe(false)
        cloud.answer(204, cloud.rids[1], "")
        for (let i = 0; i < 1000 && !isDone; i++) await sleep(5)
        cloud.leaf.stop()
        expect(isDone).toBe(true)
        expect(cloud.requests.join()).toBe('{"a":1},{"a":1}')
        expect(cloud.rids.join()).toBe("7-1,7-2")
    })

    test("an answer without a status that there is is no answer", async () => {
        const cloud = new Cloud()
        cloud.statuses.push(0)
        let isDone = false
        const report = async () => {
            await cloud.twin.report({ a: 1 })
            isDone = true
        }
        report.start()
        cloud.leaf.start()
        await cloud.whenRequested(1)
        for (const status of ["x", "", "0", "99", "NaN", "-204"])
            cloud.gateway.connection.deliver(
                `$iothub/twin/res/${status}/?$rid=7-1`,
                Buffer.alloc(0)
            )
        await sleep(100)
        expect(isDone).toBe(false)
        cloud.answer(204, "7-1", "")
        for (let i = 0; i < 1000 && !isDone; i++) await sleep(5)
        cloud.leaf.stop()
        expect(isDone).toBe(true)
    })

    test("answers and changes with QoS 1 are acknowledged, and topics of others left alone", () => {
        const twin = new Twin({ wake: () => {} } as any as Leaf)
        twin.begin()
        const message = new IncomingPublish()
        message.payload = Buffer.alloc(0)
        for (const topic of [
            "$iothub/twin/res/204/?$rid=1",
            "$iothub/twin/PATCH/properties/desired/?$version=1",
        ]) {
            message.isHandled = false
            message.topic = topic
            expect(twin.take(message)).toBe(true)
            expect(message.isHandled).toBe(true)
        }
        message.isHandled = false
        message.topic = "$iothub/methods/POST/a/?$rid=1"
        expect(twin.take(message)).toBe(false)
        expect(message.isHandled).toBe(false)
    })

    test("a report over the limit is refused at once", async () => {
        const cloud = new Cloud()
        const long = Buffer.alloc(MAX_REPORT_BYTES - 7)
        long.fillAt(0, long.length, 0x31)
        await expectCode(ErrorCode.JsonTooLarge, async () => {
            await cloud.twin.report({ a: long.toString() })
        })
        cloud.leaf.start()
        await cloud.twin.report({ a: long.slice(1).toString() })
        cloud.leaf.stop()
        expect(cloud.requests[0].length).toBe(MAX_REPORT_BYTES)
    })

    test("methods and handlers of desired properties report what they do", async () => {
        const cloud = new Cloud()
        cloud.twin.onDesired(async desired => {
            await cloud.twin.report({ seen: desired.$version })
        })
        cloud.leaf.onMethod("report", async payload => {
            await cloud.twin.report(payload)
            return { status: 200 }
        })
        cloud.leaf.start()
        await cloud.whenRequested(2)
        cloud.gateway.connection.deliver(
            "$iothub/methods/POST/report/?$rid=m",
            Buffer.from('{"b":2}')
        )
        await cloud.gateway.waitForPublished(4)
        cloud.leaf.stop()
        expect(cloud.requests.join()).toBe('get,{"seen":1},{"b":2}')
        expect(cloud.gateway.published[3]).toBe(
            "$iothub/methods/res/200/?$rid=m "
        )
    })
})
