/** The command `leaf demo`, run as users run it. Failures are one sentence on standard error, and never a stack trace. */
import assert from "node:assert/strict"
import { ChildProcess, spawn } from "node:child_process"
import { createPrivateKey, randomBytes, X509Certificate } from "node:crypto"
import { once } from "node:events"
import {
    copyFileSync,
    cpSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    rmSync,
    statSync,
    writeFileSync,
} from "node:fs"
import net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, describe, test } from "node:test"
import { GATEWAY_NAME, Workspace } from "../../sim/cli/workspace"
import { loadCertificate, pemChain } from "../../sim/pki/certificate"
import { issueServer } from "../../sim/pki/chain"
import { privateKeyPem } from "../../sim/pki/keys"

const LEAF = join(__dirname, "..", "..", "sim", "cli", "leaf.js")
const FREE_PORTS = ["--port", "0", "--https-port", "0"]

/** RSA-4096 keys take some seconds, more on a busy machine; nothing here waits for this unless it hangs. */
const TIMEOUT_MS = 300000

interface Result {
    code: number | null
    signal: string | null
    stdout: string
    stderr: string
}

class Run {
    stdout = ""
    stderr = ""
    readonly child: ChildProcess
    readonly result: Promise<Result>

    constructor(folder: string, args: string[]) {
        const child = spawn(process.execPath, [LEAF, ...args], {
            cwd: folder,
            stdio: ["ignore", "pipe", "pipe"],
            env: { ...process.env, NO_COLOR: "1" },
        })
        this.child = child
        child.stdout.on("data", data => (this.stdout += String(data)))
        child.stderr.on("data", data => (this.stderr += String(data)))
        this.result = once(child, "close").then(([code, signal]) => ({
            code: code as number | null,
            signal: signal as string | null,
            stdout: this.stdout,
            stderr: this.stderr,
        }))
    }

    /** Waits for a text on standard output. @throws Error if the program ends before */
    async shows(text: string): Promise<void> {
        let ended = false
        void this.result.then(() => (ended = true))
        while (!this.stdout.includes(text)) {
            if (ended) throw new Error(`ended: ${this.stdout}${this.stderr}`)
            await Promise.race([
                once(this.child.stdout!, "data"),
                this.result.catch(() => undefined),
            ])
        }
    }
}

function leaf(folder: string, args: string[]): Promise<Result> {
    return new Run(folder, args).result
}

let folder: string
let count = 0

/** An empty folder. */
function emptyFolder(): string {
    const path = join(folder, `run-${++count}`)
    mkdirSync(path)
    return path
}

before(() => {
    folder = mkdtempSync(join(tmpdir(), "leaf-cli-"))
})
after(() => rmSync(folder, { recursive: true, force: true }))

function expectFailure(result: Result, exitCode: number, reason: RegExp) {
    assert.match(result.stderr, reason)
    assert.equal(result.code, exitCode, result.stderr)
    assert.equal(result.stderr.trimEnd().split("\n").length, 1, result.stderr)
    assert.match(result.stderr, /[.)]\n$/)
    assert.doesNotMatch(result.stderr, /mistake of ours|^\s+at |Error:/m)
}

function lines(result: Result): Record<string, unknown>[] {
    return result.stdout
        .trimEnd()
        .split("\n")
        .map(line => JSON.parse(line) as Record<string, unknown>)
}

/** The key of a workspace's device is in nothing that was written. */
function expectNoSecret(result: Result, workspace: string) {
    const { key } = JSON.parse(
        readFileSync(join(workspace, "device.json"), "utf8")
    ) as { key: string }
    assert.equal(Buffer.from(key, "base64").length, 32)
    for (const form of [
        key,
        encodeURIComponent(key),
        Buffer.from(key, "base64").toString("hex"),
    ])
        assert.ok(!(result.stdout + result.stderr).includes(form))
    assert.doesNotMatch(
        result.stdout + result.stderr,
        /SharedAccessSignature|PRIVATE KEY/
    )
}

test("the help of the command and of demo goes to standard output with exit code 0", async () => {
    for (const args of [["--help"], ["demo", "--help"]]) {
        const result = await leaf(folder, args)
        assert.equal(result.code, 0)
        assert.match(result.stdout, /^Usage: leaf/)
        assert.equal(result.stderr, "")
    }
})

