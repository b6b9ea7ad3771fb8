/** `leaf flash`: what it calls, what it says is missing, and what it never writes. Its esptool is a stand-in that notes its arguments. */
import assert from "node:assert/strict"
import {
    chmodSync,
    existsSync,
    mkdirSync,
    mkdtempSync,
    readFileSync,
    readdirSync,
    rmSync,
    writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, beforeEach, test } from "node:test"
import { makeBundle } from "../../../sim/boards/bundle"
import { BoardDescription, findBoard } from "../../../sim/boards/catalog"
import { copyToDrive, findDrive } from "../../../sim/boards/drive"
import {
    FlashToolError,
    findEsptool,
    serialPorts,
} from "../../../sim/boards/esptool"
import { withBoard } from "../../../sim/boards/hardware"
import { Write } from "../../../sim/cli/boards"
import { flash } from "../../../sim/cli/flash"
import { compile } from "../../../sim/vm/compiler"
import { FlashImage } from "../../../sim/vm/flash"
import { seededRandom } from "../../random"
import { root } from "../vm/programs"
import { capture } from "./capture"
import { standInFile, standInRuntime } from "./standin"

const folder = mkdtempSync(join(tmpdir(), "leaf-flash-"))
const random = seededRandom("flash")
const c3 = findBoard("xiao-esp32c3")
const pico = findBoard("pico-w")
const port = join(folder, "ttyUSB0")
const calls = join(folder, "calls.json")
const drive = join(folder, "RPI-RP2")
let program: Buffer
let said: string

const at = (name: string) => join(folder, name)
const run = (...args: string[]) =>
    capture(
        (rest: string[], write: Write) =>
            flash(rest, write, text => (said += text)),
        ...args
    )

/** A program that behaves as esptool: it tells its version, and notes what else it is called with. */
function esptool(name: string, version: string, says: string, code = 0) {
    const path = at(name)
    writeFileSync(
        path,
        `#!${process.execPath}
const [, , ...args] = process.argv
if (args[0] === "version") console.log(${JSON.stringify(version)})
else {
    require("node:fs").writeFileSync(${JSON.stringify(calls)}, JSON.stringify(args))
    console.log(${JSON.stringify(says)})
    process.exitCode = ${code}
}
`
    )
    chmodSync(path, 0o755)
    return path
}

function bundleFor(board: BoardDescription, image: Buffer): Buffer {
    return makeBundle({
        runtime: standInFile(board.chip, standInRuntime(board.chip, random)),
        board,
        program: image,
        settings: { values: new Map(), wifi: undefined },
    })
}

before(async () => {
    const { binary } = await compile(join(root, "src/main.ts"), { root })
    program = binary
    writeFileSync(at("c3.bin"), bundleFor(c3, withBoard(binary, c3)))
    writeFileSync(at("pico.uf2"), bundleFor(pico, withBoard(binary, pico)))
    writeFileSync(port, "")
    esptool("esptool", "esptool.py v4.7.0\n4.7.0", "Hash of data verified.")
})
beforeEach(() => {
    said = ""
    rmSync(calls, { force: true })
    rmSync(drive, { recursive: true, force: true })
    mkdirSync(drive)
    writeFileSync(
        join(drive, "INFO_UF2.TXT"),
        "UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: RPI-RP2\r\n"
    )
})
after(() => rmSync(folder, { recursive: true }))

const onC3 = [
    ...["--board", "xiao-esp32c3", "--file", at("c3.bin")],
    ...["--port", port, "--esptool", at("esptool")],
]
const onPico = ["--board", "pico-w", "--file", at("pico.uf2"), "--drive", drive]

test("nothing is written without --yes, and what would be done is said", async () => {
    for (const args of [onC3, onPico]) {
        const { code, stdout, stderr } = await run(...args)
        assert.equal(code, 5)
        assert.equal(stderr, "Nothing was written: add --yes to do it.")
        assert.match(stdout, /^Program: +src\/main\.ts .*the VM accepts it$/m)
        assert.match(stdout, /This replaces all that is in the flash of the/)
    }
    assert.equal(existsSync(calls), false)
    assert.deepEqual(readdirSync(drive), ["INFO_UF2.TXT"])
})

