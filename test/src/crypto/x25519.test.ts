import { describe, test } from "@devicescript/test"
import { x25519, x25519PublicKey } from "../../../src/crypto/x25519"
import { ErrorCode } from "../../../src/errors"
import { expectBytes, expectCode } from "../check"

/** Of RFC 7748, section 6.1. */
const ALICE: Buffer = hex`77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a`
const ALICE_PUBLIC: Buffer = hex`8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a`
const BOB: Buffer = hex`5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb`
const BOB_PUBLIC: Buffer = hex`de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f`
const SHARED: Buffer = hex`4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742`

async function expectRefused(code: number, scalar: Buffer, u: Buffer) {
    await expectCode(code, async () => {
        await x25519(scalar, u)
    })
}

describe("x25519", () => {
    test("the vectors of RFC 7748 section 5.2 come out, the second with the top bit of u set", async () => {
        expectBytes(
            await x25519(
                hex`a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4`,
                hex`e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c`
            ),
            hex`c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552`
        )
        expectBytes(
            await x25519(
                hex`4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d`,
                hex`e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493`
            ),
            hex`95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957`
        )
    })

    test("one iteration gives RFC 7748's value, and leaves its inputs alone", async () => {
        const nine = hex`0900000000000000000000000000000000000000000000000000000000000000`
        const k = nine.slice()
        expectBytes(
            await x25519(k, k),
            hex`422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079`
        )
        expectBytes(k, nine)
    })

    test("Alice and Bob of RFC 7748 section 6.1 get the same secret", async () => {
        expectBytes(await x25519PublicKey(ALICE), ALICE_PUBLIC)
        expectBytes(await x25519PublicKey(BOB), BOB_PUBLIC)
        expectBytes(await x25519(ALICE, BOB_PUBLIC), SHARED)
        expectBytes(await x25519(BOB, ALICE_PUBLIC), SHARED)
    })

    test("a public key of low order is refused (K2)", async () => {
        const zero = Buffer.alloc(32)
        const p = Buffer.alloc(32)
        p.fillAt(0, 32, 0xff)
        p[0] = 0xed
        p[31] = 0x7f
        const order8 = hex`e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800`
        const keys = [zero, p, order8]
        for (let i = 0; i < keys.length; i++)
            await expectRefused(ErrorCode.CryptoWeakKeyShare, ALICE, keys[i])
    })

    test("a scalar or public key that has not 32 bytes is refused", async () => {
        const code = ErrorCode.CryptoKeyLength
        await expectRefused(code, ALICE.slice(0, 31), BOB_PUBLIC)
        await expectRefused(code, ALICE, Buffer.concat(BOB_PUBLIC, hex`00`))
        await expectRefused(code, hex``, BOB_PUBLIC)
    })
})
