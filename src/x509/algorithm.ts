/**
 * Names of algorithms that are refused, so that an error says what the owner has to change.
 *
 * Identifiers are from RFC 3279, 4055, 5480, 5639, 5758, 8410 and 9881. One that is not in the table is shown in dotted form.
 */
import { Der, Tag } from "./der"

/** The content of each object identifier in hexadecimal, and its name. A string is no code. */
const NAMES =
    ";2a864886f70d010101 RSA" +
    ";2a864886f70d010102 RSA with MD2" +
    ";2a864886f70d010104 RSA with MD5" +
    ";2a864886f70d010105 RSA with SHA-1" +
    ";2a864886f70d01010a RSA-PSS" +
    ";2a864886f70d01010b RSA with SHA-256" +
    ";2a864886f70d01010c RSA with SHA-384" +
    ";2a864886f70d01010d RSA with SHA-512" +
    ";2a864886f70d01010e RSA with SHA-224" +
    // Seen alone where no curve is named (X3).
    ";2a8648ce3d0201 EC without a named curve" +
    ";2a8648ce3d030101 P-192" +
    ";2b81040021 P-224" +
    ";2a8648ce3d030107 P-256" +
    ";2b81040022 P-384" +
    ";2b81040023 P-521" +
    ";2b8104000a secp256k1" +
    ";2b2403030208010107 brainpoolP256r1" +
    ";2b240303020801010b brainpoolP384r1" +
    ";2b240303020801010d brainpoolP512r1" +
    ";2a8648ce3d0401 ECDSA with SHA-1" +
    ";2a8648ce3d040301 ECDSA with SHA-224" +
    ";2a8648ce3d040302 ECDSA with SHA-256" +
    ";2a8648ce3d040303 ECDSA with SHA-384" +
    ";2a8648ce3d040304 ECDSA with SHA-512" +
    ";2a8648ce380401 DSA" +
    ";2a8648ce380403 DSA with SHA-1" +
    ";608648016503040301 DSA with SHA-224" +
    ";608648016503040302 DSA with SHA-256" +
    ";2b656e X25519" +
    ";2b6570 Ed25519" +
    ";2b6571 Ed448" +
    ";608648016503040311 ML-DSA-44" +
    ";608648016503040312 ML-DSA-65" +
    ";608648016503040313 ML-DSA-87;"

/** Where the dotted form of a stranger's identifier ends. */
const MAX_DOTTED_LENGTH = 40

/**
 * What an algorithm is called. Of an EC key that is its curve.
 *
 * @param identifier content of an AlgorithmIdentifier
 * @throws LeafError X509Malformed
 */
export function algorithmName(identifier: Der): string {
    let id = identifier.read(Tag.ObjectIdentifier)
    if (identifier.peek() === Tag.ObjectIdentifier)
        id = identifier.read(Tag.ObjectIdentifier)
    const key = `;${id.hex()} `
    const at = NAMES.indexOf(key) + key.length
    if (at >= key.length) return NAMES.slice(at, NAMES.indexOf(";", at))

    let text = ""
    let arc = 0
    while (id.at < id.end && text.length < MAX_DOTTED_LENGTH) {
        const byte = id.bytes[id.at]
        id.at = id.at + 1
        arc = arc * 128 + (byte & 0x7f)
        if (byte < 0x80) {
            if (text) text = `${text}.${arc}`
            // X.690 8.19.4: the first two arcs are one number.
            else if (arc < 80) text = `${Math.idiv(arc, 40)}.${arc % 40}`
            else text = `2.${arc - 80}`
            arc = 0
        }
    }
    return text
}
