/** Writes DER for tests of its reader, in both worlds: small certificates in which everything can be chosen. */

/** An element with a minimal length. */
export function der(tag: number, content: Buffer): Buffer {
    const length = content.length
    const size = length < 0x80 ? 0 : length < 0x100 ? 1 : 2
    const result = Buffer.alloc(2 + size + length)
    result[0] = tag
    if (size === 0) result[1] = length
    else {
        result[1] = 0x80 + size
        if (size === 2) result[2] = length >> 8
        result[1 + size] = length & 255
    }
    result.blitAt(2 + size, content, 0, length)
    return result
}

/** The same content `count` times; in few steps, because the VM counts them. */
export function times(count: number, content: Buffer): Buffer {
    const result = Buffer.alloc(count * content.length)
    result.blitAt(0, content, 0, content.length)
    let filled = content.length
    while (filled < result.length) {
        // Clamped at the end of the buffer.
        result.blitAt(filled, result.slice(0, filled), 0, filled)
        filled = 2 * filled
    }
    return result
}

/** sha256WithRSAEncryption as a whole AlgorithmIdentifier. */
export function algorithm(): Buffer {
    return hex`300d 06092a864886f70d01010b 0500`
}

export interface Fields {
    /** Whole names; CN=gateway if left out. */
    issuer?: Buffer
    subject?: Buffer
    /** The whole AlgorithmIdentifier, used inside and outside. */
    algorithm?: Buffer
    /** The key's bits; a modulus of one byte if left out. */
    key?: Buffer
    signature?: Buffer
    /** Content of the list of extensions. */
    extensions: Buffer
    /** Content of the validity; 2020 to 2049 if left out. */
    validity?: Buffer
}

/** CN=gateway */
export function commonName(): Buffer {
    return hex`3012 3110 300e 0603550403 0c0767617465776179`
}

/** A certificate of 2020 to 2049 with a key and a signature of a few bytes: good in form, and for nothing else. */
export function certificate(fields: Fields): Buffer {
    const name = commonName()
    const signature =
        fields.algorithm !== undefined ? fields.algorithm : algorithm()
    const keyBits =
        fields.key !== undefined ? fields.key : hex`3008020300c5010201 03`
    const tbs = der(
        0x30,
        Buffer.concat(
            hex`a003020102 020101`,
            signature,
            fields.issuer !== undefined ? fields.issuer : name,
            der(
                0x30,
                fields.validity !== undefined
                    ? fields.validity
                    : hex`170d3230303130313030303030305a 170d3439303130313030303030305a`
            ),
            fields.subject !== undefined ? fields.subject : name,
            keyInfo(keyBits),
            der(0xa3, der(0x30, fields.extensions))
        )
    )
    const bits = fields.signature !== undefined ? fields.signature : hex`0102`
    return der(0x30, Buffer.concat(tbs, signature, bitString(bits)))
}

function bitString(bits: Buffer): Buffer {
    return der(0x03, Buffer.concat(hex`00`, bits))
}

/** SubjectPublicKeyInfo of the kind rsaEncryption. */
export function keyInfo(bits: Buffer): Buffer {
    return der(
        0x30,
        Buffer.concat(hex`300d06092a864886f70d0101010500`, bitString(bits))
    )
}

/** An extension that is not critical. @param id content of its object identifier */
export function extension(id: Buffer, value: Buffer): Buffer {
    return der(0x30, Buffer.concat(der(0x06, id), der(0x04, value)))
}
