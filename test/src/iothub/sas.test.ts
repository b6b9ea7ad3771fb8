import { describe, expect, test } from "@devicescript/test"
import { decodeBase64 } from "../../../src/iothub/base64"
import { createToken } from "../../../src/iothub/sas"
import { createUsername } from "../../../src/iothub/username"

// Made with azure-iot-common 1.13.3: SharedAccessSignature.create(encodeUriComponentStrict(resource), null, key, expiry).
const KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

describe("shared access signature", () => {
    test("is what Microsoft's SDK makes of the same input", () => {
        expect(
            createToken(
                "h.azure-devices.net",
                "d*1",
                decodeBase64(KEY),
                253402300799
            )
        ).toBe(
            "SharedAccessSignature sr=h.azure-devices.net%2Fdevices%2Fd%2a1&sig=2oNvkw1V15cMajH0f%2FczmEF1wGkwvF0QMsNpdSQLtl8%3D&se=253402300799"
        )
    })

    test("leaves the key as it was", () => {
        const key = decodeBase64(KEY)
        key[0] = 7
        createToken("hub", "device", key, 1790000000)
        expect(key[0]).toBe(7)
    })
})

describe("user name", () => {
    test("names hub, device and API version", () => {
        expect(createUsername("hub.example", "d-1", "", "")).toBe(
            "hub.example/d-1/?api-version=2021-04-12"
        )
    })

    test("carries the kind of client, encoded", () => {
        expect(createUsername("hub.example", "d-1", "edge leaf/1", "")).toBe(
            "hub.example/d-1/?api-version=2021-04-12&DeviceClientType=edge%20leaf%2F1"
        )
    })

    test("carries the model of the device, encoded", () => {
        expect(
            createUsername("hub.example", "d-1", "x", "dtmi:com:example:T;1")
        ).toBe(
            "hub.example/d-1/?api-version=2021-04-12&DeviceClientType=x&model-id=dtmi%3Acom%3Aexample%3AT%3B1"
        )
    })
})
