/**
 * Writes the figures of RELIABILITY.md from the results of `npm run test:reliability`: `npm run reliability`.
 *
 * A part of the document between `<!-- figures: name -->` and `<!-- end -->` is written anew; the rest is written by hand.
 * `test/house/reliability.test.ts` compares.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import {
    ALL_BACK_SEC,
    HEAP_GROWTH_BYTES,
    HEAP_SPREAD_BYTES,
    LARGEST_FREE_BYTES,
    LARGEST_FREE_SHRINKAGE_BYTES,
    lifeYears,
    LIFE_YEARS,
    mostInASecond,
} from "../test/reliability/bounds"
import type { DaysResult } from "../test/reliability/days"
import { heapSpread } from "../test/reliability/judge"
import { plotStorm, type StormResult } from "../test/reliability/storm"

const root = join(__dirname, "../..")
const results = join(root, "test", "reliability", "results")

export const DOCUMENT = join(root, "RELIABILITY.md")

export interface Results {
    days: DaysResult[]
    storms: StormResult[]
}

/** Reads what the slow runs have written, in the order of the seeds. */
export function readResults(): Results {
    const read = <T>(prefix: string) =>
        readdirSync(results)
            .filter(name => name.startsWith(prefix))
            .map(
                name =>
                    JSON.parse(readFileSync(join(results, name), "utf8")) as T
            )
    return {
        days: read<DaysResult>("days-").sort((a, b) => a.seed - b.seed),
        storms: read<StormResult>("storm-").sort(
            (a, b) => a.devices - b.devices
        ),
    }
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const DAYS_IN_A_LINE = 15
const BOARD_TITLES: Record<string, string> = {
    none: "one that computes in no time",
    "esp32-c3": "ESP32-C3",
}

type Row = [string, (result: DaysResult) => string | number]

const count = (value: number) => value.toLocaleString("en-US")
const years = (value: number) =>
    value === Infinity ? "more than 1,000" : count(Math.floor(value))

const ROWS: Row[] = [
    ["days", r => r.days],
    ["board", r => BOARD_TITLES[r.board]],
    ["image of the firmware, SHA-256", r => r.image],
    [
        "power cuts; at a write to flash; that lost it",
        r => `${r.cuts}; ${r.cutsAtWrites}; ${r.lostWrites}`,
    ],
    [
        "outages, hours in all",
        r => `${r.outages}, ${Math.round(r.outageMs / HOUR_MS)}`,
    ],
    ["longest uptime, days", r => (r.longestUptimeMs / DAY_MS).toFixed(1)],
    ["connections", r => r.connections],
    ["renewals of the token", r => r.renewals],
    ["times the time was read", r => r.timeReads],
    ["readings taken", r => count(r.summary.readings)],
    ["arrived", r => count(r.summary.received)],
    ["arrived twice", r => r.summary.duplicates],
    [
        "dropped from a full outbox, as the device counted",
        r => count(r.summary.dropped),
    ],
    ["taken by a power cut", r => r.summary.lostToCuts],
    [
        "the oldest of those, minutes",
        r => Math.ceil(r.summary.oldestLostMs / 60_000),
    ],
    ["**not explained**", r => r.problems.length],
    ["panics", r => r.panics.length],
    ["heap looked at, hours", r => r.heap.samples],
    ["heap in use differs by, bytes", r => count(heapSpread(r))],
    ["its line rises by, bytes a day", r => r.heap.usedSlope],
    ["over days", r => r.heap.days],
    ["largest free block at least, bytes", r => count(r.heap.largestFreeLeast)],
    ["its line rises by, bytes a day", r => r.heap.largestFreeSlope],
    ["writes to flash a day", r => Math.round(r.flashWrites / r.days)],
    [
        "log packed; the flash lasts, years",
        r => `${r.packings}; ${years(lifeYears(r.packings, r.days))}`,
    ],
]

/** A table as Prettier has it. */
function table(rows: (string | number)[][]): string {
    const texts = rows.map(row => row.map(String))
    const widths = texts[0].map((_, i) =>
        Math.max(3, ...texts.map(row => row[i].length))
    )
    texts.splice(
        1,
        0,
        widths.map(width => "-".repeat(width))
    )
    return texts
        .map(row => `| ${row.map((t, i) => t.padEnd(widths[i])).join(" | ")} |`)
        .join("\n")
}

function daysTable(days: DaysResult[]): string {
    return [
        table([
            ["seed", ...days.map(({ seed }) => seed)],
            ...ROWS.map(([title, of]) => [title, ...days.map(of)]),
        ]),
        "",
        `Bounds that the runs are held to: the heap in use differs by ${count(HEAP_SPREAD_BYTES)} bytes at most, its line rises by ${HEAP_GROWTH_BYTES} at most over all its days, the largest free block has ${count(LARGEST_FREE_BYTES)} bytes at least and its line falls by ${count(LARGEST_FREE_SHRINKAGE_BYTES)} at most; the flash lasts ${LIFE_YEARS} years at least.`,
        `\`DAYS=30 SEED=n node built/test/run.js reliability/days\` runs the days of a column again.`,
    ].join("\n")
}

/** Each day, a line of days for each seed: in use, and under it the largest free block. */
function heapTable(days: DaysResult[]): string {
    const cell = (bytes: number) => (bytes ? String(bytes) : "-").padStart(5)
    return [
        "```",
        ...days.flatMap(({ seed, perDay }) => {
            const lines: string[] = []
            for (let at = 0; at < perDay.length; at += DAYS_IN_A_LINE) {
                const some = perDay.slice(at, at + DAYS_IN_A_LINE)
                const name = at ? "" : `seed ${seed}`
                lines.push(
                    `${name.padEnd(8)} in use ${some.map(day => cell(day.heapBytes)).join(" ")}`,
                    `${"".padEnd(8)} free   ${some.map(day => cell(day.largestFree)).join(" ")}`
                )
            }
            return lines
        }),
        "```",
    ].join("\n")
}

function stormPlots(storms: StormResult[]): string {
    return storms
        .flatMap(({ devices, seed, storms: each }) => [
            `${devices} devices. Bounds: ${mostInASecond(devices)} connections in a second at the gateway (but for the first contact), all back after ${ALL_BACK_SEC} s. \`DEVICES=${devices} SEED=${seed} node built/test/run.js reliability/storm\``,
            ...each.flatMap(storm => ["", "```", plotStorm(storm), "```"]),
        ])
        .join("\n")
}

const FIGURES: Record<string, (results: Results) => string> = {
    days: ({ days }) => daysTable(days),
    heap: ({ days }) => heapTable(days),
    storms: ({ storms }) => stormPlots(storms),
}

/** The document with its figures as the results say. Throws for a part that nobody knows. */
export function withFigures(document: string, results: Results): string {
    return document.replace(
        /(<!-- figures: (\w+) -->\n)[^]*?(<!-- end -->)/g,
        (_, begin: string, name: string, end: string) => {
            if (!Object.hasOwn(FIGURES, name))
                throw new Error(`nobody knows the figures "${name}"`)
            return `${begin}\n${FIGURES[name](results)}\n\n${end}`
        }
    )
}

if (require.main === module)
    writeFileSync(
        DOCUMENT,
        withFigures(readFileSync(DOCUMENT, "utf8"), readResults())
    )
