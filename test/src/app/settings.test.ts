import { sleep } from "@devicescript/core"
import { describe, expect, test } from "@devicescript/test"
import {
    type Settings,
    FLASH_LENGTH,
    entryLength,
    flashTable,
    parseSettings,
    settingsFor,
} from "../../../src/app/settings"
import { ErrorCode, LeafError } from "../../../src/errors"
import { encodeBase64 } from "../../../src/iothub/base64"
import { parseConnectionString } from "../../../src/iothub/connectionstring"
import { expectBytes, expectCode } from "../check"

const KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
const CONNECTION =
    "HostName=hub.azure-devices.net;DeviceId=sensor-1;SharedAccessKey=" + KEY
const NOW = 1790000000

function bytes(count: number, first: number): Buffer {
    const result = Buffer.alloc(count)
    for (let i = 0; i < count; i++) result[i] = (first + 7 * i) & 0xff
    return result
}

/** What provisioning writes without any option. */
function provisioned(extra: string): Record<string, any> {
    return settingsFor(
        parseConnectionString(CONNECTION + extra),
        [{ subject: bytes(60, 1), subjectPublicKeyInfo: bytes(550, 2) }],
        { provisionedSec: NOW }
    )
}

async function parse(values: Record<string, any>): Promise<Settings> {
    return await parseSettings(async name => {
        // A read of the flash pauses; the VM counts instructions from pause to pause.
        await sleep(0)
        return values[name]
    })
}

/** Asserts that one changed setting is refused with this code, by name, and without its value. */
async function expectRefused(
    code: number,
    name: string,
    value: any
): Promise<void> {
    const values = provisioned("")
    values[name] = value
    let message = ""
    let seen = 0
    try {
        await parse(values)
    } catch (e: any) {
        const error = e as LeafError
        message = error.message
        seen = error.code
    }
    expect(seen).toBe(code)
    expect(message.includes(`setting ${name} `)).toBe(true)
    if (typeof value === "string" && value.length > 5)
        expect(message.includes(value)).toBe(false)
}

describe("settings", () => {
    test("what provisioning writes is what the device reads", async () => {
        const settings = await parse(provisioned(";GatewayHostName=gw.local"))
        expect(settings.hubHost).toBe("hub.azure-devices.net")
        expect(settings.deviceId).toBe("sensor-1")
        expect(encodeBase64(settings.deviceKey)).toBe(KEY)
        expect(settings.gateway).toBe("gw.local")
        expect(settings.provisionedSec).toBe(NOW)
        expect(settings.anchors.length).toBe(1)
        expectBytes(
            settings.anchors[0],
            Buffer.concat(bytes(60, 1), bytes(550, 2))
        )
    })

    test("what is not set has its default", async () => {
        const settings = await parse(provisioned(""))
        expect(settings.gateway).toBe("hub.azure-devices.net")
        expect(settings.gatewayAddress).toBe("hub.azure-devices.net")
        expect(settings.mqttPort).toBe(8883)
        expect(settings.timePort).toBe(443)
        expect(settings.telemetrySec).toBe(60)
        expect(settings.heartbeatSec).toBe(300)
        expect(settings.alertC).toBe(30)
        expect(settings.floorSec).toBe(0)
        expect(settings.boots).toBe(0)
    })

    test("every option of provisioning arrives", async () => {
        const settings = await parse(
            settingsFor(
                parseConnectionString(CONNECTION),
                [
                    {
                        subject: bytes(275, 1),
                        subjectPublicKeyInfo: bytes(550, 2),
                    },
                    {
                        subject: bytes(100, 3),
                        subjectPublicKeyInfo: bytes(91, 4),
                    },
                ],
                {
                    provisionedSec: 4000000000,
                    gatewayAddress: "192.168.7.1",
                    mqttPort: 18883,
                    timePort: 10443,
                    telemetrySec: 3,
                    heartbeatSec: 86400,
                    alertC: -5.5,
                }
            )
        )
        expect(settings.provisionedSec).toBe(4000000000)
        expect(settings.gatewayAddress).toBe("192.168.7.1")
        expect(settings.mqttPort).toBe(18883)
        expect(settings.timePort).toBe(10443)
        expect(settings.telemetrySec).toBe(3)
        expect(settings.heartbeatSec).toBe(86400)
        expect(settings.alertC).toBe(-5.5)
        expect(settings.anchors.length).toBe(2)
        expect(settings.anchors[0].length).toBe(825)
        expectBytes(
            settings.anchors[1],
            Buffer.concat(bytes(100, 3), bytes(91, 4))
        )
    })

    test("a missing setting is named", async () => {
        for (const name of [
            "schema",
            "hubhost",
            "deviceid",
            "devkey",
            "provtime",
            "anchor1a",
        ])
            await expectRefused(ErrorCode.SettingMissing, name, undefined)
    })

    test("flash of another version is refused", async () => {
        await expectCode(ErrorCode.SettingsVersion, async () => {
            const values = provisioned("")
            values["schema"] = 3
            await parse(values)
        })
    })

    test("a bad setting is named, and its value is not shown", async () => {
        const code = ErrorCode.SettingInvalid
        await expectRefused(code, "devkey", "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV")
        await expectRefused(code, "devkey", "c2VjcmV0")
        await expectRefused(code, "deviceid", "bad device id")
        await expectRefused(code, "deviceid", "")
        await expectRefused(code, "hubhost", "hub.example:8883")
        await expectRefused(code, "anchor1b", "no base64 at all")
        await expectRefused(code, "deviceid", { a: 1 })
    })

    test("a number out of its bounds is refused", async () => {
        const code = ErrorCode.SettingInvalid
        await expectRefused(code, "telemetry", 0)
        await expectRefused(code, "telemetry", 0.5)
        await expectRefused(code, "telemetry", 86401)
        await expectRefused(code, "heartbeat", -1)
        await expectRefused(code, "heartbeat", "soon")
        await expectRefused(code, "gwport", 65536)
        await expectRefused(code, "gwport", true)
        await expectRefused(code, "provtime", 1000000000)
    })

    test("a value of an .env file whose type has changed is taken as it was", async () => {
        const values = provisioned("")
        values["deviceid"] = 1234
        values["telemetry"] = "15"
        values["alertat"] = "27.5"
        let settings = await parse(values)
        expect(settings.deviceId).toBe("1234")
        expect(settings.telemetrySec).toBe(15)
        expect(settings.alertC).toBe(27.5)
        values["deviceid"] = 123456789012
        settings = await parse(values)
        expect(settings.deviceId).toBe("123456789012")
        values["deviceid"] = true
        settings = await parse(values)
        expect(settings.deviceId).toBe("true")
    })

    test("a text that has become a fraction is refused: its digits may be lost", async () => {
        await expectRefused(ErrorCode.SettingInvalid, "deviceid", 1.5)
    })

    test("an anchor that does not fit is refused when it is written", async () => {
        const connection = parseConnectionString(CONNECTION)
        await expectCode(ErrorCode.SettingTooLong, () => {
            settingsFor(
                connection,
                [
                    {
                        subject: bytes(276, 0),
                        subjectPublicKeyInfo: bytes(550, 0),
                    },
                ],
                { provisionedSec: NOW }
            )
        })
        const small = {
            subject: bytes(9, 0),
            subjectPublicKeyInfo: bytes(9, 0),
        }
        await expectCode(ErrorCode.SettingTooLong, () => {
            settingsFor(connection, [small, small, small], {
                provisionedSec: NOW,
            })
        })
    })
})

