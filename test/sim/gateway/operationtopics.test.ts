/** Topics of twins and methods: read as edgeHub reads them, built as the SDKs expect them. */
import assert from "node:assert/strict"
import { describe, test } from "node:test"
import fc from "fast-check"
import {
    desiredTopic,
    methodTopic,
    readOperation,
    twinAnswerTopic,
    type DeviceOperation,
} from "../../../sim/gateway/operationtopics"
import { check } from "./property"

const GET = "$iothub/twin/GET/"
const REPORTED = "$iothub/twin/PATCH/properties/reported/"
const REPLY = "$iothub/methods/res/"

function reads(cases: [string, DeviceOperation | undefined][]) {
    for (const [topic, expected] of cases)
        assert.deepEqual(readOperation(topic), expected, topic)
}

describe("a topic", () => {
    test("of a twin's request gives its request id as it came", t =>
        check(
            t,
            500,
            fc.property(
                fc
                    .string({ unit: "grapheme", minLength: 1 })
                    .filter(rid => !rid.includes("&")),
                rid => {
                    assert.deepEqual(readOperation(`${GET}?$rid=${rid}`), {
                        kind: "read-twin",
                        rid,
                    })
                    assert.deepEqual(
                        readOperation(`${REPORTED}?$version=7&$rid=${rid}`),
                        { kind: "report", rid, version: "7" }
                    )
                }
            )
        ))

    test("of a request has a bag in which parts may be empty or unknown", () => {
        const report = (rid?: string, version?: string) =>
            ({ kind: "report", rid, version }) as DeviceOperation
        reads([
            [`${GET}?$rid=1&$random&x=`, { kind: "read-twin", rid: "1" }],
            [`${GET}?&$rid=1&`, { kind: "read-twin", rid: "1" }],
            [`${GET}?$rid=%20a=b/c`, { kind: "read-twin", rid: "%20a=b/c" }],
            [REPORTED, report()],
            [`${REPORTED}?`, report()],
            [`${REPORTED}?$rid=`, report()],
            [`${REPORTED}?$version=3`, report(undefined, "3")],
            [`${REPORTED}?$rid=5de34&$version=%20a`, report("5de34", "%20a")],
        ])
    })

    test("of a twin that is no request a gateway knows is unsupported", () => {
        for (const topic of [
            GET,
            `${GET}?`,
            `${GET}?$rid=`,
            `${GET}?$Rid=1`,
            `${GET}?$rid=1&$rid=1`,
            `${GET}more/?$rid=1`,
            "$iothub/twin/GET?$rid=1",
            "$iothub/twin/get/?$rid=1",
            `${REPORTED}more/?$rid=1`,
            `${REPORTED}$rid=1`,
            "$iothub/twin/PATCH/properties/desired/?$rid=1",
            "$iothub/twin/POST/?$rid=1",
            "$iothub/twin/",
            `${GET}?$rid=${"1".repeat(65_000)}`,
        ])
            assert.equal(readOperation(topic)?.kind, "unsupported", topic)
    })

    test("of a method's answer gives its status if it has one", () => {
        const reply = (rid: string, status?: number) =>
            ({
                kind: "method-reply",
                rid,
                ...(status === undefined ? {} : { status }),
            }) as DeviceOperation
        reads([
            [`${REPLY}200/?$rid=1`, reply("1", 200)],
            [`${REPLY}-1/?$random&$rid=AB`, reply("AB", -1)],
            [`${REPLY}/?$rid=1`, reply("1")],
            [`${REPLY}two/?$rid=1`, reply("1")],
            [`${REPLY}20000000000/?$rid=1`, reply("1")],
            [`${REPLY}200/`, undefined],
            [`${REPLY}200`, undefined],
            [`${REPLY}200/?$rid=`, undefined],
            [`${REPLY}200/more/?$rid=1`, undefined],
            [`${REPLY}?$rid=1`, undefined],
        ])
    })

    test("of anything else is none", () => {
        reads([
            ["$iothub/methods/POST/reboot/?$rid=1", undefined],
            ["$iothub/streams/res/200/?$rid=1", undefined],
            ["$iothub/twin", undefined],
            ["devices/leaf-1/messages/events/", undefined],
        ])
    })

    test("that a device gets is as documented", () => {
        assert.equal(twinAnswerTopic(200, "a"), "$iothub/twin/res/200/?$rid=a")
        assert.equal(
            twinAnswerTopic(204, "a", 7),
            "$iothub/twin/res/204/?$rid=a&$version=7"
        )
        assert.equal(
            desiredTopic(8),
            "$iothub/twin/PATCH/properties/desired/?$version=8"
        )
        assert.equal(
            methodTopic("reboot", "1f"),
            "$iothub/methods/POST/reboot/?$rid=1f"
        )
    })
})
