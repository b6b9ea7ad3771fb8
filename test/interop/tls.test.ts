/** The device's TLS client against independent servers, in the VM over real sockets. */
import assert from "node:assert/strict"
import { after, before, describe, test } from "node:test"
import { Image } from "../../sim/vm/compiler"
import { freePort, needsPeer, Peer } from "../peers"
import { Site } from "../site"

/** A server's name, and its arguments for a line-wise answer over TLS 1.3 alone. */
interface Server {
    program: string
    options: string
    args(site: Site, port: number): string[]
    /** What `hello` comes back as. */
    answer: string
}

const openssl = (options: string, ...more: string[]): Server => ({
    program: "openssl",
    options,
    args: (site, port) => [
        "s_server",
        ...["-accept", String(port), "-tls1_3", "-rev", "-quiet"],
        ...["-cert", site.file("server.pem"), "-key", site.file("server.key")],
        ...["-cert_chain", site.file("issuers.pem"), ...more],
    ],
    answer: "olleh",
})

const SERVERS: Server[] = [
    openssl("as it is"),
    openssl("asks for a client certificate", "-verify", "3"),
    openssl("sends small records", "-max_send_frag", "512"),
    openssl("sends no tickets", "-num_tickets", "0"),
    {
        program: "gnutls-serv",
        options: "as it is",
        args: (site, port) => [
            ...["-p", String(port), "--echo", "-q"],
            ...["--x509certfile", site.file("chain.pem")],
            ...["--x509keyfile", site.file("server.key")],
            ...["--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.3"],
        ],
        answer: "hello",
    },
]

describe("TLS 1.3 in the VM", () => {
    let site: Site
    let image: Image

    before(async () => {
        site = await Site.create()
        image = await site.compile("test/firmware/tlsclient.ts")
    })
    after(() => site.close())

    for (const server of SERVERS)
        test(
            `talks to ${server.program}, which ${server.options}`,
            needsPeer(server.program),
            async () => {
                const port = await freePort()
                const peer = await Peer.start(
                    server.program,
                    server.args(site, port),
                    port
                )
                try {
                    const device = await site.startDevice(image, {
                        mqttPort: port,
                    })
                    const line = await device.until(/^client: /, 20000)
                    assert.equal(line.text, `client: got ${server.answer}`)
                    await device.until("client: closed")
                    device.stop()
                } finally {
                    await peer.stop()
                }
            }
        )

    test(
        "is told by openssl why: a client certificate is required",
        needsPeer("openssl"),
        async () => {
            const port = await freePort()
            const server = openssl("", "-Verify", "3")
            const peer = await Peer.start(
                "openssl",
                server.args(site, port),
                port
            )
            try {
                const device = await site.startDevice(image, { mqttPort: port })
                const line = await device.until(/^client: /, 20000)
                // certificate_required, RFC 8446 6.2
                assert.equal(
                    line.text,
                    "client: failed 2100 tls: the server sent alert 116"
                )
            } finally {
                await peer.stop()
            }
        }
    )
})
