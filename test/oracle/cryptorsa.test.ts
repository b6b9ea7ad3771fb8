/** The device's RSA under Node, against OpenSSL and BigInt on random input. */
import { before, test } from "node:test"
import { calculateHere, runCases } from "./calculate"
import { extremeCase, rawCase, rsaKeys, signatureCase } from "./rsacases"
import type { RsaKey } from "../../tools/rsakey"

const CASES = 2000

/** Short ones are faster, so there are more; the PSS message of 2049 bits is shorter than the modulus. */
const SIZES = [2048, 2048, 2048, 2049, 2050, 2055, 2056, 3072, 4095, 4096]

const calculate = calculateHere()
let keys: RsaKey[]

before(async () => {
    keys = await rsaKeys(SIZES)
})

for (const padding of ["PKCS#1 v1.5", "PSS"] as const)
    test(`RSA ${padding} signatures of OpenSSL verify, altered ones do not`, async () => {
        const one = signatureCase(padding, keys)
        await runCases(`RSA ${padding}`, CASES, (...args) =>
            one(calculate, ...args)
        )
    })

test("the raw RSA operation gives OpenSSL's result", async () => {
    const one = rawCase(keys)
    await runCases("RSA", CASES, (...args) => one(calculate, ...args))
})

test("the raw RSA operation is exact for moduli and inputs of extreme digits, which no key has", () =>
    runCases("RSA extremes", CASES, (...args) =>
        extremeCase(calculate, ...args)
    ))
