/**
 * Times in src/ are doubles: milliseconds of an uptime are no 32-bit integers after 25 days, Unix seconds none after 2038. A bit operator would
 * wrap them, in the field and in no short test. So none may stand beside one.
 */
import assert from "node:assert/strict"
import { readFileSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import * as ts from "typescript"

const root = join(__dirname, "..", "..", "..")

const BIT_OPERATORS = new Set([
    ts.SyntaxKind.BarToken,
    ts.SyntaxKind.AmpersandToken,
    ts.SyntaxKind.CaretToken,
    ts.SyntaxKind.LessThanLessThanToken,
    ts.SyntaxKind.GreaterThanGreaterThanToken,
    ts.SyntaxKind.GreaterThanGreaterThanGreaterThanToken,
    ts.SyntaxKind.BarEqualsToken,
    ts.SyntaxKind.AmpersandEqualsToken,
    ts.SyntaxKind.CaretEqualsToken,
    ts.SyntaxKind.LessThanLessThanEqualsToken,
    ts.SyntaxKind.GreaterThanGreaterThanEqualsToken,
    ts.SyntaxKind.GreaterThanGreaterThanGreaterThanEqualsToken,
])

const TIME = /(?:Ms|Sec|millis)$/

/** Whether a time is among the names of an expression; what is inside a call's arguments or an index is another value. */
function hasTime(node: ts.Node): boolean {
    if (ts.isIdentifier(node)) return TIME.test(node.text)
    if (ts.isCallExpression(node)) return hasTime(node.expression)
    if (ts.isElementAccessExpression(node)) return false
    return ts.forEachChild(node, hasTime) ?? false
}

/** The bit operations of a source that have a time as an operand. */
function bitsOfTimes(name: string, text: string): string[] {
    const source = ts.createSourceFile(name, text, ts.ScriptTarget.ES2020)
    const found: string[] = []
    const visit = (node: ts.Node): void => {
        const isBits =
            (ts.isBinaryExpression(node) &&
                BIT_OPERATORS.has(node.operatorToken.kind)) ||
            (ts.isPrefixUnaryExpression(node) &&
                node.operator === ts.SyntaxKind.TildeToken)
        if (isBits && hasTime(node))
            found.push(`${name}: ${node.getText(source)}`)
        ts.forEachChild(node, visit)
    }
    visit(source)
    return found
}

test("no bit operator of src has a time as an operand", () => {
    const names = readdirSync(join(root, "src"), {
        recursive: true,
    }) as string[]
    const sources = names.filter(name => name.endsWith(".ts"))
    assert.ok(sources.length > 50)
    assert.deepEqual(
        sources.flatMap(name =>
            bitsOfTimes(name, readFileSync(join(root, "src", name), "utf8"))
        ),
        []
    )
})

test("a bit operator on a time is found, and on something else it is not", () => {
    for (const text of [
        "ds.millis() | 0",
        "let a = 1 + (this.endMs >> 1)",
        "~nowSec",
        "clock.nowSec() & 255",
        "waitMs |= 1",
    ])
        assert.equal(bitsOfTimes("a.ts", text).length, 1, text)
    for (const text of [
        "let a: number | undefined = nowMs",
        "if (nowMs > 1 || nowSec < 1 && x) {}",
        "flags & 1",
        "table[nowMs] & 1",
    ])
        assert.deepEqual(bitsOfTimes("a.ts", text), [], text)
})