test("wrong usage is one sentence and exit code 2, before anything is made", async () => {
    const path = emptyFolder()
    writeFileSync(join(folder, "text.json"), "drop")
    writeFileSync(
        join(folder, "bad.json"),
        '[{ "do": "explode", "at": "puback" }]'
    )
    for (const [args, reason] of [
        [["nothing"], /no command "nothing"/],
        [["toString"], /no command/],
        [["demo", "--nothing"], /--nothing/],
        [["demo", "extra"], /extra/],
        [["demo", "--messages"], /--messages/],
        [["demo", "--messages", "0"], /--messages 0: a whole number from 1/],
        [["demo", "--messages", "-1"], /--messages/],
        [["demo", "--messages", "1.5"], /--messages 1\.5/],
        [["demo", "--messages", "many"], /--messages many/],
        [["demo", "--port", "65536"], /--port 65536/],
        [
            ["demo", "--board", "esp8266"],
            /--board esp8266: .*esp32-c3 and pico-w/,
        ],
        [["demo", "--board", "toString"], /--board toString/],
        [["demo", "--https-port", "x"], /--https-port x/],
        [["demo", "--chain", "dsa"], /--chain dsa/],
        [["demo", "--firmware", "toString"], /--firmware toString/],
        [
            ["demo", "--profile", "iotcentral"],
            /--profile iotcentral: there are edgehub and hub/,
        ],
        [["demo", "--profile", "toString"], /--profile toString/],
        [["demo", "--dir", ""], /--dir/],
        [["demo", "--faults", "../none.json"], /none\.json: .*ENOENT/],
        [["demo", "--faults", "../text.json"], /text\.json: that is no JSON/],
        [
            ["demo", "--faults", "../bad.json"],
            /bad\.json: faults\[0\]\.do is "explode": one of lose, /,
        ],
    ] as const)
        expectFailure(await leaf(path, [...args]), 2, reason)
    assert.deepEqual(readdirSync(path), [])
})

test("a folder that is a file, or cannot be made, is told of with a way out", async () => {
    const path = emptyFolder()
    writeFileSync(join(path, "file"), "")
    for (const name of ["file", "file/below"])
        expectFailure(
            await leaf(path, ["demo", ...FREE_PORTS, "--dir", name]),
            1,
            /folder file.* cannot be .*--dir/
        )
})

