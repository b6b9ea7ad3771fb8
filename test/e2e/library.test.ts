/**
 * The package as its users have it: packed, unpacked into projects of their own (those in `examples/`), compiled there by the
 * packed compiler and by DeviceScript's, and run in the simulator. No network is needed: what the package depends on is linked
 * from here.
 */
import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import {
    cpSync,
    existsSync,
    mkdirSync,
    mkdtempSync,
    readFileSync,
    readdirSync,
    rmSync,
    symlinkSync,
    writeFileSync,
} from "node:fs"
import { createRequire } from "node:module"
import net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, test } from "node:test"
import mqtt from "mqtt-packet"
import { anchorText } from "../../sim/provisioning/provision"
import type { Image, compile } from "../../sim/vm/compiler"
import { startDevice } from "../../sim/vm/host"
import { DEVICE_ID, GATEWAY_NAME, Site } from "../site"

const root = join(__dirname, "..", "..", "..")
const folder = mkdtempSync(join(tmpdir(), "leaf-library-"))
after(() => rmSync(folder, { recursive: true }))

const WAIT_MS = 60_000
/** What a compiler may take on a machine that does much else. */
const COMPILE_MS = 120_000

const NAME = "devicescript-edge-leaf"
const packageFolder = (project: string) =>
    join(folder, project, "node_modules", NAME)

function runProgram(command: string, args: string[], cwd: string): string {
    const { status, stdout, stderr } = spawnSync(command, args, {
        cwd,
        encoding: "utf8",
        timeout: COMPILE_MS,
    })
    assert.equal(status, 0, `${command} ${args.join(" ")}:\n${stdout}${stderr}`)
    return stdout
}

let files: string[] | undefined

/** Packs once, and says what is in the tarball. */
function pack(): string[] {
    if (files) return files
    const [packed] = JSON.parse(
        runProgram(
            "npm",
            [
                "pack",
                "--json",
                "--ignore-scripts",
                "--pack-destination",
                folder,
            ],
            root
        )
    ) as { filename: string; files: { path: string }[] }[]
    runProgram("tar", ["-xzf", packed.filename], folder)
    return (files = packed.files.map(({ path }) => path))
}

/** A folder with the example, and `node_modules` as an installation leaves them. */
function project(example: string): string {
    pack()
    const target = join(folder, example)
    cpSync(join(root, "examples", example), target, { recursive: true })
    const modules = join(target, "node_modules")
    mkdirSync(join(modules, "@devicescript"), { recursive: true })
    for (const name of readdirSync(join(root, "node_modules")))
        if (name !== "@devicescript" && !name.startsWith("."))
            symlinkSync(join(root, "node_modules", name), join(modules, name))
    // DeviceScript writes its libraries beside this one.
    symlinkSync(
        join(root, "node_modules/@devicescript/cli"),
        join(modules, "@devicescript/cli")
    )
    cpSync(join(folder, "package"), packageFolder(example), {
        recursive: true,
    })
    return target
}

/** Compiled with what is in the package. */
function compiled(example: string, entry: string): Promise<Image> {
    const packed = createRequire(join(packageFolder(example), "package.json"))(
        "./built/sim/vm/compiler"
    ) as { compile: typeof compile }
    return packed.compile(join(folder, example, entry))
}

/** DeviceScript's own build, which knows nothing of us. */
function stockBuild(example: string) {
    // Some seconds each.
    if (!isThorough) return
    const target = join(folder, example)
    runProgram(
        process.execPath,
        ["node_modules/@devicescript/cli/devicescript", "build", "src/main.ts"],
        target
    )
    assert.ok(existsSync(join(target, ".devicescript/bin/bytecode.devs")))
}

/** That none of these parts of the library is in an image. */
function assertLacks(image: Image, example: string, parts: string[]) {
    const files = image.trace.files.map(({ path }) => path)
    // All examples stand on TCP: so paths are what is looked for.
    assert.ok(files.some(path => path.includes(`${NAME}/src/net/tcp.ts`)))
    for (const part of parts)
        assert.deepEqual(
            files.filter(path => path.includes(`${NAME}/src/${part}/`)),
            [],
            `${example} has ${part}`
        )
}

/** The bare TLS client is built and run always, the others and the stock builds in `npm run test:library`. */
const isThorough = process.env.THOROUGH === "1"

function slowTest(name: string, run: () => Promise<void>): void {
    if (isThorough) void test(name, run)
}

