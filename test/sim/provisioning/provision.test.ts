/** `leaf provision`: what it refuses, what it writes, and that DeviceScript's own code reads that back. */
import assert from "node:assert/strict"
import { existsSync, readdirSync, statSync } from "node:fs"
import { afterEach, before, beforeEach, describe, test } from "node:test"
import { type Chain, makeChain } from "../../../sim/pki/chain"
import { loadCompiler } from "../../../sim/vm/cli"
import { FlashImage } from "../../../sim/vm/flash"
import { issueCa } from "../../ca"
import { CONNECTION, Desk, KEY, keys } from "./rig"

let chain: Chain
let desk: Desk
let ca: string
before(async () => {
    chain = await makeChain({ names: ["gateway.test"], keyType: "ec", keys })
})
beforeEach(() => {
    desk = new Desk()
    ca = desk.ca("root.pem", chain.root)
})
afterEach(() => desk.close())

/** It is refused in one sentence that matches, nothing is written, and the key is not shown. */
async function refused(
    message: RegExp,
    args: string[],
    exitCode = 1
): Promise<void> {
    const before = readdirSync(desk.folder).sort()
    const { code, text } = await desk.run(...args)
    assert.match(text, message)
    assert.equal(code, exitCode)
    assert.doesNotMatch(text, /\n/, "one line")
    assert.ok(!text.includes(KEY.slice(0, 8)), "the key is shown")
    assert.deepEqual(readdirSync(desk.folder).sort(), before)
}

