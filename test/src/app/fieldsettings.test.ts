import { sleep } from "@devicescript/core"
import { describe, expect, test } from "@devicescript/test"
import { FieldSettings } from "../../../src/app/fieldsettings"
import type { Leaf } from "../../../src/app/leaf"
import type { MethodHandler, MethodResult } from "../../../src/app/methods"
import {
    type Settings,
    migrateSettings,
    parseSettings,
    settingsFor,
} from "../../../src/app/settings"
import { encodeBase64 } from "../../../src/iothub/base64"
import { parseConnectionString } from "../../../src/iothub/connectionstring"

const OLD_KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
const NEW_KEY = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="
const CONNECTION = "HostName=hub.example;DeviceId=sensor-1;SharedAccessKey="
const HOME = { ssid: "home", psk: "home's password" }
const BARN = { ssid: "barn", psk: "the barn's" }

/** A sequence with `count` bytes in it, less than 128 or more than 255. */
function sequence(count: number, fill: number): Buffer {
    const long = count > 127
    const der = Buffer.alloc(count + (long ? 4 : 2))
    der.fillAt(0, der.length, fill)
    der[0] = 0x30
    der[1] = long ? 0x82 : count
    if (long) {
        der[2] = count >> 8
        der[3] = count
    }
    return der
}

function manyTimes(text: string, count: number): string {
    let result = ""
    for (let i = 0; i < count; i++) result += text
    return result
}

/** An anchor that takes two settings. */
function anchor(fill: number): string {
    return encodeBase64(Buffer.concat(sequence(60, fill), sequence(120, fill)))
}

/** What the flash and the world outside hold; it outlives power cuts. */
class Site {
    readonly flash: Record<string, string> = {}
    /** Writes that are still done; the one after them is cut off. */
    writesLeft = 1000
    /** Whether the write that is cut off loses the old value, too. */
    isTorn = false
    /** Of the runtime, in its part of the flash. */
    ssid = HOME.ssid
    psk = HOME.psk
    /** What the gateway and the network outside take. */
    readonly keys: string[] = [OLD_KEY]
    readonly anchors: string[] = [anchor(1)]
    readonly networks: string[] = [HOME.ssid + HOME.psk]

    constructor() {
        const values = settingsFor(
            parseConnectionString(CONNECTION + OLD_KEY),
            [
                {
                    subject: sequence(60, 1),
                    subjectPublicKeyInfo: sequence(120, 1),
                },
            ],
            { provisionedSec: 1790000000 }
        )
        for (const name of Object.keys(values))
            this.flash[name] = JSON.stringify(values[name])
    }

    /** Throws when the power is cut before or, as long as it takes, while something is written. */
    tick(): void {
        if (this.writesLeft === 0) throw new Error("power cut")
        this.writesLeft--
    }

    async read(name: string): Promise<any> {
        // As the flash does: the VM counts instructions from pause to pause.
        await sleep(0)
        const json = this.flash[name]
        return json === undefined ? undefined : JSON.parse(json)
    }

    async write(name: string, value: any): Promise<void> {
        await sleep(0)
        if (this.writesLeft === 0 && this.isTorn) this.flash[name] = undefined
        this.tick()
        this.flash[name] = JSON.stringify(value)
    }

    /** Switches the device on. */
    async boot(): Promise<Device> {
        const device = new Device(this)
        await device.start()
        return device
    }

    /** Switches the device on, and has it try until it is connected. */
    async recover(): Promise<Device> {
        const device = await this.boot()
        await device.connect()
        return device
    }
}

/** One start of the firmware, as far as settings are concerned. */
class Device {
    readonly sent: any[] = []
    private readonly names: string[] = []
    private readonly handlers: MethodHandler[] = []
    private field: FieldSettings
    private leaf: any
    isBound = true
    restarts = 0
    /** The network that the runtime is in. */
    private network: string

    constructor(private readonly site: Site) {
        this.network = site.ssid + site.psk
    }

