/** JSON, or nearly, of the kinds that parsers and their limits get wrong. */
import type { Random } from "../random"
import { mutate } from "./mutation"

const NUMBERS = [
    "0",
    "-0",
    "-1",
    "0.5",
    "1e308",
    "1e999",
    "-1e999",
    "1e-400",
    "2147483648",
    "-2147483649",
    "4294967296",
    "9007199254740993",
    "9".repeat(400),
    "0." + "3".repeat(300),
    "01",
    "+1",
    ".5",
    "1.",
    "1e",
    "NaN",
    "Infinity",
    "0x10",
]

const TEXTS = [
    "",
    "a",
    "ä€😀",
    "\\u0000",
    "\\ud800",
    "\\udc00\\ud800",
    "\\ud83d\\ude00",
    "\\uFFFE",
    "\\uffff",
    "\\u12",
    "\\u12€",
    "\\x41",
    "\\",
    '\\"',
    "\u0000",
    "\n",
    "%s%n",
    "__proto__",
]

const NAMES = [
    "$version",
    "desired",
    "reported",
    "__proto__",
    "constructor",
    "prototype",
    "length",
    "toString",
    "",
    "a",
    "ä",
    "$",
    "a.b",
]

/** A text that may be JSON. */
export function randomJson(random: Random): Buffer {
    switch (random.below(12)) {
        case 0:
            return nested(random, random.between(1, 600))
        case 1:
            return Buffer.from(`[${list(random, random.between(1, 1500))}]`)
        case 2:
            return Buffer.from(`"${"x".repeat(random.below(8000))}"`)
        case 3: {
            const piece = random.pick([
                "ä",
                "€",
                "😀",
                "\\n",
                "\\u0001",
                "\\\\",
            ])
            return Buffer.from(`"${piece.repeat(random.below(1300))}"`)
        }
        case 4:
            return Buffer.concat([
                Buffer.from('"'),
                random.bytes(random.below(300)),
                Buffer.from('"'),
            ])
        case 5:
            return random.bytes(random.below(200))
        case 6:
            return mutate(Buffer.from(value(random, 0)), random)
        case 7:
            return Buffer.from(random.pick(NUMBERS))
        case 8:
            return Buffer.from(
                " \t\r\n".repeat(random.below(900)) + value(random, 0)
            )
        case 9:
            return Buffer.from(
                `{${Array.from({ length: random.below(130) }, () => '"a":1').join()}}`
            )
        default:
            return Buffer.from(value(random, 0))
    }
}

/** A twin's document, or a change of it, whose version may be anything. */
export function randomTwin(random: Random, isWhole: boolean): Buffer {
    if (random.oneIn(3)) return randomJson(random)
    const version = random.oneIn(3)
        ? String(random.between(-3, 400))
        : value(random, 2)
    const part = () =>
        random.oneIn(5)
            ? value(random, 1)
            : `{"limit":${value(random, 2)},"$version":${version}}`
    const text = isWhole ? `{"desired":${part()},"reported":${part()}}` : part()
    return random.oneIn(5)
        ? mutate(Buffer.from(text), random)
        : Buffer.from(text)
}

function value(random: Random, depth: number): string {
    const kinds = depth < 5 ? 7 : 4
    switch (random.below(kinds)) {
        case 0:
            return random.pick(NUMBERS)
        case 1:
            return `"${random.pick(TEXTS)}"`
        case 2:
            return random.pick(["null", "true", "false", "nul", "undefined"])
        case 3:
            return String(random.between(-1000, 1000))
        case 4:
            return `[${Array.from({ length: random.below(4) }, () => value(random, depth + 1)).join()}]`
        default:
            return `{${Array.from(
                { length: random.below(4) },
                () => `"${random.pick(NAMES)}":${value(random, depth + 1)}`
            ).join()}}`
    }
}

function list(random: Random, count: number): string {
    const item = random.pick(["1", "[]", "{}", '""', "null", "0.5", '{"a":1}'])
    return Array.from({ length: count }, () => item).join()
}

function nested(random: Random, depth: number): Buffer {
    const [open, close] = random.pick([
        ["[", "]"],
        ['{"a":', "}"],
    ])
    return Buffer.from(
        open.repeat(depth) + "1" + (random.oneIn(2) ? close.repeat(depth) : "")
    )
}
