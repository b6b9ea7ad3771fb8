/**
 * The device's cryptography in the real VM, against OpenSSL on random input: the cases of test/oracle, fewer of them.
 * The device runs test/firmware/calculator.ts and answers over a socket.
 */
import assert from "node:assert/strict"
import { once } from "node:events"
import { AddressInfo, createServer, Server, Socket } from "node:net"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { compile } from "../../sim/vm/compiler"
import { Device, startDevice } from "../../sim/vm/host"
import { Calculate, readAnswer, runCases, uint16 } from "../oracle/calculate"
import {
    type Case,
    chachaCase,
    gcmCase,
    hashCase,
    hkdfCase,
    x25519Case,
} from "../oracle/cryptocases"
import {
    agreeCase,
    divideCase,
    ecdsaCase,
    fieldCase,
    keyCase,
    pointCase,
    sumCase,
} from "../oracle/p256cases"
import {
    extremeCase,
    rawCase,
    rsaKeys,
    signatureCase,
} from "../oracle/rsacases"
import type { RsaKey } from "../../tools/rsakey"

const CASES = 25

const root = join(__dirname, "..", "..", "..")

/** The first is the most frequent; 2049 has a PSS message shorter than the modulus. */
const SIZES = [2048, 2049, 2056, 3072, 4096]

let server: Server
let device: Device
let connection: Socket
let keys: RsaKey[]

before(async () => {
    const image = await compile(join(root, "test/firmware/calculator.ts"), {
        root,
    })
    server = createServer()
    server.listen(0, "127.0.0.1")
    await once(server, "listening")
    const { port } = server.address() as AddressInfo
    const connected = once(server, "connection")
    device = await startDevice({
        image,
        resolve: () => ({ host: "127.0.0.1", port }),
    })
    connection = (await connected)[0] as Socket
    keys = await rsaKeys(SIZES)
})

after(() => {
    connection?.destroy()
    device?.stop()
    server?.close()
})

/** Asks the device; one question at a time. Rejects when the device panics. */
const calculate: Calculate = (operation, ...fields) => {
    const body = Buffer.concat([
        Buffer.from([operation]),
        ...fields.flatMap(field => [uint16(field.length), field]),
    ])
    return new Promise((resolve, reject) => {
        let received = Buffer.alloc(0)
        const settle = (end: () => void) => {
            connection.off("data", onData)
            device.off("panic", onPanic)
            end()
        }
        const onData = (piece: Buffer) => {
            received = Buffer.concat([received, piece])
            if (received.length < 2) return
            const answer = received.subarray(2)
            if (answer.length < received.readUInt16BE(0)) return
            settle(() => resolve(readAnswer(answer)))
        }
        const onPanic = ({ code, name }: { code: number; name: string }) =>
            settle(() => {
                const lines = device.lines.map(({ text }) => text)
                reject(new Error([`${code} ${name}`, ...lines].join("\n")))
            })
        connection.on("data", onData)
        device.on("panic", onPanic)
        connection.write(Buffer.concat([uint16(body.length), body]))
    })
}

function inTheVm(what: string, one: () => Case): void {
    test(`${what}, in the VM`, async () => {
        const theCase = one()
        await runCases(what, CASES, (...args) => theCase(calculate, ...args), 1)
        assert.deepEqual(device.panics, [])
    })
}

inTheVm(
    "ChaCha20-Poly1305 seals, opens and refuses as OpenSSL does",
    () => chachaCase
)
inTheVm("AES-128-GCM seals, opens and refuses as OpenSSL does", () => gcmCase)
inTheVm("SHA-384 gives OpenSSL's digest of any parts", () => hashCase(384))
inTheVm("SHA-512 gives OpenSSL's digest of any parts", () => hashCase(512))
inTheVm("X25519 gives OpenSSL's shared secret", () => x25519Case)
inTheVm("HKDF gives OpenSSL's output", () => hkdfCase)
inTheVm("RSA PKCS#1 v1.5 verifies what OpenSSL signed", () =>
    signatureCase("PKCS#1 v1.5", keys)
)
inTheVm("RSA PSS verifies what OpenSSL signed", () =>
    signatureCase("PSS", keys)
)
inTheVm("the raw RSA operation gives OpenSSL's result", () => rawCase(keys))
inTheVm("the raw RSA operation is exact for extreme digits", () => extremeCase)
inTheVm("P-256's field multiplies, squares and inverts", () => fieldCase)
inTheVm("P-256's scalars divide modulo p and n", () => divideCase)
inTheVm("P-256's points add and double", () => pointCase)
inTheVm("P-256 gives OpenSSL's public key", () => keyCase)
inTheVm("P-256 gives OpenSSL's shared secret", () => agreeCase)
inTheVm("ECDSA verifies what OpenSSL signed", () => ecdsaCase)
inTheVm("ECDSA sums u1 G + u2 Q, whatever they are", () => sumCase)
