/** CAs for tests, beside the chain that `makeChain` gives. */
import {
    Certificate,
    CertificateFields,
    issueCertificate,
} from "../sim/pki/certificate"
import { generateKeys, KeyPair } from "../sim/pki/keys"

const YEAR_MS = 365 * 86_400_000

/** A CA that signs itself, or is signed by `fields.issuer`; valid for a year. */
export async function issueCa(
    name: string,
    keys?: KeyPair,
    fields: Partial<CertificateFields> = {}
): Promise<Certificate> {
    return issueCertificate({
        subject: `CN=${name}`,
        keys: keys ?? (await generateKeys({ type: "rsa", bits: 2048 })),
        notBefore: new Date(),
        notAfter: new Date(Date.now() + YEAR_MS),
        basicConstraints: { ca: true },
        keyUsage: ["digitalSignature", "cRLSign", "keyCertSign"],
        ...fields,
    })
}
