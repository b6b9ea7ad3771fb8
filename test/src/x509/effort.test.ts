/**
 * What a stranger can make the verifier do before any signature is checked.
 *
 * In the VM a program that runs 131,072 opcodes without a pause is ended (panic 60001), and a byte compared costs
 * about fifty. None of these may get there; what each ends with matters less.
 */
import * as ds from "@devicescript/core"
import { describe, test } from "@devicescript/test"
import { ErrorCode } from "../../../src/errors"
import { Der } from "../../../src/x509/der"
import { validatePath } from "../../../src/x509/path"
import { expectCode } from "../check"
import { ToyScheme } from "./toy"
import { certificate, der, extension, times } from "./write"

/** Validates certificates for the host "gateway" with an anchor of another name. */
async function validate(certificates: Buffer[]): Promise<void> {
    const cursors: Der[] = []
    for (const one of certificates) cursors.push(new Der(one, 0, one.length))
    // The steps of making the certificates do not count.
    await ds.sleep(1)
    await validatePath(cursors, {
        anchors: [{ der: hex`3000`, keyAt: 2 }],
        schemes: [new ToyScheme()],
        host: "gateway",
        nowSec: 1800000000,
        floorSec: 0,
    })
}

/** Alternative names that are for the host, and serverAuth. */
function leafExtensions(): Buffer {
    return Buffer.concat(
        extension(hex`551d11`, hex`3009 820767617465776179`),
        extension(hex`551d25`, hex`300a 06082b06010505070301`)
    )
}

/** The largest name, with this last byte. */
function longName(length: number, last: number): Buffer {
    const content = Buffer.alloc(length)
    content[length - 1] = last
    return der(0x30, content)
}

/** Extensions whose identifiers differ in their last byte. */
function manyExtensions(count: number, idLength: number): Buffer {
    const id = Buffer.alloc(idLength)
    const list = times(count, extension(id, hex``))
    const length = Math.idiv(list.length, count)
    // Behind the identifier is an empty value, of two bytes.
    for (let i = 1; i <= count; i++) list[i * length - 3] = i
    return list
}

describe("P9: the effort for a stranger's certificates is bounded", () => {
    test("of long names that differ in their last byte", async () => {
        const list = [
            certificate({
                issuer: longName(1000, 0),
                extensions: leafExtensions(),
            }),
        ]
        for (let i = 1; i < 8; i++)
            list.push(
                certificate({
                    subject: longName(1000, i),
                    extensions: leafExtensions(),
                })
            )
        await expectCode(ErrorCode.X509UnknownIssuer, async () => {
            await validate(list)
        })
    })

    test("of a name as long as a whole certificate message", async () => {
        await expectCode(ErrorCode.X509Malformed, async () => {
            await validate([
                certificate({
                    issuer: longName(3000, 0),
                    extensions: leafExtensions(),
                }),
                certificate({
                    subject: longName(3000, 0),
                    extensions: leafExtensions(),
                }),
            ])
        })
    })

    test("of a path length, or another small number, that is as long as a whole certificate", async () => {
        const bytes = Buffer.alloc(7504)
        bytes.blitAt(0, hex`02 82 1d4c 01`, 0, 5)
        await ds.sleep(1)
        await expectCode(ErrorCode.X509Malformed, () => {
            new Der(bytes, 0, bytes.length).readSmallInteger()
        })
    })

    test("of long algorithm identifiers that are equal", async () => {
        await expectCode(ErrorCode.X509Malformed, async () => {
            await validate([
                certificate({
                    algorithm: longName(3000, 0),
                    extensions: leafExtensions(),
                }),
            ])
        })
    })

    test("of extensions with long identifiers that differ in their last byte", async () => {
        const one = certificate({
            extensions: Buffer.concat(
                leafExtensions(),
                manyExtensions(22, 200)
            ),
        })
        await expectCode(ErrorCode.X509UnknownIssuer, async () => {
            await validate([one])
        })
    })

    test("of as many certificates, extensions and purposes as are allowed", async () => {
        const purposes = extension(
            hex`551d25`,
            der(0x30, times(32, hex`06082b06010505070301`))
        )
        const one = certificate({
            extensions: Buffer.concat(
                manyExtensions(22, 4),
                extension(hex`551d11`, hex`3009 820767617465776179`),
                purposes
            ),
        })
        await expectCode(ErrorCode.X509NotCa, async () => {
            await validate([one, one, one, one, one, one, one, one])
        })
    })

    test("of as many alternative names as are allowed, all but the host's", async () => {
        const one = certificate({
            extensions: extension(
                hex`551d11`,
                der(0x30, times(128, hex`8207 67617465776178`))
            ),
        })
        await expectCode(ErrorCode.X509NameMismatch, async () => {
            await validate([one])
        })
    })

    test("of thousands of empty alternative names", async () => {
        await expectCode(ErrorCode.X509Malformed, async () => {
            await validate([
                certificate({
                    extensions: extension(
                        hex`551d11`,
                        der(0x30, times(2500, hex`8200`))
                    ),
                }),
            ])
        })
    })

    test("of hundreds of alternative names that are almost the host's", async () => {
        await expectCode(ErrorCode.X509Malformed, async () => {
            await validate([
                certificate({
                    extensions: extension(
                        hex`551d11`,
                        der(0x30, times(500, hex`8207 67617465776178`))
                    ),
                }),
            ])
        })
    })

    test("of thousands of purposes", async () => {
        await expectCode(ErrorCode.X509Malformed, async () => {
            await validate([
                certificate({
                    extensions: extension(
                        hex`551d25`,
                        der(0x30, times(2500, hex`0600`))
                    ),
                }),
            ])
        })
    })
})
