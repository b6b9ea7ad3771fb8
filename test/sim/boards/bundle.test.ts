/** `leaf bundle`: what is put together is read back byte by byte, runs in the VM, and shows no secret. */
import assert from "node:assert/strict"
import { createHash } from "node:crypto"
import {
    mkdirSync,
    mkdtempSync,
    readFileSync,
    rmSync,
    statSync,
    writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { makeBundle, readBundleFile } from "../../../sim/boards/bundle"
import {
    BoardDescription,
    findBoard,
    readBoards,
} from "../../../sim/boards/catalog"
import { FlashFileError } from "../../../sim/boards/flashfile"
import {
    boardHardware,
    readHardware,
    withBoard,
} from "../../../sim/boards/hardware"
import { Report } from "../../../sim/boards/inspect"
import { CACHE, PINS } from "../../../sim/boards/runtime"
import { RP2040_FAMILY, readUf2 } from "../../../sim/boards/uf2"
import { bundle } from "../../../sim/cli/bundle"
import { makeChain } from "../../../sim/pki/chain"
import { provision } from "../../../sim/provisioning/provision"
import { Image, compile } from "../../../sim/vm/compiler"
import { FlashImage } from "../../../sim/vm/flash"
import { seededRandom } from "../../random"
import { deviceFor } from "../vm/programs"
import { capture } from "./capture"
import {
    STAND_IN_VERSION,
    standInFile,
    standInRuntime,
    writeUf2,
} from "./standin"

const KEY = Buffer.from("0123456789abcdef0123456789abcdef").toString("base64")
const PASSWORD = "silo door 42!"

const folder = mkdtempSync(join(tmpdir(), "leaf-bundle-"))
const home = process.cwd()
const random = seededRandom("bundles")
const boards = readBoards()
let program: Image
let fingerprint: string

before(async () => {
    process.chdir(folder)
    mkdirSync(join(folder, CACHE), { recursive: true })
    // Where images are kept: all but the first take it from there.
    mkdirSync(join(folder, "node_modules"))
    writeFileSync("devsconfig.json", "{}")
    writeFileSync(
        "hello.ts",
        `import { readSetting } from "@devicescript/settings"
console.log("hello " + (await readSetting("deviceid", "?")))
`
    )
    program = await compile(join(folder, "hello.ts"))
    const chain = await makeChain({ names: ["g.test"], caBits: 2048 })
    const flash = await provision(
        `HostName=hub.azure-devices.net;DeviceId=leaf-1;SharedAccessKey=${KEY};GatewayHostName=gateway.test`,
        [chain.root.pem],
        { provisionedSec: 1780272000 }
    )
    const settings = flash.settings()
    const anchor = Buffer.concat(
        ["a", "b", "c"].map(part =>
            Buffer.from(String(settings[`anchor1${part}`] ?? ""), "base64")
        )
    )
    fingerprint = createHash("sha256").update(anchor).digest("hex").slice(0, 8)
    writeFileSync(
        ".env.local",
        [
            "# of leaf-1",
            ...Object.entries(settings).map(
                ([name, value]) => `${name}=${JSON.stringify(value)}`
            ),
            "WIFI_SSID=barn",
            `WIFI_PWD=${PASSWORD}`,
            "",
        ].join("\n")
    )
})
after(() => {
    process.chdir(home)
    rmSync(folder, { recursive: true })
})

/** A runtime image in DeviceScript's cache. */
function putRuntime({ chip }: BoardDescription): Buffer {
    const runtime = standInRuntime(chip, random)
    writeFileSync(join(CACHE, chip.image), standInFile(chip, runtime))
    return runtime
}

/** The bytes of a bundle by address, from `start` on, and which are there; none of the writer's code but the UF2 reader. */
function memoryOf({ chip }: BoardDescription, file: Buffer, start: number) {
    if (chip.format === "bin")
        return { bytes: file, isThere: Buffer.alloc(file.length, 1) }
    const { blocks, family } = readUf2(file)
    assert.equal(family, RP2040_FAMILY)
    const last = blocks[blocks.length - 1]
    const bytes = Buffer.alloc(last.address + last.data.length - start, 0xff)
    const isThere = Buffer.alloc(bytes.length)
    for (const { address, data } of blocks) {
        assert.ok(address >= start)
        data.copy(bytes, address - start)
        isThere.fill(1, address - start, address - start + data.length)
    }
    return { bytes, isThere }
}

test("a bundle holds runtime, pins, program, settings and Wi-Fi, each in its place, and nothing else", async () => {
    for (const board of boards) {
        const { chip } = board
        const runtime = putRuntime(board)
        const { code, stdout, stderr } = await capture(
            bundle,
            "hello.ts",
            "--board",
            board.name,
            "--pin",
            STAND_IN_VERSION,
            "--json"
        )
        assert.equal(stderr, "")
        assert.equal(code, 0)
        const said = JSON.parse(stdout) as { file: string; hasWifi: boolean }
        assert.equal(
            said.file,
            {
                esp32: `hello-${board.name}-0x1000.bin`,
                rp2040w: `hello-${board.name}.uf2`,
            }[chip.id] ?? `hello-${board.name}-0x0.bin`
        )
        assert.equal(said.hasWifi, true)
        assert.equal(statSync(said.file).mode & 0o777, 0o600)
        const file = readFileSync(said.file)

        const store = new FlashImage(undefined, chip.storePages)
        for (const line of readFileSync(".env.local", "utf8").split("\n")) {
            const [, name, value] = /^([a-z]\w*)=(.*)$/.exec(line) ?? []
            if (name) store.set(name, JSON.parse(value))
        }
        store.setRaw("wifi_ssid", "barn")
        store.setRaw("wifi_psk", PASSWORD)
        store.setProgram(withBoard(program.binary, board))
        const start = chip.format === "uf2" ? 0x10000000 : chip.flashOffset
        const { bytes, isThere } = memoryOf(board, file, start)
        const expected = Buffer.alloc(bytes.length, 0xff)
        const put = (address: number, part: Uint8Array) => {
            expected.set(part, address - start)
            const there = isThere.subarray(address - start)
            assert.ok(there.subarray(0, part.length).every(one => one === 1))
        }
        put(start, runtime)
        put(chip.hardwareAddress, boardHardware(board))
        put(chip.storeAddress, store.bytes)
        const wrong = bytes.findIndex((byte, at) => byte !== expected[at])
        assert.equal(wrong, -1, `${board.name}: at ${start + wrong}`)
        assert.equal(
            chip.storeAddress + store.bytes.length,
            start + bytes.length
        )
    }
})

test("the VM boots from the store of a bundle, of a Pico W's and of an ESP32's size", async context => {
    for (const name of ["pico-w", "xiao-esp32c3"]) {
        const board = findBoard(name)
        const runtime = standInFile(
            board.chip,
            standInRuntime(board.chip, random)
        )
        const image = withBoard(program.binary, board)
        const { store } = readBundleFile(
            makeBundle({
                runtime,
                board,
                program: image,
                settings: {
                    values: new Map([["deviceid", "leaf-7"]]),
                    wifi: { ssid: "barn", password: PASSWORD },
                },
            })
        )
        assert.deepEqual(store.program(), image)
        const before = store.bytes
        const device = await deviceFor(context, {
            image: { ...program, binary: image },
            flash: store,
        })
        await device.until("hello leaf-7")
        // It took the store for its own, and did not format it.
        assert.deepEqual(store.bytes, before)
    }
})

test("a bundle can be inspected: program, settings and anchors are shown, keys and passwords are not", async () => {
    const board = findBoard("pico-w")
    putRuntime(board)
    const pin = ["--pin", "2.15.7"]
    await capture(bundle, "hello.ts", "--board", "pico-w", ...pin)
    const shown = await capture(bundle, "--inspect", "hello-pico-w.uf2")
    assert.equal(shown.stderr, "")
    const json = await capture(
        bundle,
        "--inspect",
        "hello-pico-w.uf2",
        "--json"
    )
    for (const { stdout, code } of [shown, json]) {
        assert.equal(code, 0)
        assert.ok(!stdout.includes(KEY.slice(0, 8)))
        assert.ok(!stdout.includes(PASSWORD.slice(0, 4)))
    }
    const report = JSON.parse(json.stdout) as Report
    assert.equal(report.board, "leaf_pico_w")
    assert.deepEqual(report.wifi, { ssid: "barn", passwordBytes: 13 })
    assert.deepEqual(report.settings, {
        schema: 2,
        hubhost: "hub.azure-devices.net",
        deviceid: "leaf-1",
        devkey: { bytes: KEY.length + 2 },
        provtime: 1780272000,
        gateway: "gateway.test",
    })
    assert.equal(report.anchors.length, 1)
    assert.equal(report.anchors[0].fingerprint, fingerprint)
    assert.match(report.anchors[0].key, /^rsa 2048$/)
    const image = withBoard(program.binary, board)
    assert.deepEqual(report.program, {
        name: "hello.ts",
        version: report.program?.version,
        board: "leaf_pico_w",
        bytes: image.length,
        codeBytes: program.codeBytes,
        sha256: createHash("sha256").update(image).digest("hex"),
        verdict: 0,
    })
    assert.match(shown.stdout, /^Wi-Fi: +barn, with a password \(not shown\)$/m)
    assert.match(shown.stdout, /devkey = \(not shown, 46 bytes\)/)
    assert.match(
        shown.stdout,
        new RegExp(`^Anchor 1: .*, rsa 2048, ${fingerprint}$`, "m")
    )
})

test("settings of any other name are not shown either, and a name of a network cannot steer the terminal", async () => {
    const board = findBoard("esp32-devkitc")
    const settings = new Map<string, unknown>([
        ["myapikey", "s3cret-s3cret"],
        ["wifi", ["barn", "s3cret-s3cret"]],
        ["anchor1a", "bm90IGFuIGFuY2hvcg=="],
    ])
    writeFileSync(
        "odd.bin",
        makeBundle({
            runtime: standInRuntime(board.chip, random),
            board,
            program: program.binary,
            settings: {
                values: settings,
                wifi: { ssid: "a\u001b[2Jb\nc", password: "" },
            },
        })
    )
    const { stdout } = await capture(bundle, "--inspect", "odd.bin")
    assert.ok(!stdout.includes("s3cret"))
    assert.ok(!stdout.includes("\u001b"))
    assert.match(stdout, /Wi-Fi: +a\?\[2Jb\?c, open/)
    assert.match(stdout, /Anchor 1: +not readable, not readable/)
    assert.match(stdout, /built for no board/)
})

test("only the pinned runtime image is taken; what is missing is said, with the folder and where it is to be had", async () => {
    rmSync(PINS, { force: true })
    const board = findBoard("xiao-esp32c3")
    const path = join(folder, CACHE, board.chip.image)
    rmSync(path, { force: true })
    const run = (...args: string[]) =>
        capture(bundle, "hello.ts", "--board", "xiao-esp32c3", ...args)
    const missing = await run()
    assert.equal(missing.code, 3)
    assert.match(
        missing.stderr,
        /^Missing: the runtime image for Seeed XIAO ESP32-C3, .*\.devicescript\/cache\/devicescript-esp32c3-esp32c3_bare-0x0\.bin\. Download https:.*\/latest\/download\//
    )
    const image = putRuntime(board)
    const sha256 = createHash("sha256").update(image).digest("hex")
    const unpinned = await run()
    assert.equal(unpinned.code, 1)
    assert.ok(unpinned.stderr.includes(sha256))
    assert.match(unpinned.stderr, /its version 2\.15\.7: .* add --pin 2\.15\.7/)
    assert.match((await run("--pin", "2.14.0")).stderr, /says of itself/)
    assert.match((await run("--pin", "newest")).stderr, /a version such as/)
    assert.equal((await run("--pin", "v2.15.7")).stderr, "")
    assert.deepEqual(JSON.parse(readFileSync(PINS, "utf8")), {
        [board.chip.image]: { version: "2.15.7", sha256, bytes: image.length },
    })
    assert.equal((await run()).code, 0)
    // One bit, at one place.
    image[random.below(image.length)] ^= 1
    writeFileSync(path, image)
    const other = await run()
    assert.equal(other.code, 1)
    assert.match(other.stderr, /is not the pinned version 2\.15\.7/)
    rmSync(path)
    assert.match((await run()).stderr, /\/releases\/download\/v2\.15\.7\//)
    writeFileSync(PINS, `{"a": {"version": "1.0.0", "sha256": "x"}}`)
    assert.match((await run()).stderr, /runtime-images\.json cannot be used/)
    rmSync(PINS)
})

test("what does not fit together is refused with a sentence", async () => {
    const board = findBoard("pico-w")
    const { chip } = board
    const settings = { values: new Map<string, unknown>(), wifi: undefined }
    const parts = (runtime: Buffer, values: [string, unknown][] = []) => ({
        runtime,
        board,
        program: program.binary,
        settings: { ...settings, values: new Map(values) },
    })
    const runtime = standInFile(chip, standInRuntime(chip, random))
    const made = makeBundle(parts(runtime))
    const refused = (what: Parameters<typeof makeBundle>[0], why: RegExp) =>
        assert.throws(
            () => makeBundle(what),
            error => error instanceof FlashFileError && why.test(error.message)
        )
    refused(parts(made), /where program and settings go/)
    refused(parts(Buffer.alloc(4096)), /takes a \.uf2 file/)
    refused(
        parts(writeUf2(chip.hardwareAddress, Buffer.alloc(512, 3))),
        /where the board's pins go/
    )
    for (const name of ["gwaddr", "gateway", "hubhost"])
        refused(parts(runtime, [[name, "192.168.1.7"]]), /is an IP address/)
    // A name that is connected to instead of the address makes it good.
    makeBundle(
        parts(runtime, [
            ["gwaddr", "g.test"],
            ["gateway", "10.0.0.1"],
        ])
    )
    const esp = findBoard("c3-supermini")
    makeBundle({
        ...parts(standInRuntime(esp.chip, random), [["gwaddr", "10.0.0.1"]]),
        board: esp,
    })
    // Damaged in transit: a block that is lost, one that is there twice.
    writeFileSync("lost.uf2", made.subarray(512))
    writeFileSync("twice.uf2", Buffer.concat([made, made.subarray(0, 512)]))
    writeFileSync("empty.bin", "")
    writeFileSync("stand-in.uf2", runtime)
    for (const [file, why] of [
        ["lost.uf2", /block 0 is not in its place/],
        ["twice.uf2", /block 0 is not in its place/],
        ["empty.bin", /it is no bundle/],
        ["stand-in.uf2", /it is no bundle/],
        ["none.uf2", /cannot be read \(ENOENT\)/],
    ] as const) {
        const { code, stderr } = await capture(bundle, "--inspect", file)
        assert.equal(code, 1)
        assert.match(stderr, why)
        assert.match(stderr, /\.$/)
    }
})

test("the pins that a runtime image already has are overwritten whole", () => {
    const board = findBoard("esp32s3-devkitc")
    const { chip } = board
    const runtime = standInRuntime(chip, random)
    const other = Buffer.from(boardHardware(findBoard("pico-w")))
    other.copy(runtime, chip.hardwareAddress - chip.flashOffset)
    assert.ok(other.length > boardHardware(board).length)
    const made = makeBundle({
        runtime,
        board,
        program: program.binary,
        settings: { values: new Map(), wifi: undefined },
    })
    const at = chip.hardwareAddress - chip.flashOffset
    const hardware = boardHardware(board)
    const written = made.subarray(at, at + other.length)
    assert.ok(written.subarray(0, hardware.length).equals(hardware))
    assert.ok(written.subarray(hardware.length).every(byte => byte === 0))
    assert.equal(readHardware(made.subarray(at))?.devName, board.file.devName)
})

test("leaf bundle tells what is wrong with options, settings and firmware", async () => {
    const board = findBoard("pico-w")
    putRuntime(board)
    writeFileSync("bad.ts", "const n: number = 'text'\n")
    writeFileSync(
        "other.devs",
        withBoard(program.binary, findBoard("c3-supermini"))
    )
    writeFileSync("junk.devs", "junk")
    const good = readFileSync(".env.local", "utf8")
    writeFileSync("unfit.env", good.replace(/^hubhost=.*$/m, "hubhost=a b"))
    writeFileSync("hash.env", `${good}telemetry=5 # s\n`)
    const on = ["--board", "pico-w", "--pin", "2.15.7"]
    for (const [args, code, why] of [
        [[], 2, /^One firmware is needed/],
        [["hello.ts"], 2, /^--board is missing/],
        [["hello.ts", "--board", "s2"], 2, /no such board/],
        [["--inspect", "a", "hello.ts"], 2, /nothing else/],
        [["--no"], 2, /lists the options/],
        [["hello.ts", ...on, "--settings", "a", "--no-settings"], 2, /exclude/],
        [
            ["hello.ts", ...on, "--settings", "no"],
            1,
            /no settings in .*no\. Prov/,
        ],
        [
            ["hello.ts", ...on, "--settings", "unfit.env"],
            1,
            /would refuse .*hubhost is bad/,
        ],
        [
            ["hello.ts", ...on, "--settings", "hash.env"],
            1,
            /hash\.env, line \d+: .*"#"/,
        ],
        [["bad.ts", ...on], 1, /^bad\.ts does not compile/],
        [["other.devs", ...on], 1, /built for leaf_c3_supermini/],
        [["junk.devs", ...on], 1, /junk\.devs: it is no image of this/],
        [["hello.ts", ...on, "--out", "no/a"], 1, /ENOENT/],
    ] as const) {
        const outcome = await capture(bundle, ...args)
        assert.match(outcome.stderr, why)
        assert.equal(outcome.code, code)
        assert.ok(!outcome.stderr.includes(KEY.slice(0, 8)))
    }
    writeFileSync("plain.devs", program.binary)
    const plain = await capture(bundle, "plain.devs", ...on, "--no-settings")
    assert.equal(plain.code, 0)
    assert.match(plain.stdout, /not provisioned[^]*knows no Wi-Fi network/)
    assert.match(
        (await capture(bundle, "--help")).stdout,
        /^Usage: leaf bundle/
    )
})
