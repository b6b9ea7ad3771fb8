/** The command line, as a user runs it: its output, its exit codes, and one clear sentence for each mistake. */
import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import {
    chmodSync,
    mkdirSync,
    mkdtempSync,
    readFileSync,
    rmSync,
    writeFileSync,
} from "node:fs"
import net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, describe, test } from "node:test"
import { DEVICE_ID, GATEWAY_NAME, HUB_NAME, Site } from "../site"

const LEAF = join(__dirname, "../../sim/cli/leaf.js")

interface Result {
    code: number | null
    stdout: string
    stderr: string
}

/** Runs `leaf …`; `interrupt` sends SIGINT when the output has this text. */
function leaf(args: string[], interrupt?: string): Promise<Result> {
    return new Promise(resolve => {
        const child = spawn(process.execPath, [LEAF, ...args])
        const result: Result = { code: null, stdout: "", stderr: "" }
        child.stdout.on("data", data => {
            result.stdout += String(data)
            if (interrupt && result.stdout.includes(interrupt)) {
                interrupt = undefined
                child.kill("SIGINT")
            }
        })
        child.stderr.on("data", data => (result.stderr += String(data)))
        child.on("close", code => resolve({ ...result, code }))
    })
}

/** Fails with one sentence that matches, and no stack trace. */
async function fails(args: string[], message: RegExp): Promise<void> {
    const { code, stderr } = await leaf(args)
    assert.notEqual(code, 0)
    assert.match(stderr, message)
    assert.doesNotMatch(stderr, /\n\s+at |mistake of ours/, "a stack trace")
    assert.equal(stderr.trim().split("\n").length, 1, stderr)
}

