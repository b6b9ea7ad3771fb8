import * as ds from "@devicescript/core"
import { describe, expect, test } from "@devicescript/test"
import { ErrorCode } from "../../../src/errors"
import { Extensions } from "../../../src/tls/extensions"
import { Handshake } from "../../../src/tls/handshake"
import { tls12 } from "../../../src/tls/handshake12"
import { tls13 } from "../../../src/tls/handshake13"
import {
    readMessage,
    readServerHello,
    ServerHello,
    TLS12,
    TLS13,
    writeClientHello,
} from "../../../src/tls/hello"
import { CipherSuite, KeyShare, TlsParts } from "../../../src/tls/part"
import { Resumption, Session } from "../../../src/tls/session"
import { expectBytes, expectCode } from "../check"

function suite(code: number, version: number): CipherSuite {
    return { code, version, aead: null, keyAlgorithm: null, fixedIvLength: 0 }
}

/** Numbers alone: nothing here computes. */
function parts(): TlsParts {
    return {
        versions: [tls13()],
        groups: [{ code: 0x001d, generate: null }],
        suites: [suite(0x1303, TLS13)],
        schemes: [],
    }
}

function share(publicKey: Buffer): KeyShare {
    return { publicKey, agree: null, wipe: null }
}

/** A handshake that has its random bytes and its key share. */
function handshake(host: string, of: TlsParts, resumes: boolean): Handshake {
    const h = new Handshake({
        parts: of,
        anchors: [],
        host,
        port: 8883,
        nowSec: -1,
        floorSec: 0,
        resumption: resumes
            ? new Resumption({
                  load: async () => null,
                  save: async () => {},
              })
            : undefined,
    })
    h.random.blitAt(0, random(), 0, 32)
    h.group = of.groups[0]
    h.share = share(hex`0a0b0c0d`)
    return h
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
        expectBytes(
            writeClientHello(handshake("gateway.test", parts(), false)),
            Buffer.concat(
                hex`01 000068 0303`,
                random(),
                hex`00 0002 1303 01 00 003d`,
                // server_name, max_fragment_length
                hex`0000 0011 000f 00 000c 676174657761792e74657374`,
                hex`0001 0001 03`,
                // supported_groups, signature_algorithms
                hex`000a 0004 0002 001d 000d 0002 0000`,
                // supported_versions, key_share
                hex`002b 0003 02 0304 0033 000a 0008 001d 0004 0a0b0c0d`
            )
        )
    })

    test("for two versions, with room for a session and after a second hello was asked for", () => {
        const both = parts()
        both.versions.push(tls12())
        both.suites.push(suite(0xcca8, TLS12))
        const h = handshake("192.0.2.1", both, true)
        h.cookie = hex`c00c1e`
        expectBytes(
            writeClientHello(h),
            Buffer.concat(
                hex`01 000079 0303`,
                random(),
                hex`00 0004 1303 cca8 01 00 004c`,
                hex`0001 0001 03`,
                hex`000a 0004 0002 001d 000d 0002 0000`,
                hex`002b 0005 04 0304 0303 0033 000a 0008 001d 0004 0a0b0c0d`,
                // psk_key_exchange_modes: psk_dhe_ke; cookie
                hex`002d 0002 01 01 002c 0005 0003 c00c1e`,
                // extended_master_secret, renegotiation_info, ec_point_formats, session_ticket
                hex`0017 0000 ff01 0001 00 000b 0002 01 00 0023 0000`
            )
        )
    })

    test("that offers a TLS 1.2 session has its ticket, an id, and no key share", () => {
        const both = parts()
        both.versions = [tls12(), tls13()]
        const h = handshake("192.0.2.1", both, true)
        h.sessionId = hex`5e55`
        h.session = new Session()
        h.session.version = TLS12
        h.session.ticket = hex`71c8e7`
        h.share = null
        const hello = writeClientHello(h)
        expectBytes(hello.slice(38, 41), hex`02 5e55`)
        expectBytes(
            hello.slice(hello.length - 19),
            hex`0023 0003 71c8e7 0033 0002 0000 002d 0002 01 01`
        )
    })

    test("does not name an address", () => {
        const hello = writeClientHello(handshake("192.0.2.1", parts(), false))
        // The extensions begin with max_fragment_length.
        expectBytes(hello.slice(47, 49), hex`0001`)
    })

    test("has room for the longest name", () => {
        let host = "a"
        for (let i = 0; i < 126; i++) host = host + ".a"
        const h = handshake(host, parts(), false)
        h.share = share(Buffer.alloc(65))
        expect(writeClientHello(h).length).toBe(47 + 262 + 5 + 8 + 6 + 7 + 75)
    })
})

describe("a ServerHello", () => {
    test("gives version, suite and extensions", () => {
        const hello: ServerHello = readServerHello(
            serverHello(needed()),
            parts()
        )
        expect(hello.version).toBe(TLS13)
        expect(hello.suite.code).toBe(0x1303)
        expect(hello.isRetry).toBe(false)
        expect(hello.sessionId.length).toBe(0)
        expectBytes(hello.random, random())
        const key = hello.extensions.find(51)
        expectBytes(key.readBytes(key.left()), hex`001d 0004 0a0b0c0d`)
        expect(hello.extensions.find(41) === null).toBe(true)
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

describe("extensions", () => {
    const read = (body: Buffer) => new Extensions(readMessage(message(8, body)))

    const expectUnoffered = async (type: Buffer) => {
        await expectCode(ErrorCode.TlsUnofferedExtension, () => {
            read(Buffer.concat(hex`0004`, type, hex`0000`)).allow([51])
        })
    }

    test("tell whether records stay small", () => {
        expect(read(hex`0005 0001 0001 03`).readMaxFragment()).toBe(true)
        expect(read(hex`0000`).readMaxFragment()).toBe(false)
    })

    test("may answer the name where one was sent", async () => {
        read(hex`0004 0000 0000`).readServerName(true)
        await expectCode(ErrorCode.TlsUnofferedExtension, () => {
            read(hex`0004 0000 0000`).readServerName(false)
        })
    })

    test("N3: are refused where they are not allowed, known or not", async () => {
        read(hex`0004 0033 0000`).allow([51])
        await expectCode(ErrorCode.TlsMisplacedExtension, () => {
            read(hex`0004 0033 0000`).allow([43])
        })
        await expectCode(ErrorCode.TlsMisplacedExtension, () => {
            read(hex`0004 ff01 0000`).allow([])
        })
        await expectUnoffered(hex`002a`)
        await expectUnoffered(hex`0a0a`)
        await expectUnoffered(hex`3300`)
    })

    test("N3: stand once", async () => {
        await expectCode(ErrorCode.TlsRepeatedExtension, () => {
            read(hex`0008 0033 0000 0033 0000`)
        })
    })
})
