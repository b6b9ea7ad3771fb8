/** `leaf run`, as a user runs it. */
import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
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

/** Runs `leaf …`, and sends SIGINT when `enough` is there. */
function leaf(args: string[], enough?: Promise<unknown>): Promise<Result> {
    return new Promise(resolve => {
        const child = spawn(process.execPath, [LEAF, ...args])
        const result: Result = { code: null, stdout: "", stderr: "" }
        child.stdout.on("data", data => (result.stdout += String(data)))
        child.stderr.on("data", data => (result.stderr += String(data)))
        child.on("close", code => resolve({ ...result, code }))
        // Without it, the program ends too: a test that waits for it says what it has printed.
        const interrupt = () => child.kill("SIGINT")
        enough?.then(interrupt, interrupt)
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

describe("leaf run", () => {
    const parent = mkdtempSync(join(tmpdir(), "leaf-run-"))
    let site: Site
    before(async () => (site = await Site.create()))
    after(async () => {
        await site.close()
        rmSync(parent, { recursive: true, force: true })
    })

    test("takes a device to a gateway that is somewhere else, and says what is wrong with its files", async () => {
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
        const { code, stdout, stderr } = await leaf(args, telemetry)
        assert.equal(code, 0, stderr)
        assert.match(stdout, /connected to/)
        await telemetry
        assert.ok(!stdout.includes(site.deviceKey))

        await fails([...args, "--set", "pq"], /--set pq: there are rsa, ec/)
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
    })
})
