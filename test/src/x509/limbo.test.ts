/** A sample of x509-limbo in both worlds, with the device's own ECDSA. */
import { describe, expect, test } from "@devicescript/test"
import { sha256 } from "../../../src/crypto/hash"
import { errorCode } from "../../../src/errors"
import { Der } from "../../../src/x509/der"
import { EcdsaP256, ecdsaWithSha256 } from "../../../src/x509/ecdsascheme"
import { readTrustAnchor, validatePath } from "../../../src/x509/path"
import { LimboCase, limboCases } from "./limbocases"

/** The code of the error, or 0. */
async function validate(one: LimboCase): Promise<number> {
    const cursors: Der[] = []
    for (const der of one.sent) cursors.push(new Der(der, 0, der.length))
    try {
        await validatePath(cursors, {
            anchors: [readTrustAnchor(one.anchor)],
            schemes: [new EcdsaP256(sha256(), 0x0403, ecdsaWithSha256())],
            host: one.host,
            nowSec: one.nowSec,
            floorSec: 0,
        })
        return 0
    } catch (e: any) {
        if (errorCode(e) === 0) throw e
        return errorCode(e)
    }
}

describe("x509-limbo", () => {
    test("judges each certificate as we do", async () => {
        const cases = limboCases()
        let good = 0
        for (const one of cases) {
            expect(`${one.id} ${await validate(one)}`).toBe(
                `${one.id} ${one.code}`
            )
            if (one.code === 0) good++
        }
        expect(cases.length).toBe(29)
        expect(good).toBe(7)
    })
})
