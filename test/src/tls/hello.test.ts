import * as ds from "@devicescript/core"
import { describe, expect, test } from "@devicescript/test"
import { ErrorCode } from "../../../src/errors"
import {
    readEncryptedExtensions,
    readServerHello,
    ServerHello,
    writeClientHello,
} from "../../../src/tls/hello"
import { TlsParts } from "../../../src/tls/part"
import { expectBytes, expectCode } from "../check"

/** Numbers alone: nothing here computes. */
function parts(): TlsParts {
    return {
        versions: [{ code: 0x0304, handshake: null }],
        groups: [{ code: 0x001d, generate: null }],
        suites: [{ code: 0x1303, aead: null }],
        schemes: [],
    }
}

function random(): Buffer {
    return hex`000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f`
}

/** A handshake message, its length put in. */
function message(type: number, body: Buffer): Buffer {
    const header = Buffer.alloc(4)
    header[0] = type
    header[2] = body.length >> 8
    header[3] = body.length & 255
    return header.concat(body)
}

function serverHello(extensions: Buffer): Buffer {
    const length = Buffer.alloc(2)
    length[0] = extensions.length >> 8
    length[1] = extensions.length & 255
    return message(
        2,
        Buffer.concat(hex`0303`, random(), hex`00 1303 00`, length, extensions)
    )
}

/** supported_versions and a key share of four bytes. */
function needed(): Buffer {
    return hex`002b 0002 0304 0033 0008 001d 0004 0a0b0c0d`
}

async function expectHelloCode(code: number, hello: Buffer): Promise<void> {
    await expectCode(code, () => {
        readServerHello(hello, parts())
    })
}

describe("a ClientHello", () => {
    test("says what is offered, byte for byte", () => {
        const hello = writeClientHello(parts(), "gateway.test", random(), [
            { publicKey: hex`0a0b0c0d`, agree: null },
        ])
        expectBytes(
            hello,
            Buffer.concat(
                hex`01 000068 0303`,
                random(),
                hex`00 0002 1303 01 00 003d`,
                // server_name, max_fragment_length
                hex`0000 0011 000f 00 000c 676174657761792e74657374`,
                hex`0001 0001 04`,
                // supported_groups, signature_algorithms
                hex`000a 0004 0002 001d 000d 0002 0000`,
                // supported_versions, key_share
                hex`002b 0003 02 0304 0033 000a 0008 001d 0004 0a0b0c0d`
            )
        )
    })

    test("does not name an address", () => {
        const hello = writeClientHello(parts(), "192.0.2.1", random(), [
            { publicKey: hex`0a0b0c0d`, agree: null },
        ])
        // The extensions begin with max_fragment_length.
        expectBytes(hello.slice(47, 49), hex`0001`)
    })

    test("has room for the longest name", () => {
        let host = "a"
        for (let i = 0; i < 126; i++) host = host + ".a"
        const hello = writeClientHello(parts(), host, random(), [
            { publicKey: Buffer.alloc(65), agree: null },
        ])
        expect(hello.length).toBe(47 + 262 + 5 + 8 + 6 + 7 + 75)
    })
})

describe("a ServerHello", () => {
    test("gives version, suite, group and key share", () => {
        const hello: ServerHello = readServerHello(
            serverHello(needed()),
            parts()
        )
        expect(hello.version).toBe(0x0304)
        expect(hello.suite).toBe(0x1303)
        expect(hello.group).toBe(0x001d)
        expectBytes(hello.keyShare, hex`0a0b0c0d`)
        expectBytes(hello.random, random())
    })

    test("is malformed wherever it is cut short, or longer than it says", async () => {
        const whole = serverHello(needed())
        for (let length = 4; length < whole.length; length++) {
            // Without extensions it is the hello of an old server.
            if (length === 42) continue
            await expectHelloCode(
                ErrorCode.TlsMalformed,
                whole.slice(0, length)
            )
        }
        await expectHelloCode(ErrorCode.TlsVersion, whole.slice(0, 42))
        await expectHelloCode(
            ErrorCode.TlsMalformed,
            Buffer.concat(whole, hex`00`)
        )
    })

    test("R5: thousands of extensions do not stop the program", async () => {
        const many = Buffer.alloc(3000 * 4)
        for (let i = 0; i < 3000; i++) {
            many[4 * i] = 0x70 + (i >> 8)
            many[4 * i + 1] = i
            if ((i & 255) === 0) await ds.sleep(1)
        }
        await ds.sleep(1)
        await expectHelloCode(ErrorCode.TlsMalformed, serverHello(many))
    })
})

describe("EncryptedExtensions", () => {
    test("tell whether records stay small", () => {
        expect(
            readEncryptedExtensions(message(8, hex`0005 0001 0001 04`), true)
        ).toBe(true)
        expect(readEncryptedExtensions(message(8, hex`0000`), true)).toBe(false)
    })

    test("may answer the name where one was sent", async () => {
        const answer = message(8, hex`0004 0000 0000`)
        expect(readEncryptedExtensions(answer, true)).toBe(false)
        await expectCode(ErrorCode.TlsUnofferedExtension, () => {
            readEncryptedExtensions(answer, false)
        })
    })
})
