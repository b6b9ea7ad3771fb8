/** Twin sections and their patches, against a model that knows no objects: only paths and what is at their ends. */
import assert from "node:assert/strict"
import { describe, test } from "node:test"
import fc from "fast-check"
import {
    checkPatch,
    difference,
    documentOf,
    EMPTY_SECTION,
    merge,
    patched,
    PatchError,
    readJson,
    readPatch,
    replaced,
    sizeOf,
    type Json,
    type JsonObject,
    type PatchFault,
} from "../../../sim/gateway/twin"
import { check } from "./property"

/** Few names, so that patches meet; one that JavaScript has a meaning for, one that it sorts by number. */
const name = fc.constantFrom("a", "b", "c", "__proto__", "7", "é")
const leaf = fc.oneof(
    fc.integer(),
    fc.boolean(),
    fc.constantFrom("", "x", "€"),
    fc.array(fc.oneof(fc.integer(), fc.constant({ a: 1 })), { maxLength: 2 })
)
const { document } = fc.letrec<{ document: JsonObject; value: Json }>(tie => ({
    document: fc.dictionary(name, tie("value"), { maxKeys: 4 }),
    value: fc.oneof({ maxDepth: 4 }, leaf, tie("document")),
}))
const { patch } = fc.letrec<{ patch: JsonObject; value: Json }>(tie => ({
    patch: fc.dictionary(name, tie("value"), { maxKeys: 4 }),
    value: fc.oneof({ maxDepth: 4 }, fc.constant(null), leaf, tie("patch")),
}))

type Path = string
/** What is at the end of each path: a value, or `{` for an object whose children have paths of their own. */
type Model = Map<Path, string>

function write(model: Model, path: Path, value: Json): void {
    const clear = () => {
        for (const other of [...model.keys()])
            if (other === path || other.startsWith(`${path}/`))
                model.delete(other)
    }
    if (value === null) return clear()
    if (typeof value !== "object" || Array.isArray(value)) {
        clear()
        model.set(path, JSON.stringify(value))
        return
    }
    if (model.get(path) !== "{") clear()
    model.set(path, "{")
    for (const [key, child] of Object.entries(value))
        write(model, `${path}/${key}`, child)
}

function modelOf(...writes: JsonObject[]): [Path, string][] {
    const model: Model = new Map()
    for (const value of writes) write(model, "", value)
    return [...model].sort()
}

/** As it is after a way over the wire; fast-check's objects have no prototype. */
const sent = (value: JsonObject) =>
    JSON.parse(JSON.stringify(value)) as JsonObject

/** One-property objects in one another, with a value in the last. */
function nested(depth: number, value: Json): JsonObject {
    let inner: Json = value
    for (let i = 0; i < depth; i++) inner = { deeper: inner }
    return { one: inner }
}

function refuses(fault: PatchFault, run: () => unknown, message?: RegExp) {
    assert.throws(
        run,
        (error: unknown) =>
            error instanceof PatchError &&
            error.fault === fault &&
            (message === undefined || message.test(error.message))
    )
}

