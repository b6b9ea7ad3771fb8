/** `leaf boards`: lists the boards, with what is known to fit, how a sensor is wired, and what is different. */
import { parseArgs } from "node:util"
import {
    BoardDescription,
    BoardError,
    findBoard,
    readBoards,
} from "../boards/catalog"
import { Failure } from "./failure"
import { USAGE, usageFailure } from "./options"

/** Where a command's result goes. */
export type Write = (text: string) => unknown

export const toStdout: Write = text => process.stdout.write(text)

const HELP = `Usage: leaf boards [<board>] [options]

Lists the boards that a firmware can be built for; with a board's name, its pins, wiring and differences.
Boards of your own are files of DeviceScript's form in the folder boards: boards/<name>.board.json.

Options:
  --json   one JSON object
  --help   this text

Example:
  leaf boards pico-w

Exit codes: 0 listed, 1 a board's file is not as it should be, 2 wrong usage or no such board.
`

/** The VM's limit of code: it ends below this byte. */
export const CODE_LIMIT = 65_536

/** @returns the exit code */
export function boards(
    args: string[],
    write: Write = toStdout
): Promise<number> {
    let parsed
    try {
        parsed = parseArgs({
            args,
            allowPositionals: true,
            options: {
                json: { type: "boolean", default: false },
                help: { type: "boolean", default: false },
            },
        })
    } catch (error) {
        throw usageFailure("boards", error)
    }
    const { values, positionals } = parsed
    if (values.help) {
        write(HELP)
        return Promise.resolve(0)
    }
    if (positionals.length > 1)
        throw new Failure(
            'One board at most. "leaf boards --help" says more.',
            USAGE
        )
    const [name] = positionals
    const list = name === undefined ? allBoards() : [boardNamed(name)]
    write(
        values.json
            ? JSON.stringify(
                  { boards: list.map(board => summary(board)) },
                  null,
                  4
              ) + "\n"
            : name === undefined
              ? table(list)
              : details(list[0])
    )
    return Promise.resolve(0)
}

/** The board of `--board`. @throws Failure */
export function boardNamed(name: string, option = ""): BoardDescription {
    try {
        return findBoard(name, process.cwd())
    } catch (error) {
        if (!(error instanceof BoardError)) throw error
        throw new Failure(
            `${option}${name}: ${error.message}. "leaf boards" lists them.`,
            USAGE
        )
    }
}

function allBoards(): BoardDescription[] {
    try {
        return readBoards(process.cwd())
    } catch (error) {
        if (!(error instanceof BoardError)) throw error
        throw new Failure(`${error.message}.`)
    }
}

function summary({
    name,
    title,
    file,
    chip,
    led,
    wiring,
    notes,
}: BoardDescription) {
    return {
        name,
        title,
        id: file.id,
        chip: chip.title,
        programBytes: chip.programBytes,
        codeBytes: CODE_LIMIT - 1,
        runtimeImage: chip.image,
        led,
        wiring,
        notes,
    }
}

function table(list: BoardDescription[]): string {
    const rows = [
        ["board", "", "chip", "program", "code"],
        ...list.map(({ name, title, chip }) => [
            name,
            title,
            chip.title,
            String(chip.programBytes),
            String(CODE_LIMIT - 1),
        ]),
    ]
    const widths = rows[0].map((_, column) =>
        Math.max(...rows.map(row => row[column].length))
    )
    return (
        rows
            .map(row =>
                row
                    .map((cell, column) => cell.padEnd(widths[column]))
                    .join("  ")
                    .trimEnd()
            )
            .join("\n") +
        `

Program and code are the most bytes that fit. Every firmware of this package fits every board: a test builds them.
No board has run this code yet. Not supported: ESP32-S2, whose heap of 40 KB is too small.
"leaf boards <board>" shows pins and wiring.
`
    )
}

function details(board: BoardDescription): string {
    const { title, file, chip, led, wiring, notes } = board
    return `${title} (${board.name}, DeviceScript board ${file.id}, ${chip.title})

Runtime image:  ${chip.image}
Status LED:     ${led}

Sensor (BME280, SHT3x, SHT4x)   Board
VCC, VIN, 3V3                   ${wiring.supply}
GND                             ${wiring.ground}
SDA                             ${wiring.sda}
SCL                             ${wiring.scl}

${notes.map(note => `- ${note}`).join("\n")}
`
}
