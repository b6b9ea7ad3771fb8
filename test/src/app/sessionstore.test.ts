import { sleep } from "@devicescript/core"
import { describe, expect, test } from "@devicescript/test"
import { FlashSession } from "../../../src/app/sessionstore"
import { expectBytes } from "../check"

/** Settings in memory, and what was written. */
class Memory {
    readonly names: string[] = []
    readonly values: string[] = []
    writes = 0

    open(slot: number): FlashSession {
        const self = this
        return new FlashSession(
            slot,
            async (name: string) => {
                // A read of the flash pauses; the VM counts instructions from pause to pause.
                await sleep(1)
                const i = self.names.indexOf(name)
                return i < 0 ? undefined : self.values[i]
            },
            async (name: string, value: any) => {
                await sleep(1)
                let i = self.names.indexOf(name)
                if (i < 0) i = self.names.length
                self.names[i] = name
                self.values[i] = value
                self.writes++
            }
        )
    }
}

function state(length: number): Buffer {
    const bytes = Buffer.alloc(length)
    for (let i = 0; i < length; i++) bytes[i] = 7 * i + length
    return bytes
}

describe("a session in flash", () => {
    test("is what was saved last, of any length that fits", async () => {
        const memory = new Memory()
        const session = memory.open(1)
        expect((await session.load()) === null).toBe(true)
        for (const length of [495, 1, 165, 166, 330, 331, 494]) {
            await session.save(state(length))
            expectBytes(await session.load(), state(length))
        }
        for (let i = 0; i < memory.values.length; i++)
            expect(memory.values[i].length <= 220).toBe(true)
    })

    test("is none after an empty one, and after one that does not fit", async () => {
        const memory = new Memory()
        const session = memory.open(1)
        await session.save(state(400))
        await session.save(Buffer.alloc(0))
        expect((await session.load()) === null).toBe(true)
        await session.save(state(400))
        await session.save(state(496))
        expect((await session.load()) === null).toBe(true)
        const second = memory.open(2)
        await second.save(state(330))
        expectBytes(await second.load(), state(330))
        await second.save(state(331))
        expect((await second.load()) === null).toBe(true)
    })

    test("is apart from that of another slot", async () => {
        const memory = new Memory()
        await memory.open(1).save(state(200))
        await memory.open(2).save(state(300))
        expectBytes(await memory.open(1).load(), state(200))
        expectBytes(await memory.open(2).load(), state(300))
    })

    test("is none when what is there is not readable", async () => {
        const memory = new Memory()
        const session = memory.open(1)
        await session.save(state(200))
        memory.values[1] = "no base64"
        expect((await session.load()) === null).toBe(true)
    })

    test("writes no part that is empty and always was", async () => {
        const memory = new Memory()
        const session = memory.open(1)
        await session.save(Buffer.alloc(0))
        expect(memory.writes).toBe(0)
        await session.save(state(200))
        expect(memory.writes).toBe(2)
        await session.save(state(100))
        expect(memory.writes).toBe(4)
    })
})
