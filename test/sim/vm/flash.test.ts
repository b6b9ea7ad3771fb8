import assert from "node:assert/strict"
import {
    mkdtempSync,
    readFileSync,
    readdirSync,
    rmSync,
    writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import {
    FlashError,
    FlashImage,
    MAX_NAME_LENGTH,
    MAX_PROGRAM_BYTES,
    MAX_SETTING_BYTES,
    flashWith,
    readFlashFile,
    writeFlashFile,
} from "../../../sim/vm/flash"
import { deviceFor, firmware } from "./programs"

test("settings that were written are read back, the latest of a name", () => {
    const flash = flashWith({ a: 1, text: "ä €", list: [1, { b: null }] })
    flash.set("a", 2)
    flash.set("gone", "x")
    flash.delete("gone")
    assert.deepEqual(new FlashImage(flash.bytes).settings(), {
        a: 2,
        text: "ä €",
        list: [1, { b: null }],
    })
})

test("a setting of 232 bytes is accepted, and one of 233 is not", () => {
    const flash = new FlashImage()
    const name = "n".repeat(MAX_NAME_LENGTH)
    const quotes = 2
    const fits = MAX_SETTING_BYTES - MAX_NAME_LENGTH - 1 - quotes
    flash.set(name, "x".repeat(fits))
    assert.throws(() => flash.set(name, "x".repeat(fits + 1)), {
        name: "FlashError",
        message: /233 bytes with its name, 232 at most: shorten it by 1/,
    })
    // Bytes count, not characters.
    assert.throws(() => flash.set(name, "x".repeat(fits - 1) + "é"), FlashError)
})

test("a name of 14 characters or none, and a value without JSON, are refused", () => {
    const flash = new FlashImage()
    for (const name of ["", "x".repeat(14)])
        assert.throws(() => flash.set(name, 1), /must have 1 to 13 characters/)
    assert.throws(() => flash.set("a b", 1), /cannot be the name/)
    assert.throws(() => flash.set("a", undefined), /has no JSON value/)
})

test("a full flash is an error, and keeps what it has", () => {
    const flash = new FlashImage()
    const stored: Record<string, string> = {}
    assert.equal(flash.freeBytes(), 8144)
    assert.throws(
        () => {
            for (let i = 0; ; i++) {
                flash.set(`n${i}`, "x".repeat(198))
                stored[`n${i}`] = "x".repeat(198)
            }
        },
        { name: "FlashError", message: /^The flash is full: n36 needs 224/ }
    )
    assert.deepEqual(flash.settings(), stored)
    flash.set("n3", "short")
    assert.equal(flash.settings().n3, "short")
})

test("rewriting one setting for ever does not fill the flash", () => {
    const flash = flashWith({ keep: "kept" })
    for (let i = 0; i < 2000; i++) flash.set("count", i)
    assert.deepEqual(flash.settings(), { keep: "kept", count: 1999 })
})

test("bytes that are no flash image are refused, and a file of them is named", context => {
    const folder = mkdtempSync(join(tmpdir(), "flash-"))
    context.after(() => rmSync(folder, { recursive: true }))
    const path = join(folder, "flash.bin")
    writeFileSync(path, Buffer.alloc(5000, 7))
    assert.throws(() => readFlashFile(path), {
        name: "FlashError",
        message: /flash\.bin: This is no flash image/,
    })
    assert.throws(() => new FlashImage(Buffer.alloc(200_000)), FlashError)
})

test("a flash file is replaced whole, and a missing one is a new flash", context => {
    const folder = mkdtempSync(join(tmpdir(), "flash-"))
    context.after(() => rmSync(folder, { recursive: true }))
    const path = join(folder, "flash.bin")
    const flash = readFlashFile(path)
    flash.set("a", 1)
    writeFlashFile(path, flash)
    writeFlashFile(path, flash)
    assert.deepEqual(readdirSync(folder), ["flash.bin"])
    assert.deepEqual(readFlashFile(path).settings(), { a: 1 })
    assert.equal(readFileSync(path).length, 131072)
})

test("the program is kept next to the settings, and one that is too large is refused", () => {
    const flash = flashWith({ a: 1 })
    const program = Buffer.alloc(MAX_PROGRAM_BYTES, 3)
    flash.setProgram(program)
    assert.deepEqual(flash.program(), program)
    flash.setProgram(Buffer.alloc(64, 4))
    assert.deepEqual(flash.program(), Buffer.alloc(64, 4))
    assert.throws(
        () => flash.setProgram(Buffer.alloc(MAX_PROGRAM_BYTES + 32)),
        FlashError
    )
    assert.deepEqual(flash.settings(), { a: 1 })
})

test("the device reads what the host wrote, and the host what the device wrote", async context => {
    const flash = flashWith({ starts: 4, text: "äöü", list: [1, 2, 3] })
    flash.set("gone", "soon")
    const image = await firmware("settings")
    const device = await deviceFor(context, { image, flash })
    const { text } = await device.until("starts")
    assert.equal(text, "starts 5 text äöü list 3")
    assert.deepEqual(flash.settings(), {
        starts: 5,
        text: "äöü",
        list: [1, 2, 3],
    })
    assert.ok(device.flashWrites >= 2)
})

test("a setting of the greatest size is read by the device", async context => {
    const text = "x".repeat(MAX_SETTING_BYTES - "text".length - 1 - 2)
    const image = await firmware("settings")
    const device = await deviceFor(context, {
        image,
        flash: flashWith({ text }),
    })
    assert.ok((await device.until("starts")).text.includes(text))
    assert.deepEqual(device.panics, [])
})

test("a log that the host has filled and packed is read by the device", async context => {
    const flash = flashWith({ starts: 0 })
    for (let i = 0; i < 400; i++) flash.set("starts", i)
    const image = await firmware("settings")
    const device = await deviceFor(context, { image, flash })
    await device.until("starts 400 ")
})

test("a flash file keeps the settings over a power cut and over a new device", async context => {
    const folder = mkdtempSync(join(tmpdir(), "flash-"))
    context.after(() => rmSync(folder, { recursive: true }))
    const flash = join(folder, "flash.bin")
    const image = await firmware("settings")
    const first = await deviceFor(context, { image, flash })
    await first.until("starts 1 ")
    await first.powerCycle()
    await first.until("starts 2 ")
    first.stop()
    const second = await deviceFor(context, { image, flash })
    await second.until("starts 3 ")
    assert.equal(readFlashFile(flash).settings().starts, 3)
    assert.deepEqual(readdirSync(folder), ["flash.bin"])
})
