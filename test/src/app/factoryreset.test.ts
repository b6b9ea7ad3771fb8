import { sleep } from "@devicescript/core"
import { describe, expect, test } from "@devicescript/test"
import {
    ERASED_NAMES,
    MAX_WRITES,
    eraseSettings,
} from "../../../src/app/factoryreset"
import {
    SCHEMA_ERASED,
    flashTable,
    migrateSettings,
    readRecord,
} from "../../../src/app/settings"

/** What a reset leaves, and what only the runtime can write. */
const KEPT = ["floor", "boots", "health", "schema", "wifi_ssid", "wifi_psk"]

/** Settings in memory, and power that may be cut. */
class Flash {
    readonly values: Record<string, any> = {}
    writes = 0
    writesLeft = 1000

    async read(name: string): Promise<any> {
        // As the flash does: the VM counts instructions from pause to pause.
        await sleep(0)
        return this.values[name]
    }

    async store(name: string, value: any): Promise<void> {
        await sleep(0)
        if (this.writesLeft === 0) throw new Error("power cut")
        this.writesLeft--
        this.writes++
        this.values[name] = value
    }

    async erase(): Promise<void> {
        const self = this
        await eraseSettings(
            async name => await self.read(name),
            async (name, value) => await self.store(name, value),
            null
        )
    }

    async migrate(): Promise<void> {
        const self = this
        await migrateSettings(
            async name => await self.read(name),
            async (name, value) => await self.store(name, value)
        )
    }

    async record(): Promise<number[]> {
        const self = this
        return await readRecord(async name => await self.read(name))
    }
}

/** A flash with something under each name. */
function full(): Flash {
    const flash = new Flash()
    for (const entry of flashTable()) flash.values[entry.name] = "secret"
    flash.values["schema"] = SCHEMA_ERASED
    return flash
}

function countSecrets(flash: Flash): number {
    let count = 0
    for (const name of Object.keys(flash.values))
        if (flash.values[name] === "secret") count++
    return count
}

describe("a factory reset", () => {
    test("erases every name of the flash table but those that stay", () => {
        const erased: string[] = JSON.parse(ERASED_NAMES)
        for (const entry of flashTable())
            expect(erased.indexOf(entry.name) >= 0).toBe(
                KEPT.indexOf(entry.name) < 0
            )
        expect(erased.length + KEPT.length).toBe(flashTable().length)
    })

    test("leaves nothing else, within its number of writes", async () => {
        const flash = full()
        await flash.erase()
        expect(countSecrets(flash)).toBe(KEPT.length - 1)
        expect(flash.values["schema"]).toBe(null)
        expect(flash.writes <= MAX_WRITES).toBe(true)
    })

    test("does nothing to a flash that is not to be erased, nor to one that was", async () => {
        for (const schema of [2, 1, null, undefined]) {
            const flash = full()
            flash.values["schema"] = schema
            await flash.erase()
            expect(flash.writes).toBe(0)
        }
    })

    test("that is cut off goes on at the next start", async () => {
        for (const writes of [0, 40, 110]) {
            const flash = full()
            flash.writesLeft = writes
            let wasCut = false
            try {
                await flash.erase()
            } catch {
                wasCut = true
            }
            expect(wasCut).toBe(true)
            expect(flash.values["schema"]).toBe(SCHEMA_ERASED)
            flash.writesLeft = 1000
            await flash.erase()
            expect(countSecrets(flash)).toBe(KEPT.length - 1)
            expect(flash.values["schema"]).toBe(null)
        }
    })
})

describe("the version of the settings", () => {
    test("is brought to this firmware's with one write, which may be cut off", async () => {
        const flash = new Flash()
        flash.values["schema"] = 1
        flash.writesLeft = 0
        let wasCut = false
        try {
            await flash.migrate()
        } catch {
            wasCut = true
        }
        expect(wasCut).toBe(true)
        expect(flash.values["schema"]).toBe(1)
        flash.writesLeft = 1000
        await flash.migrate()
        expect(flash.values["schema"]).toBe(2)
        await flash.migrate()
        expect(flash.writes).toBe(1)
    })

    test("is left alone where it is not an older one", async () => {
        for (const schema of [undefined, null, 0, 2, 3, "1"]) {
            const flash = new Flash()
            flash.values["schema"] = schema
            await flash.migrate()
            expect(flash.writes).toBe(0)
        }
    })
})

describe("the record of what is in use", () => {
    test("is the newer one of two, whichever there are", async () => {
        const flash = new Flash()
        expect((await flash.record()).join()).toBe("0,0,0,0,0,0")
        flash.values["inuse1"] = [1, 4, 0, 3, 600, 1]
        expect((await flash.record())[1]).toBe(4)
        flash.values["inuse0"] = [2, 5, 0, 3, 600, 1]
        expect((await flash.record())[1]).toBe(5)
        flash.values["inuse1"] = [3, 6, 0, 3, 600, 1]
        expect((await flash.record())[1]).toBe(6)
        flash.values["inuse1"] = null
        expect((await flash.record())[1]).toBe(5)
    })
})
