/** What simulated sensors measure, as the option `--sensor` says it. */
import assert from "node:assert/strict"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, describe, test } from "node:test"
import fc from "fast-check"
import { Failure } from "../../sim/cli/failure"
import { readSensors } from "../../sim/cli/sensors"
import { constant, randomWalk, replay } from "../../sim/vm/signals"

let folder: string
before(() => (folder = mkdtempSync(join(tmpdir(), "leaf-sensors-"))))
after(() => rmSync(folder, { recursive: true, force: true }))

const usual = { temperatureC: constant(1), humidityPercent: constant(2) }

/** The temperature that an option makes, at some seconds. */
function temperatures(option: string, ...seconds: number[]): number[] {
    const { temperatureC } = readSensors([`temperature=${option}`], usual)
    return seconds.map(at => temperatureC!(at * 1000))
}

function csv(text: string): string {
    const file = join(folder, "readings.csv")
    writeFileSync(file, text)
    return `csv:${file}`
}

describe("--sensor", () => {
    test("leaves a sensor as it is that it does not name, and takes one away", () => {
        const signals = readSensors(["temperature=none"], usual)
        assert.equal(signals.temperatureC, undefined)
        assert.equal(signals.humidityPercent, usual.humidityPercent)
        assert.deepEqual(readSensors(undefined, usual), usual)
    })

    test("constant is the number", () => {
        assert.deepEqual(temperatures("constant:-7.25", 0, 1e6), [-7.25, -7.25])
    })

    test("sine swings around its mean, with the period in seconds", () => {
        const [start, quarter, half, three] = temperatures(
            "sine:20,5,60",
            0,
            15,
            30,
            45
        )
        assert.equal(start, 20)
        assert.equal(quarter, 25)
        assert.ok(Math.abs(half - 20) < 1e-9)
        assert.equal(three, 15)
    })

    test("walk is the same for the same seed, and another one for another", () => {
        const at = Array.from({ length: 50 }, (_, i) => i)
        const walk = temperatures("walk:20,1,1,7", ...at)
        assert.equal(walk[0], 20)
        assert.deepEqual(walk, temperatures("walk:20,1,1,7", ...at))
        assert.notDeepEqual(walk, temperatures("walk:20,1,1,8", ...at))
        assert.deepEqual(
            temperatures("walk:20,1,1", ...at),
            temperatures("walk:20,1,1,1", ...at)
        )
    })

    test("csv holds each value until the next one", () => {
        const file = csv(
            "seconds,ignored,temperature\r\n0,x,20\n10, y ,21.5\n\n60,,-3\n"
        )
        assert.deepEqual(
            temperatures(file, 0, 9.999, 10, 59, 60, 1e9),
            [20, 20, 21.5, 21.5, -3, -3]
        )
    })

    const wrong: [string, RegExp][] = [
        ["pressure=constant:1", /temperature=… or humidity=… is wanted/],
        ["temperature", /temperature=… or humidity=… is wanted/],
        ["__proto__=constant:1", /temperature=… or humidity=… is wanted/],
        ["temperature=", /there are constant/],
        ["temperature=constant", /one of the numbers is none/],
        ["temperature=constant:1,2", /constant has 1 numbers/],
        ["temperature=constant:NaN", /one of the numbers is none/],
        ["temperature=constant:1e9", /one of the numbers is none/],
        ["temperature=constant:126", /temperature is from -40 to 125/],
        ["humidity=sine:50,51,60", /humidity is from 0 to 100/],
        ["humidity=sine:50,5,0", /the seconds have to be more than 0/],
        ["humidity=walk:50,5", /walk has 3 numbers/],
        ["temperature=csv:/nowhere.csv", /cannot be read \(ENOENT\)/],
    ]
    for (const [option, sentence] of wrong)
        test(`${option} is one sentence`, () => {
            assert.throws(
                () => readSensors([option], usual),
                (error: unknown) =>
                    error instanceof Failure &&
                    error.exitCode === 2 &&
                    error.message.startsWith(`--sensor ${option}: `) &&
                    sentence.test(error.message)
            )
        })

    test("a sensor that is named twice is one sentence", () => {
        const one = "humidity=constant:1"
        assert.throws(() => readSensors([one, one], usual), /is there twice/)
    })

    const wrongFiles: [string, string, RegExp][] = [
        ["is empty", "", /a first line with names and no others/],
        ["has names only", "seconds,temperature\n", /no others/],
        ["lacks a column", "seconds,humidity\n0,1\n", /no column temperature/],
        [
            "has no number",
            "seconds,temperature\n0,1\n5,x\n",
            /line 3 of .*no number from -40 to 125/,
        ],
        [
            "has a value out of range",
            "seconds,temperature\n0,999\n",
            /line 2 of/,
        ],
        [
            "goes back",
            "seconds,temperature\n5,1\n5,2\n",
            /line 3 of .*do not grow/,
        ],
        [
            "has a row that is too long",
            "seconds,temperature\n5,1,2\n",
            /no CSV: .*line 2/,
        ],
        ["has an open quote", 'seconds,temperature\n"5,1\n', /no CSV/],
    ]
    for (const [what, text, sentence] of wrongFiles)
        test(`a file that ${what} is one sentence, with its line`, () => {
            assert.throws(
                () => readSensors([`temperature=${csv(text)}`], usual),
                (error: unknown) =>
                    error instanceof Failure && sentence.test(error.message)
            )
        })
})

describe("signals", () => {
    test("a walk stays within its bounds and its steps, also when the device is switched on again", () => {
        fc.assert(
            fc.property(
                fc.integer(),
                fc.array(fc.nat(500), { minLength: 1 }),
                (seed, times) => {
                    const bounds = { least: -2, most: 3 }
                    const options = { start: 0, step: 1, stepMs: 10, seed }
                    const walk = randomWalk({ ...options, ...bounds })
                    const other = randomWalk({ ...options, ...bounds })
                    const straight = Array.from({ length: 51 }, (_, i) =>
                        other(i * 10)
                    )
                    for (let i = 1; i < straight.length; i++)
                        assert.ok(
                            Math.abs(straight[i] - straight[i - 1]) <= 1 &&
                                straight[i] >= -2 &&
                                straight[i] <= 3
                        )
                    for (const ms of times)
                        assert.equal(walk(ms), straight[Math.floor(ms / 10)])
                }
            )
        )
    })

    test("a replay is the last sample that is not later", () => {
        fc.assert(
            fc.property(
                fc.uniqueArray(fc.nat(1000), { minLength: 1 }),
                fc.nat(1200),
                (times, ms) => {
                    const samples = times
                        .sort((a, b) => a - b)
                        .map(atMs => ({ atMs, value: atMs * 2 }))
                    const expected =
                        samples.filter(({ atMs }) => atMs <= ms).at(-1) ??
                        samples[0]
                    assert.equal(replay(samples)(ms), expected.value)
                }
            )
        )
    })
})