describe("with a workspace", { timeout: TIMEOUT_MS }, () => {
    let path: string
    let first: Result
    const workspace = () => join(path, ".leaf")

    before(async () => {
        path = emptyFolder()
        first = await leaf(path, [
            "demo",
            ...FREE_PORTS,
            "--messages",
            "2",
            "--json",
        ])
    })

    test("--faults has things go wrong at the gateway, and the device gets over it", async () => {
        writeFileSync(
            join(folder, "faults.json"),
            JSON.stringify([
                {
                    do: "certificate",
                    at: "accepted",
                    certificate: "other-issuer",
                },
                { do: "repeat", at: "puback", times: 2 },
            ])
        )
        const result = await leaf(path, [
            "demo",
            ...FREE_PORTS,
            ...["--messages", "3", "--faults", "../faults.json", "--json"],
        ])
        assert.equal(result.code, 0, result.stderr)
        assert.deepEqual(
            lines(result)
                .filter(({ type }) => type === "fault")
                .map(({ fault, at, count }) => [fault, at, count]),
            [
                ["certificate", "accepted", 1],
                ["repeat", "puback", 1],
                ["repeat", "puback", 2],
            ]
        )
        expectNoSecret(result, workspace())
    })

    /** A copy of the workspace, to be damaged. */
    function copy(): { path: string; file: (name: string) => string } {
        const target = emptyFolder()
        cpSync(workspace(), join(target, ".leaf"), { recursive: true })
        return { path: target, file: name => join(target, ".leaf", name) }
    }

    test("the first run makes everything, shows JSON lines, and ends after two messages", () => {
        assert.equal(first.stderr, "")
        assert.equal(first.code, 0)
        const events = lines(first)
        const of = (type: string) => events.filter(e => e.type === type)
        assert.equal(of("telemetry").length, 2)
        assert.deepEqual(
            of("telemetry").map(event => event.count),
            [1, 2]
        )
        for (const { body } of of("telemetry"))
            assert.equal(JSON.parse(body as string).deviceId, "leaf-1")
        assert.equal(of("handshake").length, 1)
        assert.equal(of("connected").length, 1)
        assert.equal(of("panic").length, 0)
        assert.equal(of("refused").length, 0)
        const last = events[events.length - 1]
        assert.deepEqual([last.type, last.accepted], ["end", 2])
    })

    test("the device's key is in nothing that is shown", () =>
        expectNoSecret(first, workspace()))

    test("what holds keys is readable by its owner alone", () => {
        assert.equal(statSync(workspace()).mode & 0o077, 0)
        for (const name of readdirSync(workspace()))
            assert.equal(
                statSync(join(workspace(), name)).mode & 0o077,
                0,
                name
            )
    })

    test("the second run uses what the first made, and shows text for people", async () => {
        const read = () =>
            readdirSync(workspace())
                .filter(name => /pem$|json$/.test(name))
                .map(name => readFileSync(join(workspace(), name), "utf8"))
        const before = read()
        const result = await leaf(path, [
            "demo",
            ...FREE_PORTS,
            "--messages",
            "1",
        ])
        assert.equal(result.code, 0, result.stderr)
        assert.equal(result.stderr, "")
        assert.match(result.stdout, /telemetry/)
        assert.doesNotMatch(result.stdout, /making an owner's CA|\x1b/)
        assert.deepEqual(read(), before)
        expectNoSecret(result, workspace())
    })

    test("a gateway certificate that ends within a day is renewed, and nothing else", async () => {
        const { path, file } = copy()
        const read = (name: string) => readFileSync(file(name), "utf8")
        const edgeCa = loadCertificate(
            read("edge-ca.pem"),
            read("edge-ca.key.pem")
        )
        const old = await issueServer(edgeCa, {
            names: ["g.test"],
            server: { notAfter: new Date(Date.now() + 23 * 3600000) },
        })
        writeFileSync(file("gateway-chain.pem"), pemChain(old, edgeCa))
        writeFileSync(file("gateway.key.pem"), privateKeyPem(old.keys))
        const device = read("device.json")
        const opened = await Workspace.open(join(path, ".leaf"), "rsa", () =>
            assert.fail("made anew")
        )
        const renewed = new X509Certificate(opened.chain)
        assert.ok(renewed.checkHost(GATEWAY_NAME))
        assert.ok(Date.parse(renewed.validTo) > Date.now() + 29 * 86400000)
        assert.equal(opened.chain.split("BEGIN CERTIFICATE").length, 4)
        assert.ok(renewed.checkPrivateKey(createPrivateKey(opened.key)))
        assert.equal(read("device.json"), device)
    })

    test("a chain of the other kind is not taken, nor made in its place", async () => {
        const { path, file } = copy()
        const device = readFileSync(file("device.json"), "utf8")
        await assert.rejects(
            Workspace.open(join(path, ".leaf"), "ec", () =>
                assert.fail("made anew")
            ),
            /holds a chain with rsa keys.*--dir/
        )
        assert.equal(readFileSync(file("device.json"), "utf8"), device)
    })

    test("--chain ec goes through the same with P-256 keys, in a folder of its own; --sensor says what is measured", async () => {
        const result = await new Run(path, [
            "demo",
            ...FREE_PORTS,
            ...["--chain", "ec", "--messages", "1", "--json"],
            ...["--sensor", "temperature=constant:-7.25"],
        ]).result
        assert.equal(result.code, 0, result.stderr)
        const key = createPrivateKey(
            readFileSync(join(path, ".leaf", "ec", "gateway.key.pem"))
        )
        assert.equal(key.asymmetricKeyType, "ec")
        const telemetry = lines(result).find(({ type }) => type === "telemetry")
        assert.match(String(telemetry?.body), /"temperature":-7.25,/)
    })

    test("--profile hub has the gateway behave as IoT Hub, and the firmware gets on with it", async () => {
        const result = await leaf(path, [
            "demo",
            ...FREE_PORTS,
            ...["--profile", "hub", "--messages", "1", "--json"],
        ])
        assert.equal(result.code, 0, result.stderr)
        const events = lines(result)
        const gateways = events.filter(({ type }) => type === "gateway")
        assert.deepEqual(
            gateways.map(({ profile }) => profile),
            ["hub"]
        )
        assert.ok(events.some(({ type }) => type === "telemetry"))
        assert.ok(!events.some(({ type }) => type === "dropped"))
    })

    test("--board makes device and gateway skip what a board computes: a Pico W needs two tries, and nobody waits for them", async () => {
        const result = await leaf(path, [
            "demo",
            ...FREE_PORTS,
            ...["--board", "pico-w", "--messages", "1", "--json"],
        ])
        assert.equal(result.code, 0, result.stderr)
        const events = lines(result)
        const of = (type: string) => events.filter(e => e.type === type)
        assert.deepEqual(
            of("refused").map(({ reason }) => reason),
            ["timeout"]
        )
        assert.equal(of("telemetry").length, 1)
        // An X25519 and an RSA-2048 signature, after the gateway's 60 s and the rest of the first try.
        const [{ totalMs }] = of("handshake") as { totalMs: number }[]
        assert.ok(totalMs > 17_000, `${totalMs} ms`)
    })

    test("Ctrl-C ends cleanly with exit code 0, early and late", async () => {
        for (const text of ['"gateway"', '"telemetry"']) {
            const run = new Run(path, ["demo", ...FREE_PORTS, "--json"])
            await run.shows(`"type":${text}`)
            run.child.kill("SIGINT")
            const result = await run.result
            assert.equal(result.signal, null)
            assert.equal(result.code, 0, result.stderr)
            assert.equal(result.stderr, "")
            const events = lines(result)
            assert.equal(events[events.length - 1].type, "end")
            expectNoSecret(result, workspace())
        }
    })

    test("a port that is in use is told of with the options to change it", async () => {
        const blocker = net.createServer().listen(0, "127.0.0.1")
        await once(blocker, "listening")
        const port = String((blocker.address() as net.AddressInfo).port)
        try {
            for (const args of [
                ["--port", port, "--https-port", "0"],
                ["--port", "0", "--https-port", port],
            ])
                expectFailure(
                    await leaf(path, ["demo", ...args]),
                    1,
                    new RegExp(`port ${port} .*in use.*--port`)
                )
        } finally {
            blocker.close()
        }
    })

    const damages: Record<string, (file: (name: string) => string) => void> = {
        "device.json is cut off": file => {
            const text = readFileSync(file("device.json"), "utf8")
            writeFileSync(file("device.json"), text.slice(0, -20))
        },
        "device.json has a slip right behind the key": file => {
            const text = readFileSync(file("device.json"), "utf8")
            writeFileSync(file("device.json"), text.replace(/"\n}/, '"x\n}'))
        },
        "device.json is empty": file => writeFileSync(file("device.json"), ""),
        "device.json is null": file =>
            writeFileSync(file("device.json"), "null"),
        "device.json has no key": file =>
            writeFileSync(
                file("device.json"),
                '{"hubName":"h","deviceId":"leaf-1"}'
            ),
        "device.json has a number for a key": file =>
            writeFileSync(
                file("device.json"),
                '{"hubName":"h","deviceId":"leaf-1","key":1}'
            ),
        "the root is missing": file => rmSync(file("owner-root-ca.pem")),
        "the root is corrupt": file =>
            writeFileSync(file("owner-root-ca.pem"), "x"),
        "the root is another one": file =>
            copyFileSync(file("edge-ca.pem"), file("owner-root-ca.pem")),
        "the chain is corrupt": file =>
            writeFileSync(
                file("gateway-chain.pem"),
                randomBytes(100).toString("base64")
            ),
        "the chain is cut off": file => {
            const text = readFileSync(file("gateway-chain.pem"), "utf8")
            const second = text.lastIndexOf("-----BEGIN")
            writeFileSync(
                file("gateway-chain.pem"),
                text.slice(0, second + 200)
            )
        },
        "the gateway's key is missing": file => rmSync(file("gateway.key.pem")),
        "the gateway's key is another one": file =>
            copyFileSync(file("edge-ca.key.pem"), file("gateway.key.pem")),
        "the gateway's key is corrupt": file =>
            writeFileSync(file("gateway.key.pem"), "x"),
    }
    for (const [name, damage] of Object.entries(damages))
        test(`a folder in which ${name} is told of, and how to get a new one`, async () => {
            const damaged = copy()
            damage(damaged.file)
            const result = await leaf(damaged.path, ["demo", ...FREE_PORTS])
            expectFailure(result, 1, /folder \.leaf is damaged: .*Delete it/)
            expectNoSecret(result, workspace())
            const { key } = JSON.parse(
                readFileSync(join(workspace(), "device.json"), "utf8")
            ) as { key: string }
            for (let i = 0; i + 8 <= key.length; i += 4)
                assert.ok(!result.stderr.includes(key.slice(i, i + 8)))
        })
})
