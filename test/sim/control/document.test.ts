/** The examples of docs/control.md and docs/identities.md, run as they stand there, and the commands that do the same, at a gateway with a device. */
import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test, type TestContext } from "node:test"
import { promisify } from "node:util"
import type { IPublishPacket } from "mqtt-packet"
import { call } from "../../../sim/cli/call"
import { Failure } from "../../../sim/cli/failure"
import { send } from "../../../sim/cli/send"
import { twin } from "../../../sim/cli/twin"
import { startControl } from "../../../sim/control/server"
import { Enrolments } from "../../../sim/gateway/enrolment"
import { startGateway } from "../../../sim/gateway/gateway"
import type { GatewayOptions } from "../../../sim/gateway/options"
import { Policies } from "../../../sim/gateway/policies"
import { Registry } from "../../../sim/gateway/registry"
import { freePort, needsPeer } from "../../peers"
import { publishPacket, rig, type Client, type Rig } from "../gateway/rig"
import { testChain } from "../pki/keys"

const ROOT = join(__dirname, "..", "..", "..", "..")
const LEAF = join(ROOT, "built", "sim", "cli", "leaf.js")

/** A device that takes messages, and answers each method with what it was asked for. */
async function answering(made: Rig): Promise<Client> {
    const client = await made.connected()
    await client.subscribe(
        ["devices/leaf-1/messages/devicebound/#", "$iothub/methods/POST/#"],
        1
    )
    client.take(packet => {
        if (packet.cmd !== "publish") return
        const { topic, payload, messageId, qos } = packet as IPublishPacket
        const rid = /\?\$rid=(.*)$/.exec(topic)?.[1]
        if (rid !== undefined)
            client.send(
                publishPacket({
                    topic: `$iothub/methods/res/${topic.includes("/bad/") ? 400 : 200}/?$rid=${rid}`,
                    payload,
                    qos: 0,
                    messageId: undefined,
                })
            )
        else if (qos === 1)
            client.send({ cmd: "puback", messageId: messageId! })
    })
    return client
}

async function local(t: TestContext, options: Partial<GatewayOptions> = {}) {
    const made = await rig(t, options)
    const server = await startControl({ gateway: made.gateway, port: 0 })
    t.after(() => server.close())
    const client = await answering(made)
    return { ...made, server, client }
}

/** The gateway of the example that is not on this machine, as far as its name goes. */
async function remote(t: TestContext) {
    const {
        chainPem: cert,
        keyPem: key,
        root,
    } = await testChain({ names: ["gateway.example"] })
    const policies = new Policies()
    const service = policies.add({
        name: "service",
        permissions: ["ServiceConnect"],
    })
    const gateway = await startGateway({
        port: 0,
        httpsPort: null,
        hubName: "myhub.azure-devices.net",
        cert,
        key,
        registry: new Registry(),
        policies,
    })
    const server = await startControl({
        gateway,
        host: "0.0.0.0",
        port: 0,
        tls: { cert, key },
    })
    t.after(async () => {
        await server.close()
        await gateway.close()
    })
    return { port: server.port, root: root.pem, key: service.primaryKey }
}

/** Runs the document's examples one after the other, in a folder of their own; gives what each has written. */
async function runExamples(
    t: TestContext,
    name: string,
    url: string,
    away?: { port: number; root: string; key: string }
): Promise<string[]> {
    const folder = mkdtempSync(join(tmpdir(), "leaf-control-"))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    if (away) writeFileSync(join(folder, "owner-root-ca.pem"), away.root)
    const document = readFileSync(join(ROOT, "docs", name), "utf8")
    const output: string[] = []
    for (const [, block] of document.matchAll(/```sh\n(.*?)```/gs)) {
        const text = block
            .replaceAll("http://127.0.0.1:8880", url)
            .replaceAll("gateway.example:8880", `gateway.example:${away?.port}`)
        // A call that is refused ends the script.
        const script = `set -euo pipefail
leaf() { '${process.execPath}' '${LEAF}' "$@"; }
curl() { command curl --fail-with-body --max-time 20 --noproxy '*' --resolve 'gateway.example:${away?.port ?? 1}:127.0.0.1' "$@"; }
${text}`
        const { stdout, stderr } = await promisify(execFile)(
            "bash",
            ["-c", script],
            { cwd: folder, env: { ...process.env, POLICY_KEY: away?.key } }
        ).catch((error: Error & { stdout: string; stderr: string }) => {
            throw new Error(`${text}\n${error.stdout}\n${error.stderr}`)
        })
        assert.equal(stderr, "", text)
        output.push(stdout)
    }
    return output
}

