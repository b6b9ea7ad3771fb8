/** `leaf token`, in this process; judged by the gateway's check and by Microsoft's library. */
import assert from "node:assert/strict"
import { execFileSync, spawnSync } from "node:child_process"
import { join } from "node:path"
import { test } from "node:test"
import { SharedAccessSignature } from "azure-iot-common"
import { Failure } from "../../sim/cli/failure"
import { token } from "../../sim/cli/token"
import { checkToken } from "../../sim/gateway/token"

const LEAF = join(__dirname, "../../sim/cli/leaf.js")
const KEY = Buffer.alloc(32, 7).toString("base64")
const OTHER = Buffer.alloc(32, 8).toString("base64")
const NOW_MS = 1_800_000_000_000
const STRING = `HostName=hub.example;DeviceId=leaf-1;SharedAccessKey=${KEY}`

async function run(
    args: string[],
    files: Record<string, string> = {},
    nowMs = NOW_MS
) {
    let output = ""
    const exitCode = await token(args, {
        nowMs: () => nowMs,
        env: { LEAF_KEY: KEY },
        readFile: name => {
            if (!(name in files))
                throw Object.assign(new Error(), { code: "ENOENT" })
            return files[name]
        },
        write: text => (output += text),
    })
    return { exitCode, output }
}

async function made(...args: string[]): Promise<string> {
    return (await run(args, { c: STRING, k: KEY })).output.trim()
}

async function failed(explained: string, args: string[], nowMs = NOW_MS) {
    const { exitCode, output } = await run(
        ["--explain", "t", "--json", ...args],
        { t: explained, c: STRING, other: OTHER },
        nowMs
    )
    const { ok, findings } = JSON.parse(output)
    assert.equal(exitCode, ok ? 0 : 1)
    return findings
        .filter((one: { ok: boolean | null }) => one.ok === false)
        .map((one: { check: string }) => one.check)
}

test("a device's token is accepted by the gateway, and until its last second", async () => {
    const text = await made("--connection-string-file", "c", "--minutes", "10")
    const check = (nowMs: number) =>
        checkToken(text, {
            deviceId: "leaf-1",
            hosts: ["hub.example"],
            keys: [KEY],
            nowMs,
            skewSec: 0,
        })
    assert.deepEqual(check(NOW_MS + 599_000), {
        ok: true,
        expirySec: NOW_MS / 1000 + 600,
    })
    assert.equal(check(NOW_MS + 600_000).ok, false)
})

test("a policy's token is what Microsoft's library makes of the same", async () => {
    const text = await made(
        ...["--key-file", "k", "--resource", "hub.example"],
        ...["--policy", "service"]
    )
    const theirs = SharedAccessSignature.create(
        "hub.example",
        "service",
        KEY,
        NOW_MS / 1000 + 3600
    ).toString()
    const fields = (one: string) => one.split(" ")[1].split("&").sort()
    assert.deepEqual(fields(text), fields(theirs))
})

test("the key from the environment makes the same token as from a file", async () => {
    const resource = ["--resource", "hub.example/devices/leaf-1"]
    assert.equal(
        await made("--key-env", "LEAF_KEY", ...resource),
        await made("--key-file", "k", ...resource)
    )
})

test("each thing that is wrong with a token is found, and nothing else", async () => {
    const good = await made("--connection-string-file", "c")
    const source = ["--connection-string-file", "c"]
    assert.deepEqual(await failed(good, source), [])
    assert.deepEqual(await failed(good.slice(5), source), ["form"])
    assert.deepEqual(await failed(good + "&se=1", source), ["form"])
    assert.deepEqual(await failed(good + "&skn=%", source), ["form"])
    assert.deepEqual(await failed(good + "&skn=%1b[2J", source), ["form"])
    assert.deepEqual(await failed(good, ["--key-file", "other"]), ["signature"])
    assert.deepEqual(
        await failed(good, ["--resource", "hub.example/devices/leaf-2"]),
        ["resource"]
    )
    assert.deepEqual(await failed(good, ["--policy", "service"]), ["policy"])
    assert.deepEqual(await failed(good, source, NOW_MS + 3_600_000), ["expiry"])
    const longer = good.replace(/se=\d+/, "se=1900000000")
    assert.deepEqual(await failed(longer, source), ["signature"])
})

test("a policy's token opens what is below its resource, a device's only the device", async () => {
    const make = (resource: string, ...more: string[]) =>
        made("--key-file", "k", "--resource", resource, ...more)
    const wanted = ["--resource", "HUB.example/devices/leaf-1"]
    const policy = await make("hub.example", "--policy", "device")
    assert.deepEqual(await failed(policy, wanted), [])
    assert.deepEqual(await failed(await make("hub.example"), wanted), [
        "resource",
    ])
    const other = await make("hub.example/devices/leaf", "--policy", "device")
    assert.deepEqual(await failed(other, wanted), ["resource"])
})

test("without a key it is said that the signature was not judged", async () => {
    const good = await made("--connection-string-file", "c")
    const { output } = await run(["--explain", "t"], { t: good })
    assert.match(output, /^· Its signature was not judged/m)
    assert.doesNotMatch(output, new RegExp(good.split("sig=")[1].split("&")[0]))
})

test("wrong usage exits with 2, what cannot be read or used with 1; no key is shown", async () => {
    const cases: [string[], number][] = [
        [[KEY], 2],
        [["--key-file", "k"], 2],
        [["--key-file", "k", "--key-env", "LEAF_KEY"], 2],
        [["--connection-string-file", "c", "--policy", "p"], 2],
        [["--connection-string-file", "c", "--minutes", "0"], 2],
        [["--key-file", "k", "--resource", "https://hub.example"], 2],
        [["--key-file", "-", "--explain", "-"], 2],
        [["--key-file", "missing", "--resource", "h"], 1],
        [["--key-file", "bad", "--resource", "h"], 1],
        [["--key-env", "NOT_SET", "--resource", "h"], 1],
    ]
    for (const [args, exitCode] of cases)
        await assert.rejects(
            run(args, { c: STRING, k: KEY, bad: KEY.slice(1) }),
            (error: Failure) =>
                error instanceof Failure &&
                error.exitCode === exitCode &&
                !error.message.includes(KEY.slice(1, 20)),
            args.length + " arguments, exit code " + exitCode
        )
})

test("the command reads standard input, and its help has an example", () => {
    const text = execFileSync(
        process.execPath,
        [LEAF, "token", "--connection-string-file", "-"],
        { input: STRING + "\n", encoding: "utf8" }
    )
    assert.match(text, /^SharedAccessSignature sr=hub\.example%2F/)
    const wrong = spawnSync(process.execPath, [LEAF, "token", KEY])
    assert.equal(wrong.status, 2)
    assert.ok(!String(wrong.stderr).includes(KEY))
    const help = execFileSync(process.execPath, [LEAF, "token", "--help"])
    assert.match(String(help), /^Example:$/m)
})
