import assert from "node:assert/strict"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { TestContext, test } from "node:test"
import { loadCompiler } from "../../../sim/vm/cli"
import {
    Image,
    compile,
    compileUnlinked,
    imageOf,
} from "../../../sim/vm/compiler"
import { Linked, readImage, writeImage } from "../../../sim/vm/linker/image"
import { PASSES, relink } from "../../../sim/vm/linker/linker"
import { InstructionSet, LinkerError } from "../../../sim/vm/linker/opcodes"
import { seededRandom } from "../../random"
import { deviceFor, root } from "./programs"
import { RandomCode, SLOTS } from "./randomcode"

const properties = loadCompiler().OP_PROPS
const set = new InstructionSet(properties)

/** A program in a folder of its own, as the compiler writes it. */
function unlinked(source: string): Linked {
    const folder = mkdtempSync(join(tmpdir(), "linker-"))
    try {
        writeFileSync(join(folder, "main.ts"), source)
        return compileUnlinked(join(folder, "main.ts"), folder)
    } finally {
        rmSync(folder, { recursive: true })
    }
}

const compiled = new Map<string, Linked>()

/** A program of this repository, as the compiler writes it. */
function unlinkedFile(entry: string): Linked {
    const known = compiled.get(entry)
    if (known) return known
    const image = compileUnlinked(join(root, entry), root)
    compiled.set(entry, image)
    return image
}

/** What a program prints until it ends itself, how it ends, and how many opcodes that takes. */
async function run(context: TestContext, image: Image) {
    const device = await deviceFor(context, { image, countOpcodes: true })
    if (device.panics.length === 0)
        await new Promise(resolve => device.once("panic", resolve))
    const { opcodes } = device
    device.stop()
    return {
        lines: device.lines.map(({ text }) => text),
        panics: device.panics.map(({ code }) => code),
        opcodes,
    }
}

for (const entry of [
    "src/mainthermostat.ts",
    "src/mainec.ts",
    "test/firmware/sockets.ts",
])
    test(`${entry} is the same byte for byte when no pass is on, and understood again when all are`, () => {
        const image = unlinkedFile(entry)
        const same = relink(image, properties, [])
        assert.ok(same.binary.equals(image.binary))
        const before = imageOf(image)
        assert.deepEqual(imageOf(same).modules, before.modules)
        const smaller = relink(image, properties)
        const after = imageOf(smaller)
        assert.ok(relink(smaller, properties, []).binary.equals(smaller.binary))
        console.log(
            `${entry}: ${before.codeBytes} bytes of code, linked ${after.codeBytes}`
        )
        assert.ok(after.codeBytes < before.codeBytes)
        assert.equal(
            after.modules.reduce((sum, { bytes }) => sum + bytes, 0),
            after.codeBytes
        )
    })

test("each instruction keeps its source place", () => {
    const image = unlinkedFile("src/mainthermostat.ts")
    const program = readImage(image, set)
    for (const pass of PASSES) pass(program)
    const again = readImage(writeImage(program), set)
    const placesOf = ({ functions, places }: typeof program) =>
        functions.map(({ body }) =>
            body.map(({ code }) => code.map(({ place }) => places[place]))
        )
    assert.deepEqual(placesOf(again), placesOf(program))
})

const TRACED = `
function third(value: any, deep: number): number {
    if (deep > 2 && value !== 7) {
        const part = value.inner
        return part.length
    }
    return third(value, deep + 1) + 1
}
function second(value: any) {
    let sum = 0
    for (const n of [1, 2, 3]) {
        sum += n
        if (sum === 3) sum += third(value, 0)
    }
    return sum
}
try {
    second({})
} catch (error) {
    console.log("caught")
    ;(error as Error).print()
}
const text: any = undefined
console.log(text.field)
`