test("an ESP32 is written by esptool, for its chip, at its offset", async () => {
    const { code, stdout, stderr } = await run(...onC3, "--yes")
    assert.equal(stderr, "")
    assert.equal(code, 0)
    assert.match(stdout, /Written\./)
    assert.match(said, /Hash of data verified/)
    assert.deepEqual(JSON.parse(readFileSync(calls, "utf8")), [
        ...["--chip", "esp32c3", "--port", port, "--baud", "460800"],
        ...["write_flash", "0x0", at("c3.bin")],
    ])
    // The ESP32 itself starts at another offset; version 5 has other names.
    const board = findBoard("esp32-devkitc")
    writeFileSync(at("32.bin"), bundleFor(board, withBoard(program, board)))
    const five = esptool("five", "esptool v5.1.0", "Hash of data verified.")
    const json = await run(
        ...["--board", "esp32-devkitc", "--file", at("32.bin"), "--json"],
        ...["--port", port, "--esptool", five, "--baud", "115200", "--yes"]
    )
    const args = [
        ...["--chip", "esp32", "--port", port, "--baud", "115200"],
        ...["write-flash", "0x1000", at("32.bin")],
    ]
    assert.deepEqual(JSON.parse(readFileSync(calls, "utf8")), args)
    assert.deepEqual(JSON.parse(json.stdout), {
        board: "esp32-devkitc",
        file: at("32.bin"),
        action: [five, ...args].join(" "),
        written: true,
    })
})

test("a Pico W is written by copying the file to its drive", async () => {
    const { code, stderr } = await run(...onPico, "--yes")
    assert.equal(stderr, "")
    assert.equal(code, 0)
    assert.ok(
        readFileSync(join(drive, "leaf.uf2")).equals(
            readFileSync(at("pico.uf2"))
        )
    )
})

test("what is missing is said: esptool, port, drive, bundle", async () => {
    const without = (args: string[], name: string) => {
        const index = args.indexOf(name)
        return [...args.slice(0, index), ...args.slice(index + 2)]
    }
    const set = (args: string[], name: string, value: string) => [
        ...without(args, name),
        name,
        value,
    ]
    for (const [args, why] of [
        [set(onC3, "--esptool", at("no")), /^Missing: .*no cannot be run.*pip/],
        [set(onC3, "--port", at("ttyUSB7")), /^Missing: .*ttyUSB7: plug/],
        [set(onC3, "--file", at("no.bin")), /^Missing: the bundle .*no\.bin/],
        [without(onC3, "--file"), /bundle main-xiao-esp32c3-0x0\.bin: make it/],
        [without(onPico, "--file"), /^Missing: the bundle main-pico-w\.uf2/],
        [set(onPico, "--drive", at("no")), /^Missing: .*no: plug .*BOOTSEL/],
    ] as const) {
        const { code, stderr } = await run(...args, "--yes")
        assert.match(stderr, why)
        assert.equal(code, 3)
    }
    assert.throws(() => findEsptool(undefined, at("drive")), {
        name: "FlashToolError",
        message: /^Missing: esptool, which is in no folder of PATH/,
    })
    assert.equal(findEsptool(undefined, folder).path, at("esptool"))
    assert.throws(
        () => findDrive(undefined, [at("none")]),
        /^FlashToolError: Missing: the drive RPI-RP2/
    )
    assert.equal(findDrive(undefined, [folder]), drive)
    mkdirSync(at("RPI-RP21"))
    assert.throws(() => findDrive(undefined, [folder]), /2 drives/)
    rmSync(at("RPI-RP21"), { recursive: true })
    writeFileSync(at("ttyACM1"), "")
    assert.deepEqual(serialPorts(folder), [at("ttyACM1"), port])
    assert.deepEqual(serialPorts(at("none")), [])
    rmSync(at("ttyACM1"))
})

