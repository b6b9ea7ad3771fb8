import { sleep } from "@devicescript/core"
import { describe, expect, test } from "@devicescript/test"
import { tellWifi } from "../../../src/app/wifi"
import { Bench } from "./bench"

/** The runtime's Wi-Fi. */
class TestWifi {
    isBound = true
    dBm = -61
    answers = true
    readonly reading: any

    constructor() {
        const self = this
        this.reading = {
            read: async () => {
                while (!self.answers) await sleep(10)
                return self.dBm
            },
        }
    }
}

describe("Wi-Fi", () => {
    test("that is there is told by its strength, and one that is away by that", async () => {
        const leaf = new Bench().create()
        const wifi = new TestWifi()
        tellWifi(leaf, wifi)
        expect(await leaf.describeNetwork()).toBe(", Wi-Fi -61 dBm")
        wifi.dBm = -128
        expect(await leaf.describeNetwork()).toBe(", Wi-Fi is away")
        wifi.dBm = -70
        expect(await leaf.describeNetwork()).toBe(", Wi-Fi -70 dBm")
    })

    test("that the board does not have, or that does not answer, is not told of", async () => {
        const leaf = new Bench().create()
        const wifi = new TestWifi()
        tellWifi(leaf, wifi)
        wifi.answers = false
        expect(await leaf.describeNetwork()).toBe("")
        wifi.isBound = false
        expect(await leaf.describeNetwork()).toBe("")
        wifi.answers = true
    })
})
