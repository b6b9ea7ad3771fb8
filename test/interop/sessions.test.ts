/** T1, as a server sees it: a session goes to the host and port that it is from, and nowhere else. */
import assert from "node:assert/strict"
import { after, before, describe, test } from "node:test"
import { Image } from "../../sim/vm/compiler"
import { makeChain } from "../../sim/pki/chain"
import { KeyPool } from "../../sim/pki/keys"
import { writeFileSync } from "node:fs"
import { freePort, needsPeer, Peer } from "../peers"
import { GATEWAY_NAME, Site } from "../site"
import { readRounds } from "./trial"

const OTHER_NAME = "other.test"

/** The ClientHellos in what `openssl s_server -trace` prints: whether each offers a session. */
function offers(output: string): boolean[] {
    return output
        .split("ClientHello, Length=")
        .slice(1)
        .map(text => text.slice(0, text.search(/^Sent Record/m)))
        .map(
            text =>
                /extension_type=psk\(41\)/.test(text) ||
                /extension_type=session_ticket\(35\), length=[1-9]/.test(text)
        )
}

describe("a session and other servers", () => {
    let site: Site
    let image: Image
    let files: string[]
    let root: string

    before(async () => {
        site = await Site.create()
        image = await site.compile("test/firmware/tlsclient.ts")
        const chain = await makeChain({
            names: [GATEWAY_NAME, OTHER_NAME],
            caBits: 2048,
            depth: 1,
            keys: new KeyPool(),
        })
        root = chain.root.pem
        writeFileSync(site.file("both.pem"), chain.chainPem)
        writeFileSync(site.file("both.key"), chain.keyPem)
        files = ["-cert", site.file("both.pem"), "-key", site.file("both.key")]
    })
    after(() => site.close())

    async function startServer(version: string): Promise<[Peer, number]> {
        const port = await freePort()
        const args = ["s_server", "-accept", String(port), "-www", "-trace"]
        const peer = await Peer.start(
            "openssl",
            [...args, version, ...files],
            port
        )
        return [peer, port]
    }

    for (const version of ["-tls1_2", "-tls1_3"])
        test(
            `T1: of openssl ${version} is offered to it, and not at another port or by another name`,
            needsPeer("openssl"),
            async () => {
                const [own, ownPort] = await startServer(version)
                const [other, otherPort] = await startServer(version)
                try {
                    const device = await site.startDevice(
                        image,
                        { mqttPort: ownPort },
                        {
                            anchor: root,
                            settings: {
                                rounds: [
                                    [ownPort, GATEWAY_NAME],
                                    [ownPort, GATEWAY_NAME],
                                    [ownPort, OTHER_NAME],
                                    // What is stored now is the session by the other name.
                                    [ownPort, GATEWAY_NAME],
                                    [otherPort, GATEWAY_NAME],
                                ],
                            },
                        }
                    )
                    await device.until("client: done", 30_000)
                    for (const { failure } of readRounds(device.lines))
                        assert.equal(failure, undefined)
                    assert.deepEqual(offers(own.output), [
                        false,
                        true,
                        false,
                        false,
                    ])
                    assert.deepEqual(offers(other.output), [false])
                } finally {
                    await own.stop()
                    await other.stop()
                }
            }
        )

    test(
        "a client is told by openssl why: a client certificate is required",
        needsPeer("openssl"),
        async () => {
            const port = await freePort()
            const peer = await Peer.start(
                "openssl",
                [
                    ...["s_server", "-accept", String(port), "-www"],
                    ...["-Verify", "3", "-tls1_3", ...files],
                ],
                port
            )
            try {
                const device = await site.startDevice(
                    image,
                    { mqttPort: port },
                    { anchor: root }
                )
                await device.until("client: done", 30_000)
                // certificate_required, RFC 8446 6.2
                assert.equal(
                    readRounds(device.lines)[0].failure,
                    "2100 tls: the server sent alert 116"
                )
            } finally {
                await peer.stop()
            }
        }
    )
})
