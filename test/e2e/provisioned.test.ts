/**
 * `leaf provision`, then the firmware in the simulator with what it wrote, then the gateway: with `--known-issuers` the first connection
 * is a short one.
 */
import assert from "node:assert/strict"
import { existsSync, writeFileSync } from "node:fs"
import { after, afterEach, before, test } from "node:test"
import { Failure } from "../../sim/cli/failure"
import { provision, PROVISION_PROCESS } from "../../sim/cli/provision"
import { fromFlash, run } from "../../sim/cli/run"
import { FlashImage } from "../../sim/vm/flash"
import { startDevice } from "../../sim/vm/host"
import { issueCa } from "../ca"
import { DEVICE_ID, GATEWAY_NAME, HUB_NAME, Site } from "../site"

const WAIT_MS = 40000

let site: Site
before(async () => {
    site = await Site.create()
    writeFileSync(
        site.file("cs.txt"),
        `HostName=${HUB_NAME};DeviceId=${DEVICE_ID};SharedAccessKey=${site.deviceKey};GatewayHostName=${GATEWAY_NAME}`
    )
})
afterEach(() => site.stop())
after(() => site.close())

async function leafProvision(port: number, ...args: string[]): Promise<string> {
    let text = ""
    const code = await provision(
        [
            ...["--connection-string-file", site.file("cs.txt")],
            ...["--address", "127.0.0.1", "--port", String(port)],
            ...["--out", site.file(".env.local"), "--telemetry", "1"],
            ...["--flash-image", site.file("leaf.flash")],
            ...args,
        ],
        { ...PROVISION_PROCESS, write: written => (text += written) }
    )
    assert.equal(code, 0)
    return text
}

test("a provisioned device connects, and verifies one signature where the others are known", async () => {
    const gateway = await site.startGateway()
    const image = await site.compile("src/main.ts")
    const text = await leafProvision(
        gateway.port,
        ...["--ca", site.file("root.pem"), "--known-issuers"]
    )
    assert.match(text, /is verified as the device would/)
    assert.match(text, /3 verified certificates are stored/)
    const { flash, set } = await fromFlash(site.file("leaf.flash"))
    assert.equal(set, "rsa")
    const device = site.keep(
        await startDevice({
            image,
            flash,
        })
    )
    const operations: string[] = []
    device.on("line", ({ text: line }) => {
        if (line.startsWith("crypto: ")) operations.push(line)
    })
    await device.until("leaf: connected", WAIT_MS)
    const signatures = operations.filter(line => /RSA/i.test(line))
    assert.equal(signatures.length, 1, operations.join("\n"))
    assert.deepEqual(gateway.connected, [DEVICE_ID])
})

test("--verify writes nothing where a device would not connect, and says what to do", async () => {
    const gateway = await site.startGateway()
    const stranger = await issueCa("stranger")
    writeFileSync(site.file("stranger.pem"), stranger.pem)
    const refuses = async (port: number, ca: string, message: RegExp) => {
        const files = [".env.verify", "verify.flash"].map(one => site.file(one))
        await assert.rejects(
            leafProvision(
                port,
                ...["--ca", site.file(ca), "--verify"],
                ...["--out", files[0], "--flash-image", files[1]]
            ),
            error => {
                assert.ok(error instanceof Failure, String(error))
                assert.match(error.message, message)
                assert.ok(!error.message.includes(site.deviceKey))
                return true
            }
        )
        for (const file of files) assert.ok(!existsSync(file), file)
    }
    await refuses(
        gateway.port,
        "stranger.pem",
        /does not lead to the pinned CA \(3040\)\. Pin the CA/
    )
    const { port } = gateway
    await gateway.close()
    await refuses(port, "root.pem", /ECONNREFUSED.*\(1001\).*leaf doctor/)
})

test("leaf run --flash says what is wrong with the image", async () => {
    const bad = site.file("bad.flash")
    writeFileSync(bad, "no image")
    const empty = site.file("empty.flash")
    writeFileSync(empty, new FlashImage().bytes)
    for (const [message, ...args] of [
        [/cannot be read \(ENOENT\)/, site.file("none.flash")],
        [/no flash image.*provision --flash-image/, bad],
        [/setting schema is missing.*provision --flash-image/, empty],
        [/--flash and --port/, empty, "--port", "8883"],
    ] as [RegExp, ...string[]][])
        await assert.rejects(run(["--flash", ...args]), error => {
            assert.ok(error instanceof Failure, String(error))
            assert.match(error.message, message)
            assert.doesNotMatch(error.message, /\n|\.\./)
            return true
        })
})