test("the package holds sources, host and documents, and no tests", () => {
    const paths = pack()
    for (const wanted of [
        "LICENSE",
        "README.md",
        "CHANGELOG.md",
        "package.json",
        "devsconfig.json",
        "src/index.ts",
        "src/main.ts",
        "src/drivers/bme280.ts",
        "sim/i2c/bme280.ts",
        "built/sim/cli/leaf.js",
        "built/src/iothub/sas.js",
        "docs/library.md",
    ])
        assert.ok(paths.includes(wanted), `${wanted} is not in the package`)
    assert.deepEqual(
        paths.filter(path =>
            /^(built\/)?(test|tools|examples)\/|\.env|\.leaf|\.pem$/.test(path)
        ),
        []
    )
    const about = JSON.parse(
        readFileSync(join(folder, "package/package.json"), "utf8")
    ) as { license: string; version: string; devicescript: object }
    assert.deepEqual(about.devicescript, { library: true })
    assert.equal(about.license, "MIT")
    assert.match(
        readFileSync(join(folder, "package/LICENSE"), "utf8"),
        /^MIT License/
    )
    assert.ok(
        readFileSync(join(folder, "package/CHANGELOG.md"), "utf8").includes(
            `## [${about.version}]`
        ),
        "CHANGELOG.md has no section of this version"
    )
})

test("a bare TLS client of the packed library gets an answer over a verified connection, and has no MQTT in its image", async () => {
    const site = await Site.create()
    try {
        const gateway = await site.startGateway()
        const target = project("tls-client")
        writeFileSync(
            join(target, "src/config.ts"),
            `export const ADDRESS = "127.0.0.1"
export const HOST = "${GATEWAY_NAME}"
export const PORT = ${gateway.httpsPort}
export const CA = "${anchorText(site.chain.root.pem)}"
export const FLOOR_SEC = ${Math.floor(Date.now() / 1000) - 60}
`
        )
        const image = await compiled("tls-client", "src/main.ts")
        assertLacks(image, "tls-client", ["mqtt", "app", "drivers"])
        stockBuild("tls-client")
        const device = site.keep(await startDevice({ image }))
        const line = await device.until(/^(answer|failed): /, WAIT_MS)
        assert.match(line.text, /^answer: HTTP\/1\.1 \d{3}/)
        assert.deepEqual(device.panics, [])
    } finally {
        await site.close()
    }
})

slowTest(
    "a BME280 logger of the packed library publishes to a broker with QoS 1, and has no TLS in its image",
    async () => {
        const readings: string[] = []
        let enough: () => void = () => undefined
        const received = new Promise<void>(resolve => (enough = resolve))
        const broker = net.createServer(socket => {
            const parser = mqtt.parser({ protocolVersion: 4 })
            const answer = (packet: mqtt.Packet) =>
                socket.write(mqtt.generate(packet))
            socket.on("data", data => parser.parse(data))
            socket.on("error", () => undefined)
            parser.on("packet", packet => {
                if (packet.cmd === "connect")
                    answer({
                        cmd: "connack",
                        returnCode: 0,
                        sessionPresent: false,
                    })
                if (packet.cmd !== "publish") return
                assert.equal(packet.topic, "attic/climate")
                assert.equal(packet.qos, 1)
                readings.push(String(packet.payload))
                answer({ cmd: "puback", messageId: packet.messageId })
                // The second one comes only if the acknowledgement of the first was understood.
                if (readings.length === 2) enough()
            })
        })
        await new Promise<void>(resolve =>
            broker.listen(0, "127.0.0.1", resolve)
        )
        const { port } = broker.address() as net.AddressInfo
        const target = project("mqtt-logger")
        writeFileSync(
            join(target, "src/config.ts"),
            readFileSync(join(target, "src/config.ts"), "utf8")
                .replace('"192.168.1.10"', '"127.0.0.1"')
                .replace("PORT = 1883", `PORT = ${port}`)
                .replace("INTERVAL_MS = 10000", "INTERVAL_MS = 1000")
        )
        const image = await compiled("mqtt-logger", "src/simulated.ts")
        assertLacks(image, "mqtt-logger", ["tls", "x509", "app"])
        stockBuild("mqtt-logger")
        const device = await startDevice({ image })
        try {
            await received
            const { temperature } = JSON.parse(readings[0]) as {
                temperature: number
            }
            // The worked example of the data sheet.
            assert.ok(Math.abs(temperature - 25.08) < 0.01, readings[0])
            assert.deepEqual(device.panics, [])
        } finally {
            device.stop()
            await new Promise(resolve => broker.close(resolve))
        }
    }
)

slowTest(
    "a leaf of the packed library sends telemetry and answers a method",
    async () => {
        const site = await Site.create()
        try {
            const gateway = await site.startGateway()
            project("iothub-leaf")
            const image = await compiled("iothub-leaf", "src/main.ts")
            stockBuild("iothub-leaf")
            const telemetry = gateway.waitFor("telemetry", undefined, WAIT_MS)
            const device = await site.startDevice(image, {
                mqttPort: gateway.port,
                timePort: gateway.httpsPort,
            })
            assert.deepEqual(JSON.parse(String((await telemetry).body)), {
                temperature: 21.5,
            })
            assert.deepEqual(
                await gateway.methods.invoke(DEVICE_ID, "identify", 7),
                { status: 200, payload: 7 }
            )
            assert.deepEqual(device.panics, [])
        } finally {
            await site.close()
        }
    }
)
