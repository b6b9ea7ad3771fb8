/**
 * What the client does and refuses before a version is agreed, and the evidence that its traffic keys need.
 *
 * Names start with the id of the check in SECURITY.md.
 */
import assert from "node:assert/strict"
import nodeCrypto, { randomBytes } from "node:crypto"
import { before, describe, test } from "node:test"
import { Buffer as DeviceBuffer } from "../../../sim/shim/buffer"
import { assertCode, ErrorCode, errorCode, TlsSite } from "../tlssite"

let site: TlsSite
before(async () => {
    site = await TlsSite.create()
})

describe("the client", () => {
    test("N7: a random source that gives one byte over and over is refused", () => {
        const { requireRandomness } = require("../../../src/tls/random") as {
            requireRandomness(bytes: DeviceBuffer): DeviceBuffer
        }
        for (const byte of [0, 0xff, 0x5a])
            assert.throws(
                () =>
                    requireRandomness(
                        DeviceBuffer.from(new Uint8Array(32).fill(byte))
                    ),
                error => ErrorCode[errorCode(error)] === "TlsNoRandomness"
            )
        requireRandomness(DeviceBuffer.from(randomBytes(32)))
    })

    test("N7: without randomness nothing is sent, and the transport is closed", async t => {
        t.mock.method(nodeCrypto, "randomBytes", (length: number) =>
            Buffer.alloc(length)
        )
        const { transport, connection } = site.open()
        await assertCode(connection, "TlsNoRandomness")
        assert.deepEqual(transport.server.clientMessages, [])
        assert.equal(transport.server.alert, undefined)
        assert.ok(transport.closed, "the transport is closed")
    })

    test("I1: without a name that can be verified nothing is sent, and the transport is closed", async () => {
        for (const host of ["", "a b", "gateway.", "x".repeat(254), "1.2.3"]) {
            const { transport, connection } = site.open(
                {},
                { client: { host } }
            )
            await assertCode(connection, "X509NoReferenceName")
            assert.deepEqual(transport.server.clientMessages, [])
            assert.equal(transport.server.alert, undefined)
            assert.ok(transport.closed, "the transport is closed")
        }
    })

    test("S3: traffic keys are not given without each piece of the evidence", () => {
        const { openTraffic13 } = require("../../../src/tls/traffic13") as {
            openTraffic13(...evidence: unknown[]): unknown
        }
        const { ServerProof, FinishedProof } =
            require("../../../src/tls/serverproof") as Record<
                string,
                new (of: unknown) => object
            >
        const { HandshakeSecrets } =
            require("../../../src/tls/keyschedule") as Record<
                string,
                new (
                    psk: DeviceBuffer,
                    shared: DeviceBuffer,
                    hash: DeviceBuffer
                ) => object
            >
        const hash = DeviceBuffer.alloc(32)
        const evidence = [
            new HandshakeSecrets(
                DeviceBuffer.alloc(32),
                DeviceBuffer.alloc(32),
                hash
            ),
            new ServerProof({ leaf: {} }),
            new FinishedProof(hash),
        ]
        const attempt = (pieces: unknown[]) => () =>
            openTraffic13({}, {}, false, ...pieces)
        for (let i = 0; i < evidence.length; i++)
            for (const instead of [null, undefined, true, { ...evidence[i] }])
                assert.throws(
                    attempt(evidence.map((e, j) => (j === i ? instead : e))),
                    error => ErrorCode[errorCode(error)] === "TlsNotVerified"
                )
        // With all of it another error comes first: there is no handshake to open traffic for.
        assert.throws(attempt(evidence), error => errorCode(error) === 0)
    })
})
