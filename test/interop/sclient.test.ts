/** `openssl s_client` against both ports of the gateway: its chain is one that OpenSSL accepts with nothing but the root. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { makeChain } from "../../sim/pki/chain"
import { needsPeer } from "../peers"
import { rig } from "../sim/gateway/rig"
import { pool } from "../sim/pki/keys"
import { runPeer, textFile } from "./program"

for (const keyType of ["rsa", "ec"] as const)
    for (const version of ["tls1_2", "tls1_3"])
        test(
            `openssl s_client -${version} verifies the gateway's chain of ${keyType} keys, its name and its address`,
            needsPeer("openssl"),
            async t => {
                const chain = await makeChain({
                    names: ["gateway.test", "127.0.0.1"],
                    caBits: 2048,
                    keyType,
                    keys: pool,
                })
                const { gateway } = await rig(t, {
                    cert: chain.chainPem,
                    key: chain.keyPem,
                })
                const verify = async (
                    port: number,
                    root: string,
                    ...asked: string[]
                ) => {
                    const { output } = await runPeer("openssl", [
                        ...["s_client", "-connect", `127.0.0.1:${port}`],
                        ...["-CAfile", textFile(t, "root.pem", root)],
                        ...[`-${version}`, ...asked],
                    ])
                    assert.match(output, /^CONNECTED/)
                    return /^ *Verify return code: .*$/m
                        .exec(output)?.[0]
                        .trim()
                }
                const ok = "Verify return code: 0 (ok)"
                const { port, httpsPort } = gateway
                const root = chain.root.pem
                for (const each of [port, httpsPort])
                    assert.equal(
                        await verify(
                            each,
                            root,
                            ...["-verify_hostname", "gateway.test"]
                        ),
                        ok
                    )
                const byAddress = ["-verify_ip", "127.0.0.1"]
                assert.equal(await verify(port, root, ...byAddress), ok)
                // And it says so if something is wrong.
                assert.match(
                    (await verify(
                        port,
                        root,
                        ...["-verify_hostname", "other.test"]
                    )) ?? "",
                    /: 62 \(hostname mismatch\)$/i
                )
                const stranger = await makeChain({ names: ["x"], caBits: 2048 })
                assert.match(
                    (await verify(port, stranger.root.pem)) ?? "",
                    /: (19|20|21) \(/
                )
            }
        )
