import { sleep } from "@devicescript/core"
import { describe, expect, test } from "@devicescript/test"
import { loadIssuers } from "../../../src/app/issuermemory"
import { flashTable } from "../../../src/app/settings"
import { sha256 } from "../../../src/crypto/hash"
import { decodeBase64, encodeBase64 } from "../../../src/iothub/base64"
import { VerifiedIssuers } from "../../../src/x509/issuers"
import { expectBytes } from "../check"

/** A flash of one setting. */
class Flash {
    value: any = undefined
    writes = 0
}

function anchors(): Buffer[] {
    return [hex`3001 3002`, hex`3003`]
}

async function load(flash: Flash, of: Buffer[]): Promise<VerifiedIssuers> {
    return await loadIssuers(
        of,
        async () => {
            // As the flash does: the VM counts instructions from pause to pause.
            await sleep(0)
            return flash.value
        },
        async (name: string, value: any) => {
            expect(name).toBe("issuers")
            await sleep(0)
            flash.value = value
            flash.writes++
        }
    )
}

function id(index: number): Buffer {
    const result = Buffer.alloc(32)
    result.fillAt(0, 32, index)
    result[0] = 0xff
    return result
}

/** Which of the ids from 1 to 7 are known, in a memory read anew. */
async function known(flash: Flash): Promise<string> {
    const memory = await load(flash, anchors())
    let text = ""
    for (let i = 1; i < 8; i++) if (memory.has(id(i))) text = text + i
    return text
}

describe("the memory of verified issuers", () => {
    test("is empty at first, and keeps what was added", async () => {
        const flash = new Flash()
        expect(await known(flash)).toBe("")
        const memory = await load(flash, anchors())
        await memory.add(id(1))
        await memory.add(id(2))
        expect(memory.has(id(1))).toBe(true)
        expect(memory.has(id(3))).toBe(false)
        expect(await known(flash)).toBe("12")
        expect(flash.writes).toBe(2)
    })

    test("is written when something was added, and only then", async () => {
        const flash = new Flash()
        const memory = await load(flash, anchors())
        await memory.add(id(1))
        memory.has(id(1))
        memory.has(id(2))
        await known(flash)
        expect(flash.writes).toBe(1)
    })

    test("holds five: the one that was not used for longest makes room", async () => {
        const flash = new Flash()
        const memory = await load(flash, anchors())
        for (let i = 1; i < 6; i++) await memory.add(id(i))
        expect(await known(flash)).toBe("12345")
        expect(memory.has(id(1))).toBe(true)
        await memory.add(id(6))
        expect(await known(flash)).toBe("13456")
        await memory.add(id(7))
        expect(await known(flash)).toBe("14567")
    })

    test("fits its place in flash", async () => {
        const flash = new Flash()
        const memory = await load(flash, anchors())
        for (let i = 1; i < 8; i++) await memory.add(id(i))
        let reserved = 0
        for (const entry of flashTable())
            if (entry.name === "issuers") reserved = entry.valueLength
        expect(JSON.stringify(flash.value).length).toBe(reserved)
    })

    test("is of its anchors: with others, or in another order, it is empty", async () => {
        const flash = new Flash()
        const memory = await load(flash, anchors())
        await memory.add(id(1))
        expectBytes(
            decodeBase64(flash.value).slice(0, 4),
            (await sha256().digest(hex`3001 3002 3003`)).slice(0, 4)
        )
        for (const others of [
            [hex`3001 3002`],
            [hex`3003`, hex`3001 3002`],
            [hex`3001 3002`, hex`3004`],
        ]) {
            const other = await load(flash, others)
            expect(other.has(id(1))).toBe(false)
        }
        expect(await known(flash)).toBe("1")
    })

    test("is empty where the value is malformed, and can be written again", async () => {
        const flash = new Flash()
        const memory = await load(flash, anchors())
        await memory.add(id(1))
        const good = decodeBase64(flash.value)
        const bad: any[] = [
            null,
            17,
            true,
            "",
            "!",
            "AAA",
            {},
            [1],
            encodeBase64(good.slice(0, 3)),
            encodeBase64(good.slice(0, 35)),
            encodeBase64(Buffer.concat(good, hex`00`)),
            encodeBase64(
                Buffer.concat(good, id(2), id(3), id(4), id(5), id(6))
            ),
            encodeBase64(Buffer.concat(hex`00`, good.slice(1))),
        ]
        for (const value of bad) {
            flash.value = value
            expect(await known(flash)).toBe("")
            const next = await load(flash, anchors())
            await next.add(id(2))
            expect(await known(flash)).toBe("2")
        }
    })

    test("does not take a piece of two ids for one", async () => {
        const flash = new Flash()
        const memory = await load(flash, anchors())
        await memory.add(id(1))
        await memory.add(id(2))
        const piece = Buffer.concat(id(2).slice(16), id(1).slice(0, 16))
        expect(memory.has(piece)).toBe(false)
        expect(await known(flash)).toBe("12")
    })
})
