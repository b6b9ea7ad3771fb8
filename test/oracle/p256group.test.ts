/** Where the private keys of P-256 key shares come from, with random sources that give what a test wants. */
import assert from "node:assert/strict"
import { createECDH } from "node:crypto"
import { test } from "node:test"
import { Buffer as DeviceBuffer } from "../../sim/shim/buffer"

type Bytes = InstanceType<typeof DeviceBuffer>

/** A fresh `generate` whose random bytes are these, one after the other and the last for ever. */
function generatorOf(answers: Buffer[]): () => Promise<{ publicKey: Bytes }> {
    const shim = require.resolve("../../sim/shim/crypto")
    const files = ["random", "p256group"].map(name =>
        require.resolve(`../../src/tls/${name}`)
    )
    const real = module.require(shim) as object
    const entry = require.cache[shim]!
    for (const file of files) delete require.cache[file]
    entry.exports = {
        ...real,
        randomBuffer: () =>
            DeviceBuffer.from(
                answers.length > 1 ? answers.shift()! : answers[0]
            ),
    }
    try {
        const { p256Group } = module.require(files[1]) as {
            p256Group(): { generate(): Promise<{ publicKey: Bytes }> }
        }
        return p256Group().generate
    } finally {
        entry.exports = real
        for (const file of files) delete require.cache[file]
    }
}

const ORDER = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
const order = Buffer.from(ORDER, "hex")

test("random bytes that are no scalar are passed over", async () => {
    const scalar = Buffer.from(ORDER.replace(/51$/, "50"), "hex")
    const large = Buffer.from(
        ORDER.replace(/^f{16}/, "ffffffffffffffff"),
        "hex"
    )
    const share = await generatorOf([order, large, scalar])()
    const pair = createECDH("prime256v1")
    pair.setPrivateKey(scalar)
    assert.equal(share.publicKey.toString("hex"), pair.getPublicKey("hex"))
})

test("a source that never gives a scalar is no random source (N7)", async () => {
    const { ErrorCode, errorCode } = module.require("../../src/errors") as {
        ErrorCode: Record<string, number>
        errorCode(error: unknown): number
    }
    await assert.rejects(
        generatorOf([order]),
        error => errorCode(error) === ErrorCode.TlsNoRandomness
    )
})
