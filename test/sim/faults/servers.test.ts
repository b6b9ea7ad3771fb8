/** Without faults the hostile servers are correct ones: Node's and OpenSSL's clients get along with them. */
import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, describe, test } from "node:test"
import tls from "node:tls"
import { P256, X25519 } from "../../../sim/faults/algorithms"
import type {
    CommonFaults,
    HostileServer,
    ServerConfig,
} from "../../../sim/faults/hostile"
import { listen } from "../../../sim/faults/listen"
import { TicketKey } from "../../../sim/faults/tickets"
import { TlsServer12 } from "../../../sim/faults/tlsserver12"
import { TlsServer13 } from "../../../sim/faults/tlsserver13"
import { Chain, makeChain } from "../../../sim/pki/chain"
import { findPeer, needsPeer } from "../../peers"

const HOST = "gateway.test"

interface Version {
    name: "TLSv1.2" | "TLSv1.3"
    flag: string
    Server: typeof TlsServer12 | typeof TlsServer13
    suites: Record<"rsa" | "ec", [code: number, name: string][]>
}

const VERSIONS: Version[] = [
    {
        name: "TLSv1.2",
        flag: "-tls1_2",
        Server: TlsServer12,
        suites: {
            rsa: [
                [0xc02f, "ECDHE-RSA-AES128-GCM-SHA256"],
                [0xcca8, "ECDHE-RSA-CHACHA20-POLY1305"],
            ],
            ec: [
                [0xc02b, "ECDHE-ECDSA-AES128-GCM-SHA256"],
                [0xcca9, "ECDHE-ECDSA-CHACHA20-POLY1305"],
            ],
        },
    },
    {
        name: "TLSv1.3",
        flag: "-tls1_3",
        Server: TlsServer13,
        suites: {
            rsa: [
                [0x1301, "TLS_AES_128_GCM_SHA256"],
                [0x1303, "TLS_CHACHA20_POLY1305_SHA256"],
            ],
            ec: [
                [0x1301, "TLS_AES_128_GCM_SHA256"],
                [0x1303, "TLS_CHACHA20_POLY1305_SHA256"],
            ],
        },
    },
]

const GREETING = "from the server"
const ANSWER = "from the client"
const chains = {} as Record<"rsa" | "ec", Chain>
let folder: string
before(async () => {
    folder = mkdtempSync(join(tmpdir(), "hostile-"))
    for (const keyType of ["rsa", "ec"] as const) {
        chains[keyType] = await makeChain({
            names: [HOST],
            keyType,
            caBits: 2048,
        })
        writeFileSync(caFile(keyType), chains[keyType].root.pem)
    }
})
after(() => rmSync(folder, { recursive: true }))

const caFile = (kind: "rsa" | "ec") => join(folder, `${kind}.pem`)

/** Serves a port while `use` runs, and looks at what each server has noted. */
async function serving(
    { Server }: Version,
    kind: "rsa" | "ec",
    more: Partial<ServerConfig>,
    faults: CommonFaults,
    use: (port: number, servers: HostileServer[]) => Promise<void>
) {
    const { server, edgeCa, intermediate } = chains[kind]
    const config: ServerConfig = {
        chain: [server.der, edgeCa.der, intermediate.der],
        key: server.keys.privateKey,
        ...more,
    }
    const listener = await listen(
        output =>
            new Server(
                config,
                {
                    ...faults,
                    afterHandshake: (open: HostileServer) =>
                        open.sendData(GREETING),
                } as never,
                output
            )
    )
    try {
        await use(listener.port, listener.servers)
    } finally {
        await listener.close()
    }
    for (const one of listener.servers) {
        assert.deepEqual(one.complaints, [])
        assert.equal(one.unreadable, 0)
        assert.ok(one.clientFinishedIsRight)
        assert.equal(String(one.applicationData).trim(), ANSWER)
    }
}

interface Visit {
    cipher: string
    reused: boolean
    session: Buffer | undefined
    group: string | undefined
}

/** Node's client connects, reads the greeting and answers. */
function visit(
    version: Version,
    kind: "rsa" | "ec",
    port: number,
    options: tls.ConnectionOptions = {}
): Promise<Visit> {
    return new Promise((resolve, reject) => {
        const socket = tls.connect({
            port,
            host: "127.0.0.1",
            servername: HOST,
            ca: chains[kind].root.pem,
            minVersion: version.name,
            maxVersion: version.name,
            ...options,
        })
        let session: Buffer | undefined
        socket.on("session", state => (session = state))
        socket.on("error", reject)
        socket.on("data", data => {
            assert.equal(String(data), GREETING)
            const { type, name } =
                socket.getEphemeralKeyInfo() as tls.EphemeralKeyInfo
            const seen = {
                cipher: socket.getCipher().name,
                reused: socket.isSessionReused(),
                group: name ?? type,
            }
            // The server ends when it has read to the client's end.
            socket.on("close", () => resolve({ ...seen, session }))
            socket.end(ANSWER)
        })
    })
}