    async start(): Promise<void> {
        const self = this
        const site = this.site
        const read = async (name: string) => await site.read(name)
        const write = async (name: string, value: any) =>
            await site.write(name, value)
        await migrateSettings(read, write)
        this.leaf = {
            settings: await parseSettings(read),
            isRenewing: false,
            onMethod: (name: string, handler: MethodHandler) => {
                self.names.push(name)
                self.handlers.push(handler)
            },
            addFeature: () => {},
            send: (body: any) => {
                self.sent.push(body)
            },
        }
        const wifi: any = {
            isBound: this.isBound,
            addNetwork: async (ssid: string, psk: string) => {
                site.tick()
                site.ssid = ssid
                site.tick()
                site.psk = psk
            },
            reconnect: async () => {
                self.network = site.ssid + site.psk
            },
        }
        this.field = new FieldSettings(
            this.leaf as Leaf,
            read,
            write,
            wifi,
            () => {
                self.restarts++
            }
        )
        await this.field.start()
    }

    settings(): Settings {
        return this.leaf.settings
    }

    async call(name: string, payload: any): Promise<MethodResult> {
        return await this.handlers[this.names.indexOf(name)](payload)
    }

    async change(payload: any): Promise<number> {
        this.leaf.isRenewing = false
        const result = await this.call("leaf.changeSettings", payload)
        // It is tried when the connection is made anew, and only then.
        expect(this.leaf.isRenewing).toBe(result.status === 202)
        // On the connection of the call, while its answer goes out.
        if (result.status === 202) {
            await this.field.serve()
            expect((await this.state()).indexOf(`"trying"`) >= 0).toBe(true)
        }
        return result.status
    }

    async state(): Promise<string> {
        const result = await this.call("leaf.settingsStatus", null)
        expect(result.status).toBe(200)
        return JSON.stringify(result.payload)
    }

    /** One try; whether it was successful. */
    async tryOnce(): Promise<boolean> {
        await this.field.begin()
        const site = this.site
        const settings: Settings = this.leaf.settings
        let known = false
        for (const pinned of settings.anchors)
            if (site.anchors.indexOf(encodeBase64(pinned)) >= 0) known = true
        if (!known) return false
        if (site.networks.indexOf(this.network) < 0) return false
        if (site.keys.indexOf(encodeBase64(settings.deviceKey)) < 0)
            return false
        await this.field.serve()
        return true
    }

    /** Tries, until the time for new settings is over, and then once more. */
    async connect(): Promise<void> {
        if (await this.tryOnce()) return
        if (await this.tryOnce()) return
        const field: any = this.field
        field.endMs = 0
        expect(await this.tryOnce()).toBe(true)
    }
}

/** What may be changed, and what the world has to take for it. */
interface Change {
    payload: any
    /** Nothing that is in use stays valid. */
    accept: (site: Site) => void
    revoke: (site: Site) => void
}

function key(): Change {
    return {
        payload: { key: NEW_KEY },
        accept: site => {
            site.keys.push(NEW_KEY)
        },
        revoke: site => {
            site.keys[0] = ""
        },
    }
}

function anchorMove(): Change {
    return {
        payload: { anchor: anchor(2), removeAnchor: 1 },
        accept: site => {
            site.anchors.push(anchor(2))
        },
        revoke: site => {
            site.anchors[0] = ""
        },
    }
}

/** Whoever has both is not harmed by the one that no gateway has. */
function anchorAdded(): Change {
    const move = anchorMove()
    return {
        payload: { anchor: anchor(2) },
        accept: move.accept,
        revoke: move.revoke,
    }
}

function network(): Change {
    return {
        payload: { wifi: BARN, wifiBefore: HOME },
        accept: site => {
            site.networks.push(BARN.ssid + BARN.psk)
        },
        revoke: site => {
            site.networks[0] = ""
        },
    }
}

function all(): Change {
    const parts = [key(), anchorMove(), network()]
    return {
        payload: {
            key: NEW_KEY,
            anchor: anchor(2),
            removeAnchor: 1,
            wifi: BARN,
            wifiBefore: HOME,
        },
        accept: site => {
            for (const part of parts) part.accept(site)
        },
        revoke: site => {
            for (const part of parts) part.revoke(site)
        },
    }
}