/** The settings of an `.env.local`, by DeviceScript's own compiler, as its deploy and bundle take them: JSON, or nothing to delete it. */
function readByDeviceScript(
    text: string,
    defaults?: string
): Record<string, unknown> {
    const compiler = loadCompiler()
    const config = compiler.resolveBuildConfig({ hwInfo: {} })
    const prelude = compiler.preludeFiles(config)
    const files: Record<string, string | undefined> = {
        "./.env.local": text,
        "./.env.defaults": defaults,
        "src/main.ts": "console.log(1)",
    }
    const { settings } = compiler.compileWithHost("src/main.ts", {
        write: () => undefined,
        read: name => {
            const content = files[name] ?? prelude[name.replace(/^\.\//, "")]
            if (content === undefined) throw new Error(`no ${name}`)
            return content
        },
        resolvePath: name => name,
        relativePath: name => name,
        log: () => undefined,
        isBasicOutput: () => true,
        error: () => undefined,
        getFlags: () => ({}),
        getConfig: () => config,
        verifyBytecode: () => undefined,
    }) as unknown as { settings: Record<string, Uint8Array | undefined> }
    return Object.fromEntries(
        Object.entries(settings).map(([name, value]) => [
            name,
            value && (JSON.parse(Buffer.from(value).toString()) as unknown),
        ])
    )
}

test("DeviceScript's own code reads back what was written, Wi-Fi and texts with # and quotes included", async () => {
    // An id that is a number in JSON, and marks that the parser would trip over.
    desk.write("cs.txt", CONNECTION.replace("leaf-1", "1e3"))
    desk.write("wifi.txt", `p#ss"w\\rd = 1\n`)
    const { code, text } = await desk.provision(
        ...["--ca", ca, "--wifi-ssid", `b"arn #1`, "--telemetry", "5"],
        ...["--wifi-password-file", desk.file("wifi.txt")],
        ...["--flash-image", desk.file("leaf.flash")]
    )
    assert.equal(code, 0, text)
    const { WIFI_SSID, WIFI_PWD, ...settings } = readByDeviceScript(desk.read())
    assert.equal(WIFI_SSID, `b"arn #1`)
    assert.equal(WIFI_PWD, `p#ss"w\\rd = 1`)
    const kept = Object.fromEntries(
        Object.entries(settings).filter(([, value]) => value !== undefined)
    )
    assert.equal(kept.deviceid, "1e3")
    assert.equal(kept.devkey, KEY)
    assert.equal(kept.telemetry, 5)
    // The image for the simulator says the same as the file for a board.
    const flash = new FlashImage(new Uint8Array(desk.bytes("leaf.flash")))
    assert.deepEqual(flash.settings(), kept)
    // What an earlier provisioning, or the device itself, has left there is deleted.
    for (const name of ["anchor2a", "inuse0", "devkey2", "issuers", "sess1a"])
        assert.ok(name in settings && settings[name] === undefined, name)
    for (const name of ["floor", "boots"]) assert.ok(!(name in settings), name)
})

test("neither the output nor the file's rights give the key away", async () => {
    for (const json of [[], ["--json"]]) {
        const { code, text } = await desk.provision("--ca", ca, ...json)
        assert.equal(code, 0, text)
        assert.match(text, /leaf-1/)
        assert.ok(!text.includes(KEY.slice(0, 8)))
    }
    const mode = statSync(desk.file(".env.local")).mode & 0o777
    if (process.platform !== "win32") assert.equal(mode, 0o600)
    assert.deepEqual(
        readdirSync(desk.folder).sort(),
        [".env.local", "cs.txt", "root.pem"],
        "no draft is left"
    )
})

test("the connection string comes from an argument or from standard input, too", async () => {
    assert.equal((await desk.run(CONNECTION, "--ca", ca)).code, 0)
    assert.match(desk.read(), /^deviceid="leaf-1"$/m)
    const piped = new Desk({
        readFile: name =>
            Buffer.from(
                name === "-" ? `\ufeff${CONNECTION}\r\n` : chain.root.pem
            ),
    })
    const { code } = await piped.run(
        ...["--connection-string-file", "-", "--ca", "root"]
    )
    assert.equal(code, 0)
    assert.match(piped.read(), /^deviceid="leaf-1"$/m)
    piped.close()
})

test("what is wrong with the command line is said without quoting the connection string", async () => {
    const cs = desk.file("cs.txt")
    for (const [message, args] of [
        [/One connection string/, ["--ca", ca]],
        [/in quotes/, [...CONNECTION.split(";"), "--ca", ca]],
        [/One connection|More than one|in quotes/, [CONNECTION, KEY]],
        [/--ca is needed/, [CONNECTION]],
        [
            /--ca is needed/,
            [CONNECTION, ...["--ca", ca, "--ca", ca, "--ca", ca]],
        ],
        [
            /--wifi-ssid is missing/,
            [CONNECTION, "--ca", ca, "--wifi-password-file", cs],
        ],
        [/Standard input/, ["--connection-string-file", "-", "--ca", "-"]],
        [/--port x/, [CONNECTION, "--ca", ca, "--port", "x"]],
        [/Unknown option '--verfy'/, [CONNECTION, "--ca", ca, "--verfy"]],
    ] as [RegExp, string[]][])
        await refused(message, args, 2)
})

test("a CA that a device could not trust, or should not, is refused", async () => {
    const provision = (...files: string[]) => [
        ...["--connection-string-file", desk.file("cs.txt")],
        ...files.flatMap(file => ["--ca", file]),
    ]
    const weak = await issueCa(
        "weak",
        await keys.keys("weak", { type: "rsa", bits: 1024 })
    )
    const forged = await issueCa("forged", chain.root.keys, {
        signingKey: chain.edgeCa.keys.privateKey,
    })
    for (const [message, ...files] of [
        [/not of a CA/, desk.ca("server.pem", chain.server)],
        [
            /signed by another one.*--accept-intermediate/,
            desk.ca("edge.pem", chain.edgeCa),
        ],
        [/several certificates/, desk.ca("all.pem", ...chain.sent)],
        [/same CA/, ca, desk.write("root.der", chain.root.der)],
        [/kind rsa 1024.*P-256/, desk.ca("weak.pem", weak)],
        [/signature is wrong/, desk.ca("forged.pem", forged)],
        [/no X\.509/, desk.file("cs.txt")],
        [/cannot be read \(ENOENT\)/, desk.file("none.pem")],
    ] as [RegExp, ...string[]][])
        await refused(message, provision(...files))
})

test("an intermediate CA is pinned if that is said, and an expired root is worth a note", async () => {
    const edge = desk.ca("edge.pem", chain.edgeCa)
    const accepted = await desk.provision("--ca", edge, "--accept-intermediate")
    assert.equal(accepted.code, 0, accepted.text)
    assert.match(accepted.text, /is no root/)
    const old = await issueCa("old", chain.root.keys, {
        notBefore: new Date("2020-01-01"),
        notAfter: new Date("2021-01-01"),
    })
    const expired = await desk.provision("--ca", desk.ca("old.pem", old))
    assert.equal(expired.code, 0, expired.text)
    assert.match(expired.text, /"old" has ended/)
})

test("Wi-Fi that no device could join is refused, and its password is not shown", async () => {
    const wifi = (ssid: string, password: string) => [
        ...["--connection-string-file", desk.file("cs.txt"), "--ca", ca],
        ...["--wifi-ssid", ssid, "--wifi-password-file"],
        desk.write("wifi.txt", password),
    ]
    desk.write("wifi.txt", "")
    await refused(/33 bytes/, wifi("x".repeat(33), "password"))
    await refused(/0 bytes/, wifi("", "password"))
    await refused(/^(?!.*secret7).*8 to 63/, wifi("barn", "secret7"))
    await refused(/8 to 63/, wifi("barn", "two\nlines of it"))
})

describe("a file that is there", () => {
    test("keeps the lines of others, and its own are replaced", async () => {
        const other =
            'mine="a=b"\n# a comment\n\ntelemetry=7\nWIFI_SSID="barn"\n'
        desk.write(
            ".env.local",
            `anchor2a="old"\nprovtime=1\n${other}gwaddr="old.test"\n`
        )
        await desk.provision("--ca", ca)
        const once = desk.read()
        assert.ok(once.startsWith(other), once)
        const settings = readByDeviceScript(once)
        assert.equal(settings.mine, "a=b")
        assert.equal(settings.telemetry, 7)
        assert.equal(settings.WIFI_SSID, "barn")
        assert.equal(settings.anchor2a, undefined)
        assert.equal(settings.gwaddr, undefined)
        assert.ok((settings.provtime as number) > 1700000000)
        await desk.provision("--ca", ca)
        assert.equal(
            desk.read().replace(/provtime=.*/, ""),
            once.replace(/provtime=.*/, ""),
            "a second time changes nothing"
        )
    })

    test("of another device is replaced with --force only", async () => {
        await desk.provision("--ca", ca)
        const before = desk.read()
        const other = CONNECTION.replace("leaf-1", "leaf-2")
        await refused(/another device, leaf-1 of hub.*--force/, [
            other,
            "--ca",
            ca,
        ])
        assert.equal(desk.read(), before)
        const { code } = await desk.run(other, "--ca", ca, "--force")
        assert.equal(code, 0)
        assert.match(desk.read(), /^deviceid="leaf-2"$/m)
        assert.doesNotMatch(desk.read(), /leaf-1/)
    })

    test("with the line ends of Windows keeps them", async () => {
        desk.write(".env.local", "mine=1\r\n")
        await desk.provision("--ca", ca)
        assert.doesNotMatch(desk.read(), /[^\r]\n/)
        assert.equal(readByDeviceScript(desk.read()).deviceid, "leaf-1")
    })
})

test("a folder that is not there is said, before anything is done", async () => {
    const { code, text } = await desk.provision(
        ...["--ca", ca, "--out", desk.file("none/.env.local")]
    )
    assert.equal(code, 1)
    assert.match(text, /folder is not there \(ENOENT\)/)
    assert.ok(!existsSync(desk.file("none")))
})