test("stack traces of a linked program tell the same lines as before", async context => {
    const image = unlinked(TRACED)
    const before = await run(context, imageOf(image))
    const after = await run(context, imageOf(relink(image, properties)))
    assert.deepEqual(after.lines, before.lines)
    assert.deepEqual(after.panics, before.panics)
    const trace = after.lines.join("\n")
    assert.match(trace, /third \(main\.ts:5:/)
    assert.match(trace, /third \(main\.ts:7:/)
    assert.match(trace, /second \(main\.ts:13:/)
    assert.match(trace, /main \(main\.ts:24:/)
})

test("compile links, and does not when told so", async () => {
    const name = "test/firmware/sockets.ts"
    const entry = join(root, name)
    const plain = await compile(entry, { root, shrink: false })
    const linked = await compile(entry, { root })
    const image = unlinkedFile(name)
    assert.ok(plain.binary.equals(image.binary))
    assert.ok(linked.binary.equals(relink(image, properties).binary))
    assert.ok(linked.codeBytes < plain.codeBytes)
})

const VALUES = `
import * as ds from "@devicescript/core"
class Thing { at = 1 }
const list: any[] = [undefined, null, false, true, 0, 1, -1, 0.5, NaN, Infinity, "", "a", "a longer text, of more than fifty characters in all",
    {}, [], [1], new Thing(), Buffer.alloc(0), hex\`01\`, Math, Buffer, ds.millis, (n: number) => n]
for (const a of list) {
    let row = ""
    if (a === undefined) row += "undefined "
    if (!(a === undefined)) row += "defined "
    if (!(a !== null)) row += "null "
    if (!!a) row += "true "
    if (!(a < 1) && !(a >= 1)) row += "unordered "
    for (const b of list) {
        if (!(a === b)) row += "n"
        else row += "e"
        if (a || b) row += "o"
        if (a && !b) row += "a"
        if ((a ?? b) === b) row += "u"
        row += typeof (a || b) + typeof (b && a) + typeof (b ?? a)
        // A line of the console takes some 290 characters.
        if (row.length > 200) {
            console.log(row)
            row = ""
        }
    }
    console.log(row)
}
const thing: any = new Thing()
for (const name of ["at", "a name", "constructor"]) {
    thing[name] = name
    console.log(name, thing.at, thing["a name"], Object.keys(thing).length)
}
ds.restart()
`

test("conditions, comparisons and names mean the same for values of all kinds", async context => {
    const image = unlinked(VALUES)
    const before = await run(context, imageOf(image))
    const after = await run(context, imageOf(relink(image, properties)))
    assert.deepEqual(after.lines, before.lines)
    assert.deepEqual(after.panics, [0])
    assert.ok(after.lines.some(line => line.startsWith("undefined ")))
    assert.ok(after.lines.includes("a name at a name 2"))
    assert.ok(after.opcodes < before.opcodes)
})

/** Functions in one image, and images in the test. */
const FUNCTIONS = 24
const IMAGES = 12

const PLAYED = [
    "function show(value: any) { return value instanceof Error ? value.message : value }",
    "function say(value: any) {\n    console.log(show(value))\n    return value\n}",
    ...Array.from(
        { length: FUNCTIONS },
        (_, i) =>
            `function play${i}(a: any, b: any): any { return say(a) + b }\n` +
            `try { console.log(${i}, show(play${i}(${i}, "x"))) } catch (e) { console.log("thrown", show(e)) }`
    ),
    'import * as ds from "@devicescript/core"\nds.restart()',
].join("\n")

test("random functions do the same before and after, in no more opcodes", async context => {
    const random = seededRandom("linker")
    const image = unlinked(PLAYED)
    for (let round = 0; round < IMAGES; round++) {
        const program = readImage(image, set)
        const indexOf = (name: string) =>
            program.functions.findIndex(({ debug }) => debug.name === name)
        for (let i = 0; i < FUNCTIONS; i++) {
            const played = program.functions[indexOf(`play${i}`)]
            played.body = new RandomCode(random, indexOf("say")).make()
            played.properties = Buffer.from(played.properties)
            played.properties.writeUInt16LE(SLOTS, 0)
            played.properties[6] = 16
        }
        const original = writeImage(program)
        const before = await run(context, imageOf(original))
        const linked = relink(original, properties)
        assert.ok(linked.binary.length < original.binary.length)
        const after = await run(context, imageOf(linked))
        assert.deepEqual(after.lines, before.lines)
        assert.deepEqual(after.panics, before.panics)
        assert.ok(after.lines.length > FUNCTIONS)
        assert.ok(after.opcodes <= before.opcodes)
    }
})

/** The image of a program with one byte of a function's code changed. */
function changed(image: Linked, at: (code: Buffer) => number, value: number) {
    const binary = Buffer.from(image.binary)
    const start = binary.readUInt32LE(40)
    const code = binary.subarray(start, start + binary.readUInt32LE(44))
    code[at(code)] = value
    return { ...image, binary }
}

test("what is not understood is refused", () => {
    const image = unlinked(
        "export function f(n: number) { if (n > 5) return n\n return 2 }\nf(6)"
    )
    const refused = (broken: Linked, reason: RegExp) =>
        assert.throws(
            () => relink(broken, properties),
            (error: Error) =>
                error instanceof LinkerError && reason.test(error.message)
        )
    const first = () => 0
    refused(changed(image, first, 0), /no instruction 0/)
    refused(changed(image, first, 77), /no instruction 77/)
    refused(changed(image, first, 95), /no instruction 95/)
    // What pops an argument that is not there, and what leaves one.
    refused(changed(image, first, 12), /lacks an argument/)
    // Jumps: `0e f9 00 xx`.
    const jump = (code: Buffer) =>
        code.indexOf(Buffer.from([0x0e, 0xf9, 0])) + 3
    assert.ok(jump(image.binary) > 3)
    refused(changed(image, jump, 3), /jump goes to no statement/)
    refused(changed(image, jump, 200), /jump goes to no statement/)
    refused(
        { ...image, binary: image.binary.subarray(0, 80) },
        /image: it is none/
    )
    const version = Buffer.from(image.binary)
    version[8]++
    refused({ ...image, binary: version }, /version is not 2\.16\.4/)
    const section = Buffer.from(image.binary)
    section[48] += 4
    refused({ ...image, binary: section }, /section 2 is not where/)
    refused(
        { ...image, debug: { ...image.debug, functions: [] } },
        /debug information is of another/
    )
    assert.throws(() => relink(image, properties + "a"), /96 instructions/)
})