const NEW_SECRETS = [NEW_KEY, BARN.psk, anchor(2).slice(0, 220)]

/** Whether any of these is in the settings. */
function holds(site: Site, secrets: string[]): boolean {
    for (const name of Object.keys(site.flash)) {
        const json = site.flash[name]
        if (json !== undefined)
            for (const secret of secrets)
                if (json.indexOf(secret) >= 0) return true
    }
    return false
}

/**
 * Has a device change its settings with the power cut after `writes` writes, and again `more` writes later, and comes back
 * to it when it is connected.
 *
 * @returns whether the power was cut the first time
 */
async function cutShort(
    change: Change,
    isGood: boolean,
    isTorn: boolean,
    writes: number,
    more: number
): Promise<boolean> {
    const site = new Site()
    if (isGood) change.accept(site)
    const device = await site.recover()
    site.isTorn = isTorn
    site.writesLeft = writes
    let wasCut = false
    try {
        expect(await device.change(change.payload)).toBe(202)
        await device.connect()
    } catch (e: any) {
        if (e.message !== "power cut") throw e
        wasCut = true
    }
    site.writesLeft = more
    try {
        await site.recover()
    } catch (e: any) {
        if (e.message !== "power cut") throw e
    }
    site.writesLeft = 1000
    const last = await site.recover()
    const state = await last.state()
    const isNew = encodeBase64(last.settings().deviceKey) === NEW_KEY
    // It is decided, and the other ones are gone.
    expect(state.indexOf("trying")).toBe(-1)
    if (!isGood) expect(isNew).toBe(false)
    if (state.indexOf("kept") >= 0) {
        if (isGood) change.revoke(site)
        await site.recover()
    } else expect(holds(site, NEW_SECRETS)).toBe(false)
    return wasCut
}

async function cutEverywhere(
    change: Change,
    isGood: boolean,
    isTorn: boolean
): Promise<void> {
    let writes = 0
    while (await cutShort(change, isGood, isTorn, writes, 1000)) {
        for (let more = 0; more < 3; more++)
            await cutShort(change, isGood, isTorn, writes, more)
        writes++
    }
    expect(writes >= 4).toBe(true)
}

