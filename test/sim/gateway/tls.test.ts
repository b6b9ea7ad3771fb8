/** TLS as a gateway offers it, what is told of handshakes, the HTTPS port, and starting up. */
import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { get, request } from "node:https"
import { connect as connectTcp, createServer, type AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, test, type TestContext } from "node:test"
import { connect, type ConnectionOptions } from "node:tls"
import { ManualClock } from "../../../sim/gateway/clock"
import { GatewayError } from "../../../sim/gateway/errors"
import { startGateway } from "../../../sim/gateway/gateway"
import { pemChain } from "../../../sim/pki/certificate"
import { issueServer } from "../../../sim/pki/chain"
import { privateKeyPem } from "../../../sim/pki/keys"
import { pool, testChain } from "../pki/keys"
import { withoutOpenssl } from "../pki/openssl"
import { chain, HUB, rig } from "./rig"

/** Runs `openssl s_client` against a port; resolves with all that it printed once it has ended. */
function sClient(
    t: TestContext,
    port: number,
    args: string[],
    files: Record<string, string> = {}
): Promise<string> {
    const folder = mkdtempSync(join(tmpdir(), "leaf-s-client-"))
    for (const [name, content] of Object.entries(files))
        writeFileSync(join(folder, name), content)
    const child = spawn(
        "openssl",
        ["s_client", "-connect", `127.0.0.1:${port}`, ...args],
        { cwd: folder }
    )
    t.after(() => {
        child.kill()
        rmSync(folder, { recursive: true, force: true })
    })
    let output = ""
    for (const stream of [child.stdout, child.stderr])
        stream.on("data", text => (output += String(text)))
    // The end of its input ends it, once the handshake is done.
    child.stdin.on("error", () => undefined)
    child.stdin.end()
    return new Promise(resolve => child.on("close", () => resolve(output)))
}