describe("leaf demo", () => {
    const parent = mkdtempSync(join(tmpdir(), "leaf-cli-"))
    const folder = join(parent, "leaf")
    const free = ["--port", "0", "--https-port", "0"]
    const demo = (...args: string[]) => [
        "demo",
        "--dir",
        folder,
        ...free,
        ...args,
    ]

    before(async () => {
        // The first run makes everything.
        const { code, stdout, stderr } = await leaf(demo("--messages", "1"))
        assert.equal(code, 0, stderr)
        for (const what of [
            /gateway .* listens on 127\.0\.0\.1:\d+/,
            /firmware .* B of code/,
            /handshake .* key share \d+ │ hello \d+ │ chain \d+ │ signature \d+/,
            /connected .* TLSv1\.3 TLS_CHACHA20_POLY1305_SHA256/,
            /telemetry +#1 .*"temperature":/,
            /1 telemetry messages were accepted/,
        ])
            assert.match(stdout, what)
    })
    after(() => rmSync(parent, { recursive: true, force: true }))

    test("ends with exit code 0 after so many messages, a JSON object a line", async () => {
        const { code, stdout, stderr } = await leaf(
            demo("--messages", "3", "--json")
        )
        assert.equal(code, 0, stderr)
        const events = stdout
            .trim()
            .split("\n")
            .map(line => JSON.parse(line) as { type: string; ms: number })
        assert.equal(events.filter(e => e.type === "telemetry").length, 3)
        assert.equal(events.at(-1)?.type, "end")
        assert.ok(events.every(e => Number.isInteger(e.ms)))
        // Keys stay where they are.
        const device = JSON.parse(
            readFileSync(join(folder, "device.json"), "utf8")
        ) as { key: string }
        assert.ok(!stdout.includes(device.key))
        assert.ok(!stdout.includes("SharedAccessSignature"))
    })

    test("ends cleanly with Ctrl-C", async () => {
        const { code, stdout, stderr } = await leaf(demo(), "telemetry")
        assert.equal(code, 0, stderr)
        assert.match(stdout, /accepted\n$/)
    })

    test("ends cleanly with Ctrl-C before anything is connected", async () => {
        const { code, stderr } = await leaf(demo(), "gateway")
        assert.equal(code, 0, stderr)
    })

    test("says which port is in use, and what to do", async () => {
        const server = net.createServer()
        await new Promise<void>(resolve =>
            server.listen(0, "127.0.0.1", resolve)
        )
        const { port } = server.address() as net.AddressInfo
        await fails(
            ["demo", "--dir", folder, "--port", String(port)],
            new RegExp(`${port}.*--port`)
        )
        await fails(
            demo("--https-port", String(port)),
            new RegExp(`${port}.*--https-port`)
        )
        server.close()
    })

    test("says what is wrong with its options", async () => {
        await fails(demo("--messages", "0"), /--messages 0: a whole number/)
        await fails(demo("--messages", "x"), /--messages x: a whole number/)
        await fails(demo("--port", "65536"), /--port 65536/)
        await fails(demo("--chain", "ec"), /--chain ec: .* rsa/)
        await fails(demo("--chain", "dsa"), /--chain dsa: there are rsa and ec/)
        await fails(demo("--nonsense"), /--nonsense.*--help/)
        await fails(["nonsense"], /no command "nonsense".*--help/)
    })

    test("says what is damaged in its folder, and what to do", async () => {
        const damage = async (name: string, content: string | undefined) => {
            const file = join(folder, name)
            const good = readFileSync(file)
            if (content === undefined) rmSync(file)
            else writeFileSync(file, content)
            await fails(demo("--messages", "1"), /is damaged: .*Delete it/)
            writeFileSync(file, good)
        }
        await damage("device.json", "{")
        await damage("device.json", "{}")
        await damage("owner-root-ca.pem", undefined)
        await damage("owner-root-ca.pem", "nothing")
        await damage("gateway-chain.pem", "nothing")
        await damage("gateway.key.pem", undefined)
        await damage("gateway.key.pem", "nothing")
        // The CA of somebody else.
        await damage(
            "edge-ca.pem",
            readFileSync(join(folder, "owner-root-ca.pem"), "utf8")
        )
    })

    test("says that its folder cannot be written, and what to do", async () => {
        const file = join(parent, "file")
        writeFileSync(file, "")
        await fails(
            ["demo", "--dir", file, ...free],
            /cannot be written .*--dir/
        )
        if (process.getuid?.() === 0) return // root may write everywhere
        const locked = join(parent, "locked")
        mkdirSync(locked)
        chmodSync(locked, 0o500)
        await fails(
            ["demo", "--dir", join(locked, "leaf"), ...free],
            /cannot be written .*--dir/
        )
    })

    test("leaf run takes a device to a gateway that is somewhere else", async () => {
        const site = await Site.create()
        const gateway = await site.startGateway()
        const connectionString = join(parent, "device.txt")
        writeFileSync(
            connectionString,
            `HostName=${HUB_NAME};DeviceId=${DEVICE_ID};SharedAccessKey=${site.deviceKey};GatewayHostName=${GATEWAY_NAME}\n`
        )
        const args = [
            "run",
            "--connection-string-file",
            connectionString,
            ...["--ca", site.file("root.pem"), "--address", "127.0.0.1"],
            ...["--port", String(gateway.port), "--telemetry", "1"],
        ]
        const telemetry = gateway.waitFor("telemetry", undefined, 60000)
        const { code, stdout, stderr } = await leaf(args, "connected to")
        assert.equal(code, 0, stderr)
        await telemetry
        assert.ok(!stdout.includes(site.deviceKey))

        await fails(["run"], /are needed.*--help/)
        await fails(
            [...args.slice(0, 3), "--ca", join(parent, "none.pem")],
            /--ca .*none\.pem: the file cannot be read/
        )
        await fails(
            [...args.slice(0, 3), "--ca", connectionString],
            /no X\.509 certificate/
        )
        writeFileSync(connectionString, "HostName=x;DeviceId=y")
        await fails(args, /SharedAccessKey/)
        await site.close()
    })

    test("has a help, and so has the command", async () => {
        for (const args of [
            ["--help"],
            ["demo", "--help"],
            ["run", "--help"],
        ]) {
            const { code, stdout } = await leaf(args)
            assert.equal(code, 0)
            assert.match(stdout, /^Usage: leaf/)
        }
        assert.equal((await leaf([])).code, 2)
    })
})
