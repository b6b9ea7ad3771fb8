/** The boards' files, `leaf boards`, and `leaf build --board`: an image carries its board's pins. */
import assert from "node:assert/strict"
import {
    mkdirSync,
    mkdtempSync,
    readFileSync,
    rmSync,
    writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { after, test } from "node:test"
import {
    BoardError,
    chipOf,
    findBoard,
    readBoardFile,
    readBoards,
} from "../../../sim/boards/catalog"
import {
    boardHardware,
    programBoard,
    readHardware,
    withBoard,
} from "../../../sim/boards/hardware"
import { boards } from "../../../sim/cli/boards"
import { build, checkFit } from "../../../sim/cli/build"
import { Failure } from "../../../sim/cli/failure"
import { loadCompiler } from "../../../sim/vm/cli"
import { compile } from "../../../sim/vm/compiler"
import { FlashError, FlashImage, maxProgramBytes } from "../../../sim/vm/flash"
import { verifyImage } from "../../../sim/vm/machine"
import { capture } from "./capture"

const root = join(__dirname, "../../../..")
const folder = mkdtempSync(join(tmpdir(), "leaf-boards-"))
after(() => rmSync(folder, { recursive: true }))
const main = join(root, "src/main.ts")

/** The pins as the makers' pages and DeviceScript's own files have them. */
const PINS: Record<string, { sda: number; scl: number; led: number }> = {
    "esp32-devkitc": { sda: 21, scl: 22, led: 2 },
    "esp32s3-devkitc": { sda: 8, scl: 9, led: 48 },
    "xiao-esp32c3": { sda: 6, scl: 7, led: 10 },
    "c3-supermini": { sda: 6, scl: 7, led: 8 },
    "pico-w": { sda: 4, scl: 5, led: 25 },
}

test("there are five boards, each with pins, wiring and a number that DeviceScript accepts", () => {
    const list = readBoards()
    assert.deepEqual(
        list.map(({ name }) => name).sort(),
        Object.keys(PINS).sort()
    )
    const known = loadCompiler().resolveBuildConfig({ hwInfo: {} })
    const numbers = new Set(list.map(({ file }) => file.productId))
    assert.equal(numbers.size, list.length)
    for (const { file, wiring, led, notes } of list) {
        // DeviceScript's conditions for a board of a project.
        assert.match(file.id, /^\w+$/)
        assert.equal((Number(file.productId) & 0xf0000000) >>> 0, 0x30000000)
        assert.ok(
            !(file.id in (known as unknown as { boards: object }).boards),
            `${file.id} is DeviceScript's own`
        )
        for (const text of [...Object.values(wiring), led, ...notes])
            assert.ok(text.length > 0)
    }
})

test("main.ts builds for each board: its pins are in the image, the VM accepts it, the code is the same", async () => {
    const plain = await compile(main, { root })
    assert.equal(programBoard(plain.binary), undefined)
    for (const board of readBoards()) {
        const out = join(folder, `${board.name}.devs`)
        const { code, stdout, stderr } = await capture(
            build,
            main,
            "--board",
            board.name,
            "--out",
            out,
            "--json"
        )
        assert.equal(stderr, "")
        assert.equal(code, 0)
        const image = readFileSync(out)
        assert.deepEqual(JSON.parse(stdout), {
            file: out,
            board: board.name,
            bytes: image.length,
            codeBytes: plain.codeBytes,
        })
        const hardware = programBoard(image)
        assert.ok(hardware)
        const { sda, scl, led } = PINS[board.name]
        assert.equal(hardware["@board"], board.file.id)
        assert.equal(hardware["i2c.pinSDA"], sda)
        assert.equal(hardware["i2c.pinSCL"], scl)
        assert.equal(hardware["led.pin"], led)
        assert.equal(hardware["led.type"], board.file.led.type)
        // What the compiler says of the program is still there.
        assert.match(String(hardware["@name"]), /src\/main\.ts/)
        assert.equal(image.length % 32, 0)
        assert.equal(await verifyImage(image), 0)
        assert.equal(
            image
                .subarray(112, plain.codeBytes)
                .equals(plain.binary.subarray(112, plain.codeBytes)),
            true
        )
    }
})

test("what is written about a board reads the same with DeviceScript's own reader and with ours", () => {
    for (const board of readBoards()) {
        const bytes = Buffer.from(boardHardware(board))
        const { settings, errors } = loadCompiler().decodeDcfg(bytes)
        assert.deepEqual(errors, [])
        assert.deepEqual(readHardware(bytes), settings)
        assert.equal(settings.devName, board.file.devName)
        // Behind it there may be anything; without its end it is none.
        assert.deepEqual(
            readHardware(Buffer.concat([bytes, Buffer.alloc(9, 0xff)])),
            settings
        )
        assert.equal(
            readHardware(bytes.subarray(0, bytes.length - 1)),
            undefined
        )
    }
    assert.equal(readHardware(Buffer.alloc(200, 0xff)), undefined)
})

test("what a program says with configureHardware holds against its board", async () => {
    writeFileSync(join(folder, "devsconfig.json"), "{}")
    const entry = join(folder, "own.ts")
    writeFileSync(
        entry,
        `import { configureHardware } from "@devicescript/servers"
import { pins } from "@dsboard/pico_w"
configureHardware({ i2c: { pinSDA: pins.GP14, pinSCL: pins.GP15 } })
console.log("own")
`
    )
    const { binary } = await compile(entry)
    const hardware = programBoard(withBoard(binary, findBoard("pico-w")))
    // The compiler writes labels; the image says which pins they are.
    assert.equal(hardware?.["i2c.pinSDA"], "GP14")
    assert.equal(hardware["pins.GP14"], 14)
    assert.equal(hardware["i2c.pinSCL"], "GP15")
    assert.equal(hardware["led.pin"], 25)
})

test("leaf boards lists all, or one with its wiring, as text and as JSON", async () => {
    const all = await capture(boards)
    assert.equal(all.code, 0)
    for (const name of Object.keys(PINS))
        assert.match(all.stdout, new RegExp(`^${name} `, "m"))
    assert.match(all.stdout, /Not supported: ESP32-S2/)
    const one = await capture(boards, "pico-w")
    assert.match(one.stdout, /^SDA +GP4 \(pin 6\)$/m)
    assert.match(one.stdout, /no TLS at all/)
    assert.match(one.stdout, /fails to connect to an IP address/)
    const json = JSON.parse((await capture(boards, "--json")).stdout) as {
        boards: { name: string; programBytes: number }[]
    }
    assert.equal(json.boards.length, 5)
    assert.equal(
        json.boards.find(({ name }) => name === "pico-w")?.programBytes,
        110_464
    )
    assert.match(
        (await capture(boards, "--help")).stdout,
        /^Usage: leaf boards/
    )
})

test("a board that is not there, or cannot run Edge Leaf, is refused with the reason", () => {
    for (const [name, message] of [
        ["esp32-s2", /40 KB of heap/],
        ["esp32s2", /40 KB of heap/],
        ["pico-2", /no such board, but c3-supermini, /],
        ["__proto__", /no such board/],
    ] as const)
        assert.throws(
            () => boards([name]),
            error =>
                error instanceof Failure &&
                error.exitCode === 2 &&
                message.test(error.message)
        )
    assert.throws(() => chipOf("rp2040"), /no Wi-Fi/)
    assert.throws(() => chipOf("constructor"), BoardError)
    assert.throws(() => boards(["a", "b"]), /One board at most/)
    assert.throws(() => boards(["--no"]), /lists the options/)
})

test("a project's own board counts, and a bad file says what is wrong with it", () => {
    const own = join(folder, "boards")
    mkdirSync(own)
    const good = JSON.parse(
        readFileSync(join(root, "boards/leaf_pico_w.board.json"), "utf8")
    ) as Record<string, unknown>
    const write = (name: string, value: unknown) => {
        const path = join(own, `${name}.board.json`)
        writeFileSync(
            path,
            typeof value === "string" ? value : JSON.stringify(value)
        )
        return path
    }
    const path = write("mine", { ...good, $leaf: undefined })
    const mine = findBoard("mine", folder)
    assert.equal(mine.name, "mine")
    assert.equal(mine.wiring.sda, "4")
    assert.equal(readBoards(folder).length, 6)
    assert.equal(basename(path), "mine.board.json")
    for (const [value, message] of [
        ["{", /cannot be read as JSON/],
        [{ ...good, archId: undefined }, /archId is missing/],
        [{ ...good, archId: "esp32s2" }, /40 KB of heap/],
        [{ ...good, i2c: undefined }, /i2c is missing/],
        [{ ...good, i2c: { pinSDA: 23, pinSCL: 99 } }, /pinSCL=99/],
        [{ ...good, i2c: { pinSDA: "GP0", pinSCL: "no" } }, /wasn't found/],
        [{ ...good, led: { pin: 4 } }, /GPIO4 marked as both/],
    ] as const)
        assert.throws(
            () => readBoardFile(write("bad", value)),
            error =>
                error instanceof BoardError &&
                message.test(error.message) &&
                error.message.includes("bad.board.json")
        )
})

test("a firmware over a board's budget is refused: its code, its image", async () => {
    const { binary } = await compile(main, { root })
    const board = findBoard("pico-w")
    await checkFit(board, binary, "main.ts")
    const tooLong = Buffer.from(binary)
    // The code section's length: it ends past what a jump can name.
    tooLong.writeUInt32LE(65_536 - tooLong.readUInt32LE(40), 44)
    await assert.rejects(
        checkFit(board, tooLong, "main.ts"),
        error => error instanceof Failure && error.exitCode === 4
    )
    const large = Buffer.concat([binary, Buffer.alloc(16_384)])
    await assert.rejects(
        checkFit(board, large, "main.ts"),
        error =>
            error instanceof Failure &&
            error.exitCode === 4 &&
            /store of Raspberry Pi Pico W/.test(error.message)
    )
})

test("a store has as many pages as the chip's runtime, and takes the program that fits and none larger", () => {
    for (const { chip } of readBoards()) {
        const flash = new FlashImage(undefined, chip.storePages)
        assert.equal(flash.bytes.length, chip.storePages * 4096)
        const program = Buffer.alloc(chip.programBytes, 7)
        flash.set("a", 1)
        flash.setProgram(program)
        flash.setRaw("wifi_ssid", "barn")
        const again = new FlashImage(flash.bytes, chip.storePages)
        assert.deepEqual(again.program(), program)
        assert.deepEqual(again.settings(), { a: 1 })
        assert.deepEqual(again.rawValues(), {
            wifi_ssid: Buffer.from("barn"),
        })
        assert.throws(
            () => flash.setProgram(Buffer.alloc(chip.programBytes + 32)),
            FlashError
        )
        // A store of another size is none.
        assert.throws(() => new FlashImage(flash.bytes.subarray(0, 65536), 16))
    }
    assert.equal(maxProgramBytes(64), 225_152)
})