describe("the handshake", () => {
    for (const keyType of ["rsa", "ec"] as const)
        for (const version of ["-tls1_2", "-tls1_3"])
            test(
                `openssl s_client ${version} verifies the ${keyType} chain, without getting the root`,
                {
                    skip: withoutOpenssl,
                },
                async t => {
                    const { chainPem, keyPem, root } = await testChain({
                        keyType,
                    })
                    const { gateway } = await rig(t, {
                        cert: chainPem,
                        key: keyPem,
                    })
                    const output = await sClient(
                        t,
                        gateway.port,
                        [
                            version,
                            ..."-CAfile root -verify_return_error -verify_hostname localhost -showcerts".split(
                                " "
                            ),
                        ],
                        { root: root.pem }
                    )
                    assert.match(output, /Verify return code: 0 \(ok\)/)
                    assert.match(output, /^ 2 s:.*Intermediate CA$/m)
                    assert.doesNotMatch(output, /^ 3 s:/m)
                    // It was asked for a certificate of its own: else these are not printed.
                    assert.match(
                        output,
                        /Client Certificate Types: |Requested Signature Algorithms: /
                    )
                }
            )

    for (const protocol of ["TLSv1.2", "TLSv1.3"] as const)
        test(`${protocol} is told with its suite, the name asked for and its duration`, async t => {
            const { gateway, client } = await rig(t)
            const told = gateway.waitFor("secured")
            await client({ minVersion: protocol, maxVersion: protocol })
            const event = await told
            assert.equal(event.port, "mqtt")
            assert.equal(event.protocol, protocol)
            assert.match(event.cipher, /^TLS_(ECDHE_RSA_WITH_)?AES_/)
            assert.equal(event.serverName, "localhost")
            assert.ok(event.durationMs >= 0)
        })

    test(
        "a client that does not know the CA is told, with the alert that it sent",
        {
            skip: withoutOpenssl,
        },
        async t => {
            const { gateway } = await rig(t)
            const other = await testChain({ owner: "Someone Else" })
            for (const version of ["-tls1_2", "-tls1_3"]) {
                const told = gateway.waitFor("tlsFailed")
                const gone = gateway.waitFor("disconnected")
                await sClient(
                    t,
                    gateway.port,
                    [version, "-CAfile", "root", "-verify_return_error"],
                    { root: other.root.pem }
                )
                const event = await told
                assert.equal(event.alert, "unknown_ca")
                assert.equal((await gone).reason, "tls-failed")
            }
        }
    )

    test("an alert in plain text, in place of an answer, is told by its name", async t => {
        const { gateway } = await rig(t)
        const alerts: [number, string][] = [
            [42, "bad_certificate"],
            [45, "certificate_expired"],
            [46, "certificate_unknown"],
            [48, "unknown_ca"],
            [51, "decrypt_error"],
            [40, "handshake_failure"],
            [80, "internal_error"],
            [110, "unsupported_extension"],
            [112, "unrecognized_name"],
        ]
        for (const [code, name] of alerts) {
            const told = gateway.waitFor("tlsFailed")
            // A whole ClientHello of TLS 1.2 first, so that the server has answered and waits.
            const socket = connectTcp(gateway.port, "127.0.0.1")
            socket.on("error", () => undefined)
            t.after(() => socket.destroy())
            socket.write(await clientHello(t))
            socket.once("data", () =>
                socket.write(Buffer.from([21, 3, 3, 0, 2, 2, code]))
            )
            assert.equal((await told).alert, name)
        }
    })

    const refused: Record<string, ConnectionOptions> = {
        "below TLS 1.2": {
            minVersion: "TLSv1",
            maxVersion: "TLSv1.1",
            ciphers: "DEFAULT@SECLEVEL=0",
        },
        "with static RSA": { maxVersion: "TLSv1.2", ciphers: "AES128-SHA" },
        "with CBC": {
            maxVersion: "TLSv1.2",
            ciphers: "ECDHE-RSA-AES128-SHA256",
        },
        "with another curve only": { ecdhCurve: "P-521" },
    }
    for (const [name, options] of Object.entries(refused))
        test(`${name} is refused, and the client gets an alert`, async t => {
            const { gateway, client } = await rig(t)
            const told = gateway.waitFor("tlsFailed")
            await assert.rejects(client(options), { code: /ALERT/ })
            const event = await told
            assert.equal(event.alert, undefined)
            assert.notEqual(event.reason, "")
        })

    test("something that is not TLS is told and closed", async t => {
        const { gateway } = await rig(t)
        const told = gateway.waitFor("tlsFailed")
        const socket = connectTcp(gateway.port, "127.0.0.1", () =>
            socket.write("GET / HTTP/1.0\r\n\r\n")
        )
        t.after(() => socket.destroy())
        socket.on("error", () => undefined)
        assert.equal((await told).reason, "http request")
    })

    test("a client that leaves in the middle is told", async t => {
        const { gateway } = await rig(t)
        const told = gateway.waitFor("tlsFailed")
        const socket = connectTcp(gateway.port, "127.0.0.1", () =>
            socket.end(Buffer.from([22, 3, 1]))
        )
        t.after(() => socket.destroy())
        assert.equal((await told).reason, "the client closed the connection")
    })

    test("versions, suites and groups can be narrowed for a test", async t => {
        const { gateway, client } = await rig(t, {
            tls: {
                maxVersion: "TLSv1.2",
                ecdhCurve: "P-256",
                ciphers: "ECDHE-RSA-AES128-GCM-SHA256",
            },
        })
        const told = gateway.waitFor("secured")
        await client()
        const { protocol, cipher } = await told
        assert.deepEqual(
            [protocol, cipher],
            ["TLSv1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]
        )
        await assert.rejects(client({ ecdhCurve: "X25519" }))
    })

    test("a resumed session works", async t => {
        const { client } = await rig(t)
        const first = await client({ maxVersion: "TLSv1.2" })
        const session = first.socket.getSession()
        const second = await client({ maxVersion: "TLSv1.2", session })
        assert.ok(second.socket.isSessionReused())
    })

    test("more sockets than there may be are closed at once", async t => {
        const { gateway } = await rig(t, { limits: { clients: 1 } })
        const told = gateway.waitFor("turnedAway")
        const sockets = Array.from({ length: 52 }, () =>
            connectTcp(gateway.port, "127.0.0.1")
        )
        for (const socket of sockets) {
            socket.on("error", () => undefined)
            t.after(() => socket.destroy())
        }
        assert.equal((await told).limit, 51)
    })
})

/** What Node sends first when it begins TLS 1.2. */
function clientHello(t: TestContext): Promise<Buffer> {
    return new Promise(resolve => {
        const server = createServer(socket =>
            socket
                .on("error", () => undefined)
                .once("data", bytes => {
                    resolve(bytes)
                    socket.destroy()
                })
        )
        t.after(() => server.close())
        server.listen(0, "127.0.0.1", () =>
            connect({
                port: (server.address() as AddressInfo).port,
                host: "127.0.0.1",
                maxVersion: "TLSv1.2",
            }).on("error", () => undefined)
        )
    })
}

describe("the certificate", () => {
    test("can be replaced: new handshakes get the new one, standing connections stay", async t => {
        const { edgeCa, intermediate, server } = await chain()
        const { gateway, client, connected } = await rig(t)
        const standing = await connected()
        const renewed = await issueServer(edgeCa, {
            names: ["localhost", "127.0.0.1"],
            keys: pool,
        })
        gateway.setCertificate({
            cert: pemChain(renewed, edgeCa, intermediate),
            key: privateKeyPem(renewed.keys),
        })
        const serial = async () =>
            (await client()).socket.getPeerCertificate().serialNumber
        assert.equal(await serial(), renewed.x509.serialNumber)
        assert.notEqual(await serial(), server.x509.serialNumber)
        standing.send({ cmd: "pingreq" })
        await standing.next("pingresp")
    })

    test("that does not fit its key is an error that says what to do", async () => {
        const { chainPem } = await chain()
        const other = await testChain({ keyType: "ec" })
        for (const [cert, key] of [
            [chainPem, other.keyPem],
            [chainPem, "no key"],
            ["no certificate", other.keyPem],
        ])
            await assert.rejects(
                startGateway({
                    port: 0,
                    httpsPort: 0,
                    hubName: HUB,
                    cert,
                    key,
                }),
                error =>
                    error instanceof GatewayError &&
                    error.code === "bad-certificate" &&
                    /give the chain and the key/.test(error.message)
            )
    })
})

describe("starting", () => {
    const start = async (port: number, httpsPort: number, host?: string) => {
        const { chainPem, keyPem } = await chain()
        return startGateway({
            host,
            port,
            httpsPort,
            hubName: HUB,
            cert: chainPem,
            key: keyPem,
        })
    }

    test("on a port in use is an error that says what to do, whichever port it is", async t => {
        const { gateway } = await rig(t)
        for (const [port, httpsPort] of [
            [gateway.port, 0],
            [0, gateway.httpsPort],
        ])
            await assert.rejects(start(port, httpsPort), error => {
                assert.ok(error instanceof GatewayError)
                assert.equal(error.code, "port-in-use")
                assert.match(
                    error.message,
                    new RegExp(`${port || httpsPort}.*choose another port`)
                )
                return true
            })
    })

    test("that fails at the second port gives the first one back", async t => {
        const { gateway } = await rig(t)
        const free = await freePort()
        await assert.rejects(start(free, gateway.port), {
            code: "port-in-use",
        })
        const again = await start(free, 0)
        await again.close()
    })

    test("on an address of another machine is an error that says what to do", async () => {
        await assert.rejects(start(0, 0, "192.0.2.1"), {
            code: "bad-address",
            message: /give an address of this machine/,
        })
    })

    test("without the HTTPS port is possible", async t => {
        const { gateway, connected } = await rig(t, { httpsPort: null })
        assert.equal(gateway.httpsPort, 0)
        await connected()
    })
})

function freePort(): Promise<number> {
    return new Promise(resolve => {
        const server = createServer().listen(0, "127.0.0.1", () => {
            const { port } = server.address() as AddressInfo
            server.close(() => resolve(port))
        })
    })
}

describe("the time server", () => {
    const options = (port: number, ca: string) => ({
        host: "127.0.0.1",
        servername: "localhost",
        port,
        ca,
        agent: false as const,
    })

    test("answers any GET with the gateway's time", async t => {
        const clock = new ManualClock(Date.UTC(2031, 4, 6, 7, 8, 9, 10))
        const { gateway, root } = await rig(t, { clock })
        const told = gateway.waitFor("timeServed")
        const gone = gateway.waitFor(
            "disconnected",
            ({ port }) => port === "time"
        )
        const date = await new Promise<string | undefined>((resolve, reject) =>
            get(
                { ...options(gateway.httpsPort, root), path: "/any/path" },
                response => {
                    assert.equal(response.statusCode, 200)
                    response.resume()
                    resolve(response.headers.date)
                }
            ).on("error", reject)
        )
        assert.equal(date, "Tue, 06 May 2031 07:08:09 GMT")
        assert.equal((await told).date, date)
        assert.equal((await gone).reason, "client-done")
    })

    test("answers anything else with 405", async t => {
        const { gateway, root } = await rig(t)
        const status = await new Promise<number | undefined>(
            (resolve, reject) =>
                request(
                    { ...options(gateway.httpsPort, root), method: "POST" },
                    response => {
                        response.resume()
                        resolve(response.statusCode)
                    }
                )
                    .on("error", reject)
                    .end("x")
        )
        assert.equal(status, 405)
    })

    test("answers a client that closes its side right after the request", async t => {
        const { gateway, root } = await rig(t)
        const gone = gateway.waitFor(
            "disconnected",
            ({ port }) => port === "time"
        )
        const socket = connect(options(gateway.httpsPort, root), () =>
            socket.end("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        )
        t.after(() => socket.destroy())
        let answer = ""
        for await (const bytes of socket) answer += String(bytes)
        assert.match(answer, /^HTTP\/1.1 200 OK\r\n(?:.*\r\n)*date: /)
        assert.equal((await gone).reason, "client-done")
    })

    test("gives a TLS handshake 10 s, as a real gateway does", async t => {
        const clock = new ManualClock()
        const { gateway } = await rig(t, { clock })
        const opened = gateway.waitFor("opened")
        const failed = gateway.waitFor("tlsFailed")
        const socket = connectTcp(gateway.httpsPort, "127.0.0.1")
        t.after(() => socket.destroy())
        assert.equal((await opened).port, "time")
        clock.advance(9_999)
        clock.advance(1)
        const event = await failed
        assert.deepEqual([event.port, event.reason], ["time", "timeout"])
        assert.equal(event.durationMs, 10_000)
    })

    test("gives a client without a request 30 s", async t => {
        const clock = new ManualClock()
        const { gateway, root } = await rig(t, { clock })
        const gone = gateway.waitFor("disconnected")
        const secured = gateway.waitFor("secured")
        const socket = connect(options(gateway.httpsPort, root))
        socket.on("error", () => undefined)
        t.after(() => socket.destroy())
        await secured
        clock.advance(30_000)
        assert.equal((await gone).reason, "request-timeout")
    })

    test("closes what is no HTTP", async t => {
        const { gateway, root } = await rig(t)
        const gone = gateway.waitFor("disconnected")
        const socket = connect(options(gateway.httpsPort, root), () =>
            socket.write(Buffer.from([0x10, 0, 1, 2]))
        )
        socket.on("error", () => undefined)
        t.after(() => socket.destroy())
        assert.equal((await gone).reason, "malformed")
    })
})