test(
    "each example of control.md does what it says",
    needsPeer("curl"),
    async t => {
        const { server, client } = await local(t)
        const telemetry = setInterval(
            () => client.send(publishPacket({ messageId: 7, payload: "{}" })),
            50
        )
        t.after(() => clearInterval(telemetry))
        const output = await runExamples(
            t,
            "control.md",
            server.url,
            await remote(t)
        )
        assert.equal(output.length, 6)
        const [device, change, talk, states, faults] = output
        assert.match(
            device,
            /"connectionString":"HostName=hub.example;DeviceId=leaf-2;SharedAccessKey=/
        )
        assert.match(change, /"enabled":false,"statusReason":"stolen"/)
        assert.match(talk, /"state":"completed"/)
        assert.match(talk, /\{"status":200,"payload":\{"times":3\}\}/)
        assert.match(talk, /"desired":\{"intervalSec":5,"\$version":2\}/)
        assert.match(states, /"connected":true/)
        assert.match(
            states,
            /^id: .*\nevent: telemetry\ndata: \{.*"body":"\{\}"/m
        )
        assert.match(faults, /"faults":\[\{"id":1/)
    }
)

test(
    "each example of identities.md does what it says",
    needsPeer("openssl"),
    async t => {
        const { server, gateway } = await local(t, {
            policies: Policies.builtIn(),
            tokenService: { policy: "device", authenticator: new Enrolments() },
        })
        const [own, authority, under, file, policies] = await runExamples(
            t,
            "identities.md",
            server.url
        )
        assert.match(own, /"authentication":"selfSigned"/)
        assert.match(authority, /"isVerified":true/)
        assert.match(under, /"deviceId":"leaf-8"/)
        assert.match(file, /\{"created":0,"updated":3,"deleted":0\}/)
        assert.match(file, /\{"created":1,"updated":0,"deleted":1\}/)
        assert.match(policies, /"name":"dashboard"[\s\S]*\{"secret":"/)
        assert.deepEqual(gateway.registry.deviceIds, [
            "leaf-1",
            "leaf-7",
            "leaf-9",
        ])
    }
)

test("send, call and twin do it in short, and say in a sentence why not", async t => {
    const { server, client } = await local(t)
    let written = ""
    const run = async (command: typeof send, ...args: string[]) => {
        written = ""
        try {
            return await command([...args, "--control", server.url], {
                env: {},
                write: text => (written += text),
            })
        } catch (error) {
            assert(error instanceof Failure, String(error))
            written = error.message
            return error.exitCode
        }
    }
    assert.equal(
        await run(
            send,
            "leaf-1",
            "hello",
            "--wait",
            "20",
            "--property",
            "a=b=c"
        ),
        0
    )
    assert.match(written, /^message \S+ has reached the device\n$/)
    assert.equal(await run(call, "leaf-1", "blink", '{"times":3}'), 0)
    assert.equal(written, '200 {"times":3}\n')
    assert.equal(await run(call, "leaf-1", "bad", "--json"), 3)
    assert.deepEqual(JSON.parse(written), { status: 400, payload: null })
    assert.equal(await run(twin, "leaf-1", '{"a":1}', "--json"), 0)
    assert.equal(JSON.parse(written).desired.a, 1)
    assert.equal(await run(twin, "leaf-1", '{"b":2}', "--replace"), 0)
    assert.deepEqual(JSON.parse(written).desired, { b: 2, $version: 3 })
    client.destroy()
    for (const [command, args, code, sentence] of [
        [
            send,
            ["leaf-9", "hello"],
            1,
            /^gateway: there is no device leaf-9: add it first\.$/,
        ],
        [send, ["leaf-1", "hello", "--property", "a"], 2, /name=value/],
        [send, ["leaf-1", "hello", "--wait", "301"], 2, /0 to 300/],
        [send, [], 2, /A device and a text/],
        [call, ["leaf-1", "blink", "{times:3}"], 2, /single quotes/],
        [call, ["leaf-9", "blink"], 1, /no device leaf-9/],
        [twin, ["leaf-1", "[]"], 1, /desired: object is wanted/],
        [twin, ["leaf-1", "--replace"], 2, /A device/],
        [twin, ["leaf-1", "--colour"], 2, /--help/],
    ] as const) {
        assert.equal(
            await run(command, ...args),
            code,
            `${command.name} ${args.join(" ")}`
        )
        assert.match(written, sentence)
    }
    const dead = ["leaf-1", "--control", `http://127.0.0.1:${await freePort()}`]
    await assert.rejects(twin(dead, { env: {}, write: () => undefined }), {
        message: /ECONNREFUSED.*start "leaf gateway"/,
    })
    await assert.rejects(
        twin(["leaf-1", "--control", "ftp://a"], {
            env: {},
            write: () => undefined,
        }),
        { message: /URL such as/ }
    )
})