describe("flash table", () => {
    test("fits the store, with room for the largest entry to be written anew", () => {
        let length = 0
        let largest = 0
        for (const entry of flashTable()) {
            length += entryLength(entry)
            largest = Math.max(largest, entryLength(entry))
        }
        expect(length + largest + 24 <= FLASH_LENGTH).toBe(true)
    })

    test("has names that the runtime can store, each once, with values that it can read", () => {
        const seen: string[] = []
        for (const entry of flashTable()) {
            expect(entry.name.length >= 1 && entry.name.length <= 13).toBe(true)
            expect(entry.name.length + 1 + entry.valueLength <= 232).toBe(true)
            expect(seen.includes(entry.name)).toBe(false)
            seen.push(entry.name)
        }
    })

    test("has every name that provisioning writes or the device reads, with room for its longest value", async () => {
        let host = "h"
        for (let i = 0; i < 7; i++) host += host
        let key = ""
        for (let i = 0; i < 21; i++) key += "AAAA"
        const anchor = {
            subject: bytes(275, 1),
            subjectPublicKeyInfo: bytes(550, 2),
        }
        await sleep(0)
        const connection = parseConnectionString(
            `HostName=${host};DeviceId=${host};SharedAccessKey=${key}AA==;GatewayHostName=${host}`
        )
        await sleep(0)
        const values = settingsFor(connection, [anchor, anchor], {
            provisionedSec: 253402300799,
            gatewayAddress: host,
            mqttPort: 65535,
            timePort: 65535,
            telemetrySec: 86400,
            heartbeatSec: 86400,
            alertC: -100.25,
        })
        const read: string[] = []
        await parseSettings(async name => {
            await sleep(0)
            read.push(name)
            return values[name]
        })
        const limits: Record<string, number> = {}
        for (const entry of flashTable()) limits[entry.name] = entry.valueLength
        for (const name of Object.keys(values))
            expect(JSON.stringify(values[name]).length <= limits[name]).toBe(
                true
            )
        for (const name of read) expect(limits[name] > 0).toBe(true)
        expect(read.length >= 24).toBe(true)
    })
})
