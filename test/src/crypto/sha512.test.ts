import { describe, expect, test } from "@devicescript/test"
import { Hash } from "../../../src/crypto/hash"
import { sha384, sha512 } from "../../../src/crypto/sha512"
import { expectBytes } from "../check"

/** Two blocks with the padding: NIST's example for SHA-384 and SHA-512. */
const TWO_BLOCKS =
    "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"

async function digestText(hash: Hash, text: string): Promise<Buffer> {
    return await hash.digest(Buffer.from(text))
}

/** Of bytes of ff, as many: the digests of all lengths from 0 on, hashed together. */
async function digestOfDigests(hash: Hash, lengths: number): Promise<Buffer> {
    const all: Buffer = Buffer.alloc(lengths * hash.length)
    for (let length = 0; length < lengths; length++) {
        const message = Buffer.alloc(length)
        message.fillAt(0, length, 0xff)
        all.set(await hash.digest(message), length * hash.length)
    }
    return await hash.digest(all)
}

describe("SHA-384 and SHA-512", () => {
    // Examples of https://csrc.nist.gov/projects/cryptographic-standards-and-guidelines/example-values
    test("SHA-384 gives the standard's examples", async () => {
        expectBytes(
            await digestText(sha384(), "abc"),
            hex`
                cb00753f45a35e8bb5a03d699ac65007272c32ab0eded163
                1a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7`
        )
        expectBytes(
            await digestText(sha384(), TWO_BLOCKS),
            hex`
                09330c33f71147e83d192fc782cd1b4753111b173b3b05d2
                2fa08086e3b0f712fcc7c71a557e2db966c3e9fa91746039`
        )
    })

    test("SHA-512 gives the standard's examples", async () => {
        expectBytes(
            await digestText(sha512(), "abc"),
            hex`
                ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a
                2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f`
        )
        expectBytes(
            await digestText(sha512(), TWO_BLOCKS),
            hex`
                8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018
                501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909`
        )
    })

    test("nothing has a digest, in no part or in empty ones", async () => {
        const empty = hex`
            38b060a751ac96384cd9327eb1b1e36a21fdb71114be0743
            4c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b`
        expectBytes(await sha384().digest(), empty)
        expectBytes(await sha384().digest(hex``, hex``), empty)
    })

    test("every length up to two blocks and more has its digest", async () => {
        // Made with node:crypto (OpenSSL).
        expectBytes(
            await digestOfDigests(sha384(), 260),
            hex`40942a851548d50497e40008b694486805edc4aaea051d5c4f5f2866e3ec7df0a0755f09adb93625718eb76f72316306`
        )
        expectBytes(
            await digestOfDigests(sha512(), 260),
            hex`44fc1d4a3b17a62f38c4cb14e3b5eb3a71dc40b9dd381b8bc418169379cf50df564e3a428e0e083292cfde878ddabf43c0fac23b80c949c59c02e55faab15fa3`
        )
    })

    test("the parts are hashed one after the other, and are left as they are", async () => {
        const message = Buffer.from(TWO_BLOCKS + TWO_BLOCKS)
        const whole = await sha512().digest(message)
        const lengths = [1, 111, 112, 127, 128, 129]
        for (const length of lengths) {
            const first = message.slice(0, length)
            const second = message.slice(length)
            expectBytes(await sha512().digest(first, second), whole)
            expectBytes(first, message.slice(0, length))
        }
    })

    test("digests have their length, and one does not change the next", async () => {
        const first = await digestText(sha384(), "abc")
        await digestText(sha512(), TWO_BLOCKS)
        expect(first.length).toBe(sha384().length)
        expectBytes(await digestText(sha384(), "abc"), first)
        expect((await sha512().digest()).length).toBe(sha512().length)
    })
})