describe("a merge patch", () => {
    test("makes what a model of paths makes of it, for any document and any patches", t =>
        check(
            t,
            2000,
            fc.property(
                document,
                fc.array(patch, { maxLength: 4 }),
                (d, ps) => {
                    let merged = sent(d)
                    for (const p of ps) merged = merge(merged, sent(p))
                    assert.deepEqual(modelOf(merged), modelOf(d, ...ps))
                }
            )
        ))

    test("leaves the document and itself as they were", t =>
        check(
            t,
            300,
            fc.property(document, patch, (d, p) => {
                const before = JSON.stringify([d, p])
                merge(d, p)
                assert.equal(JSON.stringify([d, p]), before)
            })
        ))

    test("from one document to another makes the other, and is empty between equal ones", t =>
        check(
            t,
            2000,
            fc.property(document, document, (from, to) => {
                const [a, b] = [sent(from), sent(to)]
                assert.deepEqual(merge(a, difference(a, b)), b)
                assert.deepEqual(difference(b, sent(b)), {})
            })
        ))

    test("follows the examples of RFC 7396, appendix A, that are about objects", () => {
        for (const [target, change, result] of [
            [{ a: "b" }, { a: "c" }, { a: "c" }],
            [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
            [{ a: "b" }, { a: null }, {}],
            [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
            [{ a: ["b"] }, { a: "c" }, { a: "c" }],
            [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
            [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
            [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
            [{ e: null }, { a: 1 }, { e: null, a: 1 }],
            [[1, 2], { a: "b", c: null }, { a: "b" }],
            [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
        ] as [Json, JsonObject, JsonObject][])
            assert.deepEqual(merge(target, change), result)
    })
})

describe("a section", () => {
    test("begins with version 1, and counts each change", () => {
        let section = EMPTY_SECTION
        assert.deepEqual(documentOf(section), { $version: 1 })
        section = patched(section, { a: { b: 1 }, c: 2 })
        section = patched(section, { a: { d: 3 } })
        assert.deepEqual(documentOf(section), {
            a: { b: 1, d: 3 },
            c: 2,
            $version: 3,
        })
        section = patched(section, {})
        section = replaced(section, { e: { f: null, g: 4 } })
        assert.deepEqual(documentOf(section), { e: { g: 4 }, $version: 5 })
    })

    test("is sized as a hub documents it", () => {
        assert.equal(sizeOf({}), 0)
        assert.equal(sizeOf({ key: "value" }), 3 + 5)
        assert.equal(sizeOf({ n: 1, pi: 3.14159265358979 }), 1 + 8 + 2 + 8)
        assert.equal(sizeOf({ yes: true, no: false }), 3 + 4 + 2 + 4)
        assert.equal(sizeOf({ é: "€" }), 2 + 3)
        assert.equal(sizeOf({ a: "\u0000x\u007f\u0085\n" }), 1 + 1)
        assert.equal(sizeOf({ a: { bc: [1, "de"] } }), 1 + 2 + 8 + 2)
    })

    test("takes 32 KB and not a byte more, however it is patched", () => {
        const kilobytes = (count: number, last: number) =>
            Object.fromEntries(
                Array.from({ length: count }, (_, i) => [
                    `property${String(i).padStart(2, "0")}`,
                    "x".repeat(i === count - 1 ? last : 2048 - 10),
                ])
            )
        const full = patched(EMPTY_SECTION, kilobytes(16, 2038))
        assert.equal(sizeOf(full.properties), 32_768)
        refuses("too-large", () => patched(full, { a: "" }), /32769 bytes/)
        refuses("too-large", () => replaced(full, kilobytes(16, 2039)))
        assert.equal(patched(full, { property15: null, a: 1 }).version, 3)
    })
})

describe("what a twin takes", () => {
    const takes = (patch: JsonObject) => checkPatch(patch)

    test("has at most ten objects in one another", () => {
        takes(nested(9, { property: "value" }))
        refuses("invalid", () => takes(nested(10, {})), /deeper than 10/)
    })

    test("counts an object in an array as a level, and has at most ten arrays in one another", () => {
        takes(nested(9, [1]))
        refuses(
            "invalid",
            () => takes(nested(9, { a: [{}] })),
            /deeper than 10/
        )
        takes({ a: [{ b: [{ c: [{}] }] }] })
        const arrays = (depth: number): Json =>
            depth === 0 ? 1 : [arrays(depth - 1)]
        takes({ a: arrays(10) })
        refuses("invalid", () => takes({ a: arrays(11) }), /10 arrays/)
    })

    test("has names without control characters, white space, or any of . $ #", () => {
        for (const good of ["a", "A-b_c:/@", "é€😀", "", "a".repeat(1024)])
            takes({ [good]: 1 })
        for (const bad of [
            "a.b",
            "$version",
            "$metadata",
            "a#",
            "a b",
            "a\tb",
            "\u0000",
            "\u001f",
            "\u007f",
            "\u0085",
            "\u009f",
            "\u00a0",
        ]) {
            refuses("invalid", () => takes({ [bad]: 1 }), /has a control/)
            refuses("invalid", () => takes({ a: { [bad]: null } }))
            refuses("invalid", () => takes({ a: [{ [bad]: 1 }] }))
        }
        refuses("invalid", () => takes({ ["é".repeat(513)]: 1 }), /1024 bytes/)
    })

    test("has texts of at most 4 KB and integers of at most 2^52", () => {
        takes({ a: "€".repeat(1365) + "x" })
        refuses("invalid", () => takes({ a: "€".repeat(1366) }), /4096 bytes/)
        takes({ a: 4503599627370495, b: -4503599627370496, c: 0.1, d: -1e-300 })
        refuses("invalid", () => takes({ a: 4503599627370496 }), /2\^52/)
        refuses("invalid", () => takes({ a: [-4503599627370497] }), /2\^52/)
        refuses("invalid", () => takes({ a: Infinity }), /finite/)
    })

    test("deletes with null, but has none in an array", () => {
        takes({ a: null, b: { c: null } })
        refuses("invalid", () => takes({ a: [null] }), /null in an array/)
        refuses("invalid", () => takes({ a: [[1, null]] }), /null in an array/)
    })

    test("is of JSON's kinds", () => {
        for (const odd of [undefined, () => 1, 1n, Symbol("a")])
            refuses("invalid", () => checkPatch({ a: odd }), /JSON does not/)
        for (const odd of [null, undefined, 1, "a", []])
            refuses("invalid", () => checkPatch(odd), /no object/)
        const ring: { self?: unknown } = {}
        ring.self = ring
        refuses("invalid", () => checkPatch(ring), /deeper/)
    })
})

describe("a patch on the wire", () => {
    const read = (body: string | Buffer) => readPatch(Buffer.from(body))

    test("is an object in JSON and UTF-8", () => {
        assert.deepEqual(read('{"a":{"é":[1.5,true]},"b":null}'), {
            a: { é: [1.5, true] },
            b: null,
        })
        for (const body of [
            "{",
            '{"a":1}x',
            "{'a':1}",
            "\ufeff{}",
            " ",
            "[]",
            "1",
            '"{}"',
            Buffer.from('{"a":"\xff"}', "latin1"),
        ])
            refuses("malformed", () => read(body))
        for (const body of ["", "null", " null "])
            refuses("invalid", () => read(body), /empty, or null/)
        refuses("invalid", () => read('{"$version":3}'))
    })

    test("is no JSON if it is deeper than 64 levels, and cannot exhaust the gateway's stack", () => {
        const deep = (open: string, count: number, close: string) =>
            open.repeat(count) + "1" + close.repeat(count)
        const parsed = (text: string) => readJson(Buffer.from(text))
        assert.ok(parsed(deep("[", 64, "]")))
        assert.equal(parsed(deep("[", 65, "]")), undefined)
        assert.equal(parsed(deep('{"a":', 65, "}")), undefined)
        refuses("malformed", () => read(`{"a":${deep("[", 120_000, "]")}}`))
        refuses("malformed", () => read(deep('{"a":', 40_000, "}")))
    })
})
