/** The command `leaf gateway`, run as users run it, with a plain MQTT client as a device. */
import assert from "node:assert/strict"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { type AddressInfo, createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { after, before, describe, test } from "node:test"
import { GATEWAY_NAME } from "../../sim/cli/workspace"
import { createToken } from "../../sim/gateway/token"
import { LoadClient } from "../bench/loadclient"

const LEAF = join(__dirname, "..", "..", "sim", "cli", "leaf.js")
const HUB = "leaf-hub.azure-devices.net"
const DEVICE = {
    deviceId: "leaf-2",
    primaryKey: Buffer.alloc(32, 7).toString("base64"),
}

interface Shown {
    type: string
    port: number
    deviceId: string
    accepted: number
    control: string
}

let folder: string
before(() => (folder = mkdtempSync(join(tmpdir(), "leaf-gateway-"))))
after(() => rmSync(folder, { recursive: true, force: true }))

/** The command in the folder, with whatever ports are free. */
class Command {
    stderr = ""
    private readonly child: ChildProcess
    private readonly shown: Shown[] = []
    private readonly code: Promise<number | null>
    private told: () => void = () => undefined

    constructor(...args: string[]) {
        const usual = ["gateway", "--chain", "ec", "--json", "--dir", folder]
        const ports = ["port", "https-port", "control-port"].flatMap(name => [
            `--${name}`,
            "0",
        ])
        const child = spawn(
            process.execPath,
            [LEAF, ...usual, ...ports, ...args],
            { stdio: ["ignore", "pipe", "pipe"] }
        )
        child.stderr.on("data", data => (this.stderr += String(data)))
        createInterface(child.stdout).on("line", line => {
            this.shown.push(JSON.parse(line) as Shown)
            this.told()
        })
        this.child = child
        this.code = once(child, "close").then(([code]) => {
            this.told()
            return code as number | null
        })
    }

    async next(type: string): Promise<Shown> {
        for (;;) {
            const found = this.shown.find(one => one.type === type)
            if (found) return found
            assert.equal(this.child.exitCode, null, this.stderr)
            await new Promise<void>(resolve => (this.told = resolve))
        }
    }

    async end(): Promise<number | null> {
        this.child.kill("SIGINT")
        return this.code
    }

    ended(): Promise<number | null> {
        return this.code
    }
}

async function sendOne(port: number): Promise<void> {
    const { deviceId, primaryKey: key } = DEVICE
    const client = await LoadClient.open({
        port,
        ca: readFileSync(join(folder, "owner-root-ca.pem"), "utf8"),
        servername: GATEWAY_NAME,
        clientId: deviceId,
        username: `${HUB}/${deviceId}/?api-version=2021-04-12`,
        password: createToken({
            resource: `${HUB}/devices/${deviceId}`,
            key,
            expirySec: Math.floor(Date.now() / 1000) + 3600,
        }),
        clean: true,
    })
    await client.publish(1, 1, Buffer.from("{}"))
    client.close()
}

describe("leaf gateway", () => {
    test("serves the devices of a list, and knows them after a restart", async () => {
        const list = join(folder, "devices.json")
        writeFileSync(list, JSON.stringify([DEVICE]))
        const first = new Command("--devices", list)
        await sendOne((await first.next("gateway")).port)
        assert.equal((await first.next("telemetry")).deviceId, "leaf-2")
        assert.equal(await first.end(), 0)
        assert.equal((await first.next("end")).accepted, 1)
        assert.equal(first.stderr, "")
        const second = new Command()
        await sendOne((await second.next("gateway")).port)
        await second.next("telemetry")
        // One folder, one gateway.
        const third = new Command()
        assert.equal(await third.ended(), 1)
        assert.match(third.stderr, /^database: .* in use.*\n$/)
        assert.equal(await second.end(), 0)
    })

    test("forwards to a broker what it has stored, that of an earlier run too", async () => {
        const { Aedes } = await import("aedes")
        const broker = await Aedes.createBroker()
        const received: string[] = []
        broker.on("publish", ({ topic }) => {
            if (topic.startsWith("devices/")) received.push(topic)
        })
        const server = createServer(socket => broker.handle(socket))
        await new Promise<void>(resolve =>
            server.listen(0, "127.0.0.1", () => resolve())
        )
        const { port } = server.address() as AddressInfo
        const command = new Command("--upstream", `mqtt://127.0.0.1:${port}`)
        try {
            await sendOne((await command.next("gateway")).port)
            // Two of the test before, which had no upstream.
            while (received.length < 3) await once(broker, "publish")
            assert.deepEqual(
                new Set(received),
                new Set(["devices/leaf-2/messages/events/"])
            )
            assert.equal(await command.end(), 0)
        } finally {
            broker.close()
            server.close()
        }
    })

    for (const url of [
        "host",
        "http://host",
        "mqtt://user:secret@host",
        "mqtt://host/topic",
        "mqtt://",
    ])
        test(`${url.replace("secret", "…")} as upstream is one sentence, and no secret in it`, async () => {
            const command = new Command("--upstream", url)
            assert.equal(await command.ended(), 2)
            assert.match(command.stderr, /^--upstream: mqtt:.*\n$/)
            assert.ok(!command.stderr.includes("secret"))
        })

    for (const [name, content, sentence] of [
        ["no JSON", "{", /that is no JSON/],
        ["no list", "{}", /a JSON list of devices is wanted/],
        ["no device id", `[{"deviceId":"a"},{}]`, /device 2 of the list/],
    ] as const)
        test(`a list of devices that is ${name} is one sentence and exit code 2`, async () => {
            const list = join(folder, "bad.json")
            writeFileSync(list, content)
            const command = new Command("--devices", list)
            assert.equal(await command.ended(), 2)
            assert.match(command.stderr, sentence)
            assert.equal(command.stderr.split("\n").length, 2)
        })

    test("a device with a bad key is one sentence", async () => {
        const list = join(folder, "bad.json")
        writeFileSync(list, `[{"deviceId":"leaf-3","primaryKey":"abc"}]`)
        const command = new Command("--devices", list)
        assert.equal(await command.ended(), 1)
        assert.match(command.stderr, /^registry: a key is base64 .*\n$/)
    })
})