test("a tool that is too old, fails, or does not confirm, is an error with what to do", async () => {
    const old = esptool("old", "esptool.py v4.4", "")
    const ok = "esptool.py v4.5.1"
    for (const [path, why] of [
        [old, /version 4\.4, 4\.5 or later is needed/],
        [esptool("mute", "hello", ""), /does not say its version/],
        [esptool("silent", ok, "Done."), /did not confirm/],
        [
            esptool("chip", ok, "This chip is ESP32-S3, not ESP32-C3", 2),
            /another chip \(ESP32-S3\): choose/,
        ],
        [
            esptool("boot", ok, "Failed to connect to ESP32-C3", 2),
            /does not answer: hold its BOOT/,
        ],
        [esptool("rights", ok, "Permission denied: ttyUSB0", 1), /dialout/],
        [
            esptool("verify", ok, "Hash of data verified.\nbroke off.", 3),
            /ended with 3: broke off$/,
        ],
    ] as const) {
        const args = onC3.slice(0, -1)
        const { code, stderr } = await run(...args, path, "--yes")
        assert.equal(code, 1)
        assert.match(stderr.replace(/\.$/, ""), why)
        assert.doesNotMatch(stderr, /\n\s+at /)
    }
})

test("never written: a bundle of another board, without a program, damaged, or with a firmware over its budget", async () => {
    const other = findBoard("c3-supermini")
    writeFileSync(at("other.bin"), bundleFor(other, withBoard(program, other)))
    const tooMuchCode = Buffer.from(program)
    tooMuchCode.writeUInt32LE(65_536 - tooMuchCode.readUInt32LE(40), 44)
    writeFileSync(at("large.bin"), bundleFor(c3, tooMuchCode))
    const refusedByVm = Buffer.from(program)
    refusedByVm.writeUInt32LE(7, 36)
    writeFileSync(at("vm.bin"), bundleFor(c3, refusedByVm))
    const empty = Buffer.from(readFileSync(at("c3.bin")))
    const { storeAddress, storePages } = c3.chip
    new FlashImage(undefined, storePages).bytes.copy(empty, storeAddress)
    writeFileSync(at("empty.bin"), empty)
    const damaged = Buffer.from(readFileSync(at("c3.bin")))
    damaged.fill(0, storeAddress, storeAddress + 8)
    writeFileSync(at("damaged.bin"), damaged)
    for (const [file, code, why] of [
        ["other.bin", 1, /bundle for leaf_c3_supermini, not for --board/],
        ["large.bin", 4, /65536 bytes of code, of 65535/],
        ["vm.bin", 1, /the VM refuses the image/],
        ["empty.bin", 1, /no program in it/],
        ["damaged.bin", 1, /neither of its two areas has a header/],
        ["pico.uf2", 1, /bundle for leaf_pico_w/],
    ] as const) {
        const outcome = await run(
            ...["--board", "xiao-esp32c3", "--file", at(file), "--yes"],
            ...["--port", port, "--esptool", at("esptool")]
        )
        assert.match(outcome.stderr, why)
        assert.equal(outcome.code, code)
        assert.equal(existsSync(calls), false)
    }
})

test("a drive that is not the boot loader's is not written to, and one that fails is told of", async () => {
    writeFileSync(join(drive, "INFO_UF2.TXT"), "Board-ID: SAMD21\n")
    const wrong = await run(...onPico, "--yes")
    assert.equal(wrong.code, 1)
    assert.match(wrong.stderr, /not the drive of an RP2040's boot loader/)
    assert.deepEqual(readdirSync(drive), ["INFO_UF2.TXT"])
    assert.throws(
        () => copyToDrive(at("no"), Buffer.alloc(10)),
        error =>
            error instanceof FlashToolError &&
            /takes no more after 0 of 10 bytes \(ENOENT\)/.test(error.message)
    )
})

test("leaf flash tells what is wrong with its options", async () => {
    for (const [args, why] of [
        [[], /^--board is missing/],
        [["--board", "esp32-s2"], /40 KB of heap/],
        [["a.bin", "--board", "pico-w"], /lists the options/],
        [["--board", "pico-w", "--baud", "9"], /--baud 9: a whole number/],
    ] as const) {
        const { code, stderr } = await run(...args)
        assert.match(stderr, why)
        assert.equal(code, 2)
    }
    assert.match((await run("--help")).stdout, /^Usage: leaf flash/)
})