/** What `openssl s_client` prints. */
async function sClient(port: number, args: string[]): Promise<string> {
    const child = spawn(findPeer("openssl")!, [
        "s_client",
        ...["-connect", `127.0.0.1:${port}`, "-servername", HOST],
        ...["-verify_return_error", ...args],
    ])
    let output = ""
    const ended = new Promise(resolve => child.once("exit", resolve))
    for (const stream of [child.stdout, child.stderr])
        stream.on("data", data => {
            output += String(data)
            if (output.includes(GREETING)) child.stdin.end(ANSWER + "\n")
        })
    await ended
    return output
}

for (const version of VERSIONS)
    describe(`the hostile server for ${version.name}, without faults`, () => {
        for (const kind of ["rsa", "ec"] as const)
            for (const [code, name] of version.suites[kind])
                for (const [group, curve] of [
                    [X25519, "X25519"],
                    [P256, "prime256v1"],
                ] as const)
                    test(`talks ${name} and ${curve}, with an ${kind} key, to Node`, async () => {
                        await serving(
                            version,
                            kind,
                            { suites: [code], groups: [group] },
                            {},
                            async port => {
                                const seen = await visit(version, kind, port)
                                assert.equal(seen.cipher, name)
                                assert.equal(seen.group, curve)
                            }
                        )
                    })

        test("asks a client for a certificate, and takes none", async () => {
            await serving(
                version,
                "rsa",
                {},
                { requestCertificate: true },
                async port => {
                    await visit(version, "rsa", port)
                }
            )
        })

        test("goes on with a session of Node's, twice, and not with another server's", async () => {
            const tickets = new TicketKey()
            let session: Buffer | undefined
            await serving(
                version,
                "ec",
                { tickets },
                {},
                async (port, servers) => {
                    for (const reused of [false, true, true]) {
                        const seen = await visit(version, "ec", port, {
                            session,
                        })
                        assert.equal(seen.reused, reused)
                        assert.equal(servers.at(-1)!.resumed, reused)
                        // A renewed ticket of TLS 1.2 makes no event.
                        session = seen.session ?? session
                    }
                }
            )
            await serving(
                version,
                "ec",
                { tickets: new TicketKey() },
                {},
                async port => {
                    const seen = await visit(version, "ec", port, { session })
                    assert.equal(seen.reused, false)
                }
            )
        })

        test(
            "talks to openssl s_client, which resumes",
            needsPeer("openssl"),
            async () => {
                const session = join(folder, "session.pem")
                await serving(
                    version,
                    "rsa",
                    { tickets: new TicketKey(), smallRecords: true },
                    {},
                    async port => {
                        const args = [version.flag, "-CAfile", caFile("rsa")]
                        const small = ["-maxfraglen", "4096"]
                        const first = await sClient(port, [
                            ...[...args, ...small, "-sess_out", session],
                        ])
                        assert.match(first, /Verification: OK/)
                        assert.match(first, /^New, /m)
                        if (version.name === "TLSv1.2") {
                            assert.match(first, /Extended master secret: yes/)
                            assert.match(
                                first,
                                /Secure Renegotiation IS supported/
                            )
                        }
                        const second = await sClient(port, [
                            ...[...args, ...small, "-sess_in", session],
                        ])
                        assert.match(second, /^Reused, /m)
                    }
                )
            }
        )
    })

describe("the hostile server for TLSv1.3, asking for a second hello", () => {
    const [, version] = VERSIONS
    test("gets the group that it wants, from Node", async () => {
        await serving(
            version,
            "ec",
            { groups: [P256] },
            {},
            // The first curve is the one with a share.
            async port => {
                const seen = await visit(version, "ec", port, {
                    ecdhCurve: "X25519:P-256",
                })
                assert.equal(seen.group, "prime256v1")
            }
        )
    })

    for (const groups of [[P256], [X25519]])
        test(`gets its cookie back${groups[0] === P256 ? ", and its group" : ""}, and then its session`, async () => {
            const tickets = new TicketKey()
            let session: Buffer | undefined
            await serving(
                version,
                "ec",
                { groups, cookie: Buffer.from("a cookie"), tickets },
                {},
                async (port, servers) => {
                    for (const reused of [false, true]) {
                        const seen = await visit(version, "ec", port, {
                            session,
                            ecdhCurve: "X25519:P-256",
                        })
                        assert.equal(seen.reused, reused)
                        assert.deepEqual(
                            servers.at(-1)!.clientMessages,
                            [1, 1, 20]
                        )
                        session = seen.session
                    }
                }
            )
        })
})
