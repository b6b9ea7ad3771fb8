/** The time over HTTPS, and how a gateway starts, renews its certificate, and ends. */
import assert from "node:assert/strict"
import { once } from "node:events"
import type { IncomingMessage } from "node:http"
import https from "node:https"
import net from "node:net"
import { test } from "node:test"
import tls from "node:tls"
import { GatewayError, startGateway } from "../../../sim/gateway/gateway"
import { Registry } from "../../../sim/gateway/registry"
import {
    chainPem,
    createOwnerChain,
    createServerIdentity,
    keyPem,
} from "../../../sim/pki/certificates"
import { certificates, GATEWAY_NAME, TestGateway } from "./client"
import { FakeClock } from "./fakeclock"

async function get(site: TestGateway): Promise<IncomingMessage> {
    const request = https.get({
        host: "127.0.0.1",
        port: site.gateway.httpsPort,
        servername: GATEWAY_NAME,
        ca: site.root,
        agent: false,
    })
    const [response] = (await once(request, "response")) as [IncomingMessage]
    response.resume()
    await once(response, "end")
    return response
}

test("the Date header is the gateway's clock", async () => {
    const clock = new FakeClock(Date.UTC(2031, 1, 3, 4, 5, 6))
    const site = await TestGateway.start({ clock })
    try {
        const first = await get(site)
        assert.equal(first.headers.date, "Mon, 03 Feb 2031 04:05:06 GMT")
        clock.advance(3600000)
        const second = await get(site)
        assert.equal(second.headers.date, "Mon, 03 Feb 2031 05:05:06 GMT")
        assert.equal(site.events("timeRead").length, 2)
    } finally {
        await site.stop()
    }
})

test("an HTTPS handshake that stalls is cut", async () => {
    const site = await TestGateway.start({ httpsHandshakeMs: 100 })
    try {
        const socket = net.connect(site.gateway.httpsPort, "127.0.0.1")
        socket.on("error", () => undefined)
        await once(socket, "close")
        assert.match(String(site.events("unsecured")[0].reason), /timeout/)
    } finally {
        await site.stop()
    }
})

test("what is no TLS is closed on both ports and told of", async () => {
    const site = await TestGateway.start()
    try {
        for (const port of [site.gateway.port, site.gateway.httpsPort]) {
            const socket = net.connect(port, "127.0.0.1")
            socket.on("error", () => undefined)
            socket.resume()
            socket.write("GET / HTTP/1.1\r\n\r\n")
            await once(socket, "close")
        }
        assert.equal(site.events("unsecured").length, 2)
    } finally {
        await site.stop()
    }
})

test("a port that is in use ends the start with a way out, and leaves no port open", async () => {
    const blocker = net.createServer().listen(0, "127.0.0.1")
    await once(blocker, "listening")
    const { port } = blocker.address() as net.AddressInfo
    const free = net.createServer().listen(0, "127.0.0.1")
    await once(free, "listening")
    const other = (free.address() as net.AddressInfo).port
    free.close()
    await once(free, "close")
    try {
        for (const ports of [
            { port, httpsPort: 0 },
            { port: other, httpsPort: port },
        ])
            await assert.rejects(TestGateway.start(ports), error => {
                assert.ok(error instanceof GatewayError)
                assert.equal(error.code, "port-in-use")
                assert.match(
                    error.message,
                    new RegExp(`Port ${port} .* in use: .*another port`)
                )
                return true
            })
        // The MQTT port of the second try is free again.
        const again = net.createServer().listen(other, "127.0.0.1")
        await once(again, "listening")
        again.close()
    } finally {
        blocker.close()
    }
})

test("a certificate that is none, or not of the key, ends the start with a sentence", async () => {
    const { certificate, key } = await certificates()
    const { edgeCa } = await createOwnerChain("ec")
    for (const wrong of [
        { certificate: "x", key },
        { certificate, key: "x" },
        { certificate, key: await keyPem(edgeCa) },
    ])
        await assert.rejects(
            startGateway({ hosts: [], registry: new Registry(), ...wrong }),
            error =>
                error instanceof GatewayError &&
                error.code === "bad-certificate" &&
                !error.message.includes("PRIVATE")
        )
})

test("a renewed certificate is for the connections that come, on both ports", async () => {
    const site = await TestGateway.start()
    try {
        const client = await site.connect()
        const { root, intermediate, edgeCa } = await createOwnerChain("ec")
        const server = await createServerIdentity("ec", edgeCa, [GATEWAY_NAME])
        site.gateway.setCertificate(
            chainPem(server, edgeCa, intermediate),
            await keyPem(server)
        )
        for (const port of [site.gateway.port, site.gateway.httpsPort]) {
            const socket = tls.connect({
                host: "127.0.0.1",
                port,
                ca: chainPem(root),
                servername: GATEWAY_NAME,
            })
            await once(socket, "secureConnect")
            socket.destroy()
        }
        await client.ping()
    } finally {
        await site.stop()
    }
})

test("a gateway that ends closes every socket, those without a handshake too", async () => {
    const site = await TestGateway.start()
    const client = await site.connect()
    const raw = net.connect(site.gateway.port, "127.0.0.1")
    raw.on("error", () => undefined)
    await once(raw, "connect")
    const cut = once(raw, "close")
    await site.stop()
    await client.end()
    await cut
    assert.match(
        String(site.events("disconnected")[0].reason),
        /gateway stopped/
    )
})
