import { describe, expect, test } from "@devicescript/test"
import { ErrorCode, LeafError } from "../../../src/errors"
import { algorithmName } from "../../../src/x509/algorithm"
import { Der } from "../../../src/x509/der"
import { checkKey, findCertificateScheme } from "../../../src/x509/scheme"
import { expectCode } from "../check"
import { ToyScheme } from "./toy"

function over(bytes: Buffer): Der {
    return new Der(bytes, 0, bytes.length)
}

function name(bytes: Buffer): string {
    return algorithmName(over(bytes))
}

function message(body: () => void): string {
    try {
        body()
    } catch (e: any) {
        return `${(e as LeafError).code} ${(e as LeafError).message}`
    }
    return ""
}

describe("an algorithm that is refused", () => {
    test("has a name, of an EC key that of its curve", () => {
        expect(name(hex`06032b6570`)).toBe("Ed25519")
        expect(name(hex`06032b6571`)).toBe("Ed448")
        expect(name(hex`06072a8648ce3d0201 06052b81040022`)).toBe("P-384")
        expect(name(hex`06072a8648ce3d0201 06052b81040023`)).toBe("P-521")
        expect(name(hex`06072a8648ce3d0201 06082a8648ce3d030107`)).toBe("P-256")
        expect(name(hex`06092a864886f70d01010a`)).toBe("RSA-PSS")
        expect(name(hex`06092a864886f70d010101 0500`)).toBe("RSA")
        expect(name(hex`06072a8648ce380401 3000`)).toBe("DSA")
        expect(name(hex`06092a864886f70d010104 0500`)).toBe("RSA with MD5")
        expect(name(hex`06092a864886f70d010105 0500`)).toBe("RSA with SHA-1")
        expect(name(hex`06072a8648ce3d0401`)).toBe("ECDSA with SHA-1")
        expect(name(hex`0609608648016503040313`)).toBe("ML-DSA-87")
    })

    test("X3: is an EC key whose curve is given in full or not at all", () => {
        expect(name(hex`06072a8648ce3d0201 3003 020101`)).toBe(
            "EC without a named curve"
        )
        expect(name(hex`06072a8648ce3d0201 0500`)).toBe(
            "EC without a named curve"
        )
        expect(name(hex`06072a8648ce3d0201`)).toBe("EC without a named curve")
    })

    test("is shown in dotted form where its name is not known, up to a length", async () => {
        expect(name(hex`06032a0304`)).toBe("1.2.3.4")
        expect(name(hex`0603550401`)).toBe("2.5.4.1")
        expect(name(hex`06022700`)).toBe("0.39.0")
        expect(name(hex`0604883703 05`)).toBe("2.999.3.5")
        expect(name(hex`060a2a864886f70d0101ff7f`)).toBe(
            "1.2.840.113549.1.1.16383"
        )
        const long = Buffer.alloc(100)
        long[0] = 6
        long[1] = 98
        long.fillAt(2, 98, 1)
        expect(name(long).length <= 42).toBe(true)
        expect(name(hex`0600`)).toBe("")
        await expectCode(ErrorCode.X509Malformed, () => {
            name(hex`0500`)
        })
        await expectCode(ErrorCode.X509Malformed, () => {
            name(hex``)
        })
    })

    test("is named by the error", () => {
        const schemes = [new ToyScheme()]
        expect(
            message(() => {
                checkKey(schemes, over(hex`06032b6570`), over(hex``))
            })
        ).toBe(
            `${ErrorCode.X509UnsupportedKey} x509: key type Ed25519 is not supported`
        )
        expect(
            message(() => {
                findCertificateScheme(
                    schemes,
                    over(hex`06092a864886f70d010105 0500`),
                    over(hex`06092a864886f70d010101 0500`)
                )
            })
        ).toBe(
            `${ErrorCode.X509UnsupportedSignature} x509: signature algorithm RSA with SHA-1 is not supported`
        )
    })
})
