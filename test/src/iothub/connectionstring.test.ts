import { describe, expect, test } from "@devicescript/test"
import { ErrorCode, LeafError } from "../../../src/errors"
import {
    decodeKey,
    parseConnectionString,
} from "../../../src/iothub/connectionstring"
import { expectCode } from "../check"

const KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
const HOST = "HostName=hub.azure-devices.net"
const DEVICE = "DeviceId=sensor-1"
const SHARED = "SharedAccessKey=" + KEY

async function expectRefused(code: number, text: string): Promise<void> {
    await expectCode(code, () => {
        parseConnectionString(text)
    })
}

function repeat(character: string, count: number): string {
    let text = ""
    for (let i = 0; i < count; i++) text += character
    return text
}

describe("connection string", () => {
    test("gives its parts; a value may hold an equals sign", () => {
        const parsed = parseConnectionString(`${HOST};${DEVICE};${SHARED}`)
        expect(parsed.hostName).toBe("hub.azure-devices.net")
        expect(parsed.deviceId).toBe("sensor-1")
        expect(parsed.sharedAccessKey).toBe(KEY)
        expect(parsed.gatewayHostName).toBe(undefined)
        expect(parsed.unknown.length).toBe(0)
    })

    test("takes parts in any order, names in any case, and semicolons at the end", () => {
        const parsed = parseConnectionString(
            `gatewayhostname=gw.local;SHAREDACCESSKEY=${KEY};deviceID=A=b;hostname=h;;`
        )
        expect(parsed.hostName).toBe("h")
        expect(parsed.deviceId).toBe("A=b")
        expect(parsed.sharedAccessKey).toBe(KEY)
        expect(parsed.gatewayHostName).toBe("gw.local")
    })

    test("ignores unknown parts, and names them", () => {
        const parsed = parseConnectionString(
            `${HOST};${DEVICE};GatewayHostname2=x;${SHARED};Colour=red`
        )
        expect(parsed.unknown.join()).toBe("GatewayHostname2,Colour")
    })

    test("each missing part has its own error", async () => {
        await expectRefused(ErrorCode.HostNameMissing, `${DEVICE};${SHARED}`)
        await expectRefused(ErrorCode.DeviceIdMissing, `${HOST};${SHARED}`)
        await expectRefused(
            ErrorCode.SharedAccessKeyMissing,
            `${HOST};${DEVICE}`
        )
        await expectRefused(ErrorCode.HostNameMissing, "")
    })

    test("an empty value is refused", async () => {
        await expectRefused(ErrorCode.PartEmpty, `${HOST};DeviceId=;${SHARED}`)
    })

    test("a part that stands twice is refused, in whatever case", async () => {
        const whole = `${HOST};${DEVICE};${SHARED}`
        await expectRefused(ErrorCode.PartDuplicate, `${whole};hostname=x`)
        await expectRefused(ErrorCode.PartDuplicate, `${whole};DEVICEID=x`)
        await expectRefused(ErrorCode.PartDuplicate, `${whole};${SHARED}`)
        await expectRefused(
            ErrorCode.PartDuplicate,
            `${whole};GatewayHostName=a;GatewayHostName=a`
        )
    })

    test("a part without a name or an equals sign is refused, and not shown", async () => {
        await expectRefused(ErrorCode.PartMalformed, `${HOST};${DEVICE};=x`)
        // A semicolon in a key makes parts of its rest.
        for (const rest of ["SecretPiece", "SecretPiece=", "SecretPiece=="]) {
            let message = ""
            try {
                parseConnectionString(`${HOST};${DEVICE};${rest}`)
            } catch (e: any) {
                message = (e as LeafError).message
            }
            expect(message.includes("part of the connection string")).toBe(true)
            expect(message.includes("Secret")).toBe(false)
        }
    })

    test("a key that is not base64, too short or too long is refused", async () => {
        const start = `${HOST};${DEVICE};SharedAccessKey=`
        await expectRefused(ErrorCode.InvalidKey, start + "not base64!")
        await expectRefused(ErrorCode.InvalidKey, start + KEY.slice(0, 43))
        await expectRefused(
            ErrorCode.InvalidKey,
            start + "AAAAAAAAAAAAAAAAAAAA"
        )
        await expectRefused(ErrorCode.InvalidKey, start + repeat("AAAA", 22))
    })

    test("keys of 16 and of 64 bytes pass", () => {
        expect(decodeKey("AAAAAAAAAAAAAAAAAAAAAA==").length).toBe(16)
        expect(decodeKey(repeat("AAAA", 21) + "AA==").length).toBe(64)
    })

    test("a device id may hold every character of IoT Hub's list that MQTT allows", () => {
        const id = "aZ09-:.%_*?!(),=@$'"
        const parsed = parseConnectionString(`${HOST};DeviceId=${id};${SHARED}`)
        expect(parsed.deviceId).toBe(id)
    })

    test("a device id with any other character is refused", async () => {
        for (const bad of [" ", "/", "ä", '"', "\\", "\n", "<", "~", "&"])
            await expectRefused(
                ErrorCode.DeviceIdCharacter,
                `${HOST};DeviceId=a${bad};${SHARED}`
            )
    })

    test("a device id with a wildcard of MQTT is refused with its own error", async () => {
        await expectRefused(
            ErrorCode.DeviceIdWildcard,
            `${HOST};DeviceId=a+b;${SHARED}`
        )
        await expectRefused(
            ErrorCode.DeviceIdWildcard,
            `${HOST};DeviceId=a#;${SHARED}`
        )
    })

    test("a device id of 128 characters passes, a longer one is refused", async () => {
        const id = repeat("x", 128)
        expect(
            parseConnectionString(`${HOST};DeviceId=${id};${SHARED}`).deviceId
        ).toBe(id)
        await expectRefused(
            ErrorCode.DeviceIdTooLong,
            `${HOST};DeviceId=${id}x;${SHARED}`
        )
    })

    test("a host name with a port, a scheme or too many characters is refused", async () => {
        const rest = `${DEVICE};${SHARED}`
        await expectRefused(
            ErrorCode.HostNameCharacter,
            `HostName=hub:8883;${rest}`
        )
        await expectRefused(
            ErrorCode.HostNameCharacter,
            `${HOST};GatewayHostName=https://gw;${rest}`
        )
        await expectRefused(
            ErrorCode.HostNameTooLong,
            `HostName=${repeat("h", 129)};${rest}`
        )
    })

    test("identities that we do not support say so", async () => {
        await expectRefused(
            ErrorCode.X509NotSupported,
            `${HOST};${DEVICE};x509=true`
        )
        await expectRefused(
            ErrorCode.ModuleNotSupported,
            `${HOST};${DEVICE};ModuleId=m;${SHARED}`
        )
        await expectRefused(
            ErrorCode.PolicyNotSupported,
            `${HOST};SharedAccessKeyName=iothubowner;${SHARED}`
        )
    })
})