describe("settings changed in the field", () => {
    test("a key that connects is kept, and the old one overwritten", async () => {
        const site = new Site()
        key().accept(site)
        const device = await site.recover()
        expect(await device.change({ key: NEW_KEY })).toBe(202)
        expect(encodeBase64(device.settings().deviceKey)).toBe(OLD_KEY)
        await device.connect()
        expect(encodeBase64(device.settings().deviceKey)).toBe(NEW_KEY)
        expect(device.sent.length).toBe(1)
        expect(device.sent[0].state).toBe("kept")
        expect(holds(site, [OLD_KEY])).toBe(false)
        key().revoke(site)
        const again = await site.recover()
        expect(encodeBase64(again.settings().deviceKey)).toBe(NEW_KEY)
        // And back to the first place.
        site.keys.push(OLD_KEY)
        expect(await again.change({ key: OLD_KEY })).toBe(202)
        await again.connect()
        expect(holds(site, [NEW_KEY])).toBe(false)
    })

    test("a key that does not connect is rolled back, and overwritten", async () => {
        const site = new Site()
        const device = await site.recover()
        expect(await device.change({ key: NEW_KEY })).toBe(202)
        expect(await device.tryOnce()).toBe(false)
        expect((await device.state()).indexOf(`"state":"trying"`) >= 0).toBe(
            true
        )
        await device.connect()
        expect(encodeBase64(device.settings().deviceKey)).toBe(OLD_KEY)
        expect(device.sent.length).toBe(1)
        expect(device.sent[0].state).toBe("rolledBack")
        expect(holds(site, NEW_SECRETS)).toBe(false)
    })

    test("a trial goes on through some starts of the firmware, and not through more", async () => {
        const site = new Site()
        let device = await site.recover()
        expect(await device.change({ key: NEW_KEY })).toBe(202)
        for (let i = 0; i < 3; i++) {
            device = await site.boot()
            expect(await device.tryOnce()).toBe(false)
        }
        device = await site.boot()
        expect(await device.tryOnce()).toBe(true)
        expect(device.sent[0].state).toBe("rolledBack")
    })

    test("a second anchor, and then the first one's end", async () => {
        const site = new Site()
        const device = await site.recover()
        expect(await device.change({ anchor: anchor(2) })).toBe(202)
        await device.connect()
        expect(device.settings().anchors.length).toBe(2)
        expect(await device.change({ anchor: anchor(3) })).toBe(409)
        // The gateway has a chain of the second one from now on.
        site.anchors[0] = anchor(2)
        await device.connect()
        expect(await device.change({ removeAnchor: 2 })).toBe(202)
        await device.connect()
        expect(device.sent[1].state).toBe("rolledBack")
        expect(device.settings().anchors.length).toBe(2)
        expect(await device.change({ removeAnchor: 1 })).toBe(202)
        await device.connect()
        expect(device.sent[2].state).toBe("kept")
        expect(device.settings().anchors.length).toBe(1)
        expect(holds(site, [anchor(1).slice(0, 220)])).toBe(false)
        expect(await device.change({ removeAnchor: 2 })).toBe(400)
        expect(await device.change({ removeAnchor: 1 })).toBe(400)
        await site.recover()
        // The first place is free for the next one.
        expect(await device.change({ anchor: anchor(3) })).toBe(202)
        await device.connect()
        expect(device.settings().anchors.length).toBe(2)
        const ids = device.sent[3].anchors
        expect(ids[0].length).toBe(8)
        expect(ids[1].length).toBe(8)
        expect(ids[0] === ids[1]).toBe(false)
    })

    test("another network, which the runtime is told, and told again when it is rolled back", async () => {
        const site = new Site()
        const device = await site.recover()
        expect(await device.change({ wifi: BARN })).toBe(400)
        expect(await device.change({ wifi: BARN, wifiBefore: HOME })).toBe(202)
        expect(await device.tryOnce()).toBe(false)
        expect(site.ssid + site.psk).toBe(BARN.ssid + BARN.psk)
        await device.connect()
        expect(site.ssid + site.psk).toBe(HOME.ssid + HOME.psk)
        expect(holds(site, [BARN.psk])).toBe(false)
        site.networks.push(BARN.ssid + BARN.psk)
        // It is known by now which one was there before.
        expect(await device.change({ wifi: BARN })).toBe(202)
        await device.connect()
        expect(device.sent[1].state).toBe("kept")
        expect(device.sent[1].wifi).toBe("barn")
        expect(holds(site, [HOME.psk])).toBe(false)
        site.networks[0] = ""
        await site.recover()
    })

    test("what is malformed is refused before anything is written, and not repeated", async () => {
        const site = new Site()
        const device = await site.recover()
        let long = "12345678"
        for (let i = 0; i < 3; i++) long += long
        site.writesLeft = 0
        const bad: any[] = [
            null,
            5,
            {},
            { key: "c2VjcmV0" },
            { key: NEW_KEY + "!" },
            { key: NEW_KEY, withinSec: 59 },
            { key: NEW_KEY, withinSec: 86401 },
            { key: NEW_KEY, withinSec: "soon" },
            { anchor: "AAAA" },
            { anchor: encodeBase64(sequence(10, 1)) },
            // As much as a payload may have: it is decoded without a pause.
            { anchor: manyTimes("AAAA", 500) },
            { key: manyTimes("AAAA", 500) },
            {
                anchor: encodeBase64(
                    Buffer.concat(sequence(409, 1), sequence(409, 1))
                ),
            },
            { removeAnchor: 1 },
            { removeAnchor: 2 },
            { removeAnchor: 3 },
            { wifi: { psk: BARN.psk }, wifiBefore: HOME },
            { wifi: { ssid: "", psk: BARN.psk }, wifiBefore: HOME },
            { wifi: { ssid: "barn", psk: "1234567" }, wifiBefore: HOME },
            { wifi: { ssid: "barn", psk: long }, wifiBefore: HOME },
            { wifi: { ssid: long.slice(0, 33) }, wifiBefore: HOME },
            { wifi: { ssid: "bärn" }, wifiBefore: HOME },
            { wifi: { ssid: 'the "barn"' }, wifiBefore: HOME },
            { wifi: { ssid: "b\\arn" }, wifiBefore: HOME },
            { wifi: { ssid: "b\narn" }, wifiBefore: HOME },
        ]
        for (const payload of bad) {
            await sleep(0)
            const result = await device.call("leaf.changeSettings", payload)
            expect(result.status).toBe(400)
            const text = JSON.stringify(result.payload)
            expect(text.indexOf(`{"message":"app: `)).toBe(0)
            for (const secret of [NEW_KEY, BARN.psk, "c2Vjcm", long])
                expect(text.indexOf(secret)).toBe(-1)
        }
    })

    test("the longest values have room", async () => {
        const site = new Site()
        const device = await site.recover()
        let long = "12345678"
        for (let i = 0; i < 3; i++) long += long
        expect(
            await device.change({
                anchor: encodeBase64(
                    Buffer.concat(sequence(409, 1), sequence(408, 1))
                ),
                wifi: { ssid: long.slice(0, 32), psk: long.slice(0, 63) },
                wifiBefore: { ssid: long.slice(1, 33), psk: long.slice(1) },
                withinSec: 86400,
            })
        ).toBe(202)
        for (const name of Object.keys(site.flash)) {
            const json = site.flash[name]
            expect(name.length + 1 + json.length <= 232).toBe(true)
        }
        expect(site.flash["inuse0"].length <= 24).toBe(true)
        expect(site.flash["inuse1"].length <= 24).toBe(true)
    })

    test("one change at a time", async () => {
        const site = new Site()
        const device = await site.recover()
        expect(await device.change({ key: NEW_KEY })).toBe(202)
        expect(await device.change({ key: NEW_KEY })).toBe(409)
        await device.connect()
        expect(await device.change({ key: NEW_KEY })).toBe(202)
    })

    test("a flash that keeps nothing more is found out before it is tried", async () => {
        const site = new Site()
        const device = await site.recover()
        const before = JSON.stringify(await device.state())
        site.write = async () => {}
        let code = 0
        try {
            await device.change({ key: NEW_KEY })
        } catch (e: any) {
            code = e.code
        }
        expect(code).toBe(7031)
        await device.connect()
        expect(encodeBase64(device.settings().deviceKey)).toBe(OLD_KEY)
        expect(JSON.stringify(await device.state())).toBe(before)
    })

    test("a reset is for who names the device; then the flash says that it is being erased, and the program starts again", async () => {
        const site = new Site()
        const device = await site.recover()
        for (const payload of [null, {}, { deviceId: "sensor-2" }]) {
            const result = await device.call("leaf.factoryReset", payload)
            expect(result.status).toBe(400)
        }
        const result = await device.call("leaf.factoryReset", {
            deviceId: "sensor-1",
        })
        expect(result.status).toBe(200)
        expect(device.restarts).toBe(0)
        expect(await device.change({ key: NEW_KEY })).toBe(409)
        await device.tryOnce()
        expect(device.restarts).toBe(1)
        expect(site.flash["schema"]).toBe("0")
    })
})

/** With the power cut at each write, and for each of them at the first writes after that. */
function testCuts(name: string, change: () => Change): void {
    test(`${name}, good, where the write is not done`, async () => {
        await cutEverywhere(change(), true, false)
    })
    test(`${name}, good, where the write loses the old value`, async () => {
        await cutEverywhere(change(), true, true)
    })
    test(`${name}, bad, where the write is not done`, async () => {
        await cutEverywhere(change(), false, false)
    })
    test(`${name}, bad, where the write loses the old value`, async () => {
        await cutEverywhere(change(), false, true)
    })
}

describe("power that is cut while settings change, at any write and once more", () => {
    testCuts("a key", key)
    testCuts("an anchor for another", anchorMove)
    testCuts("a second anchor", anchorAdded)
    testCuts("a network", network)
    testCuts("all at once", all)
})
