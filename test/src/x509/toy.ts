/**
 * A toy of a signature scheme and of a PKI made with it, for tests of how paths are built: a signature is right if it is the
 * issuer's key. It protects nothing, and costs next to nothing: every graph of certificates can be made in both worlds.
 */
import { ErrorCode, fail } from "../../../src/errors"
import { Der } from "../../../src/x509/der"
import {
    PathPolicy,
    TrustAnchor,
    readTrustAnchor,
    ValidatedPath,
    validatePath,
} from "../../../src/x509/path"
import { SignatureScheme } from "../../../src/x509/scheme"
import { certificate, der, extension, Fields, keyInfo } from "./write"

/** Writes down each verification, by the text of the key and of what is signed below it. */
export class ToyScheme implements SignatureScheme {
    code = 0x0401
    inTls13 = false
    keyAlgorithm = hex`06092a864886f70d010101 0500`
    certificateAlgorithm = hex`06092a864886f70d01010b 0500`
    /** The keys that were used, in this order. */
    used = ""

    async verify(
        keyBits: Der,
        signed: Buffer,
        signature: Buffer
    ): Promise<void> {
        this.used = this.used + keyBits.copy().toString() + " "
        if (keyBits.hex() !== signature.toString("hex"))
            fail(ErrorCode.CryptoBadSignature, "toy: the signature is wrong")
    }
}

/** A name of one CN. */
export function toyName(text: string): Buffer {
    return der(
        0x30,
        der(
            0x31,
            der(
                0x30,
                Buffer.concat(hex`0603550403`, der(0x0c, Buffer.from(text)))
            )
        )
    )
}

export function basicConstraints(value: Buffer): Buffer {
    return extension(hex`551d13`, value)
}

/** A CA's certificate. @param signedBy the issuer's key */
export function toyCa(
    subject: string,
    key: string,
    issuer: string,
    signedBy: string,
    extensions: Buffer = basicConstraints(hex`3003 0101ff`)
): Fields {
    return {
        subject: toyName(subject),
        key: Buffer.from(key),
        issuer: toyName(issuer),
        signature: Buffer.from(signedBy),
        extensions,
    }
}

/** The server's certificate, for "gateway". */
export function toyLeaf(issuer: string, signedBy: string): Fields {
    return toyCa(
        "gateway",
        "leaf",
        issuer,
        signedBy,
        Buffer.concat(
            extension(hex`551d11`, hex`3009 820767617465776179`),
            extension(hex`551d25`, hex`300a 06082b06010505070301`)
        )
    )
}

export function toyAnchor(name: string, key: string): TrustAnchor {
    return readTrustAnchor(
        Buffer.concat(toyName(name), keyInfo(Buffer.from(key)))
    )
}

/** The policy of 2027 for "gateway". */
export function toyPolicy(
    scheme: SignatureScheme,
    ...anchors: TrustAnchor[]
): PathPolicy {
    return {
        anchors,
        schemes: [scheme],
        host: "gateway",
        nowSec: 1800000000,
        floorSec: 0,
    }
}

export async function validateFields(
    policy: PathPolicy,
    sent: Fields[]
): Promise<ValidatedPath> {
    const cursors: Der[] = []
    for (const fields of sent) {
        const one = certificate(fields)
        cursors.push(new Der(one, 0, one.length))
    }
    return await validatePath(cursors, policy)
}
