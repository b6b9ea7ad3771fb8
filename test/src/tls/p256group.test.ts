import { describe, expect, test } from "@devicescript/test"
import { equalBytes } from "../../../src/bytes"
import { ErrorCode } from "../../../src/errors"
import { p256Group } from "../../../src/tls/p256group"
import { expectBytes, expectCode } from "../check"

describe("p256Group", () => {
    test("two new key shares agree on a secret of 32 bytes", async () => {
        const group = p256Group()
        expect(group.code).toBe(23)
        const a = await group.generate()
        const b = await group.generate()
        expect(a.publicKey.length).toBe(65)
        expect(equalBytes(a.publicKey, b.publicKey)).toBe(false)
        const secret = await a.agree(b.publicKey)
        expect(secret.length).toBe(32)
        expectBytes(await b.agree(a.publicKey), secret)
    })

    test("a key share that is no point of the curve is refused (K2)", async () => {
        const group = p256Group()
        const share = await group.generate()
        const peer = share.publicKey.slice()
        peer[40] = peer[40] ^ 1
        await expectCode(ErrorCode.CryptoPoint, async () => {
            await share.agree(peer)
        })
        const other = await group.generate()
        await expectCode(ErrorCode.CryptoPoint, async () => {
            await other.agree(peer.slice(1))
        })
    })
})
