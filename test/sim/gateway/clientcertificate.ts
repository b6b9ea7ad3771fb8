/** Certificates of devices and of the CAs above them, with EC keys that the tests of a process share. */
import {
    CLIENT_AUTH,
    issueCertificate,
    type Certificate,
    type CertificateFields,
} from "../../../sim/pki/certificate"
import {
    generateKeys,
    privateKeyPem,
    type KeyPair,
} from "../../../sim/pki/keys"

const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS

const shared: Promise<KeyPair>[] = []
/** The same key for the same number. */
export const key = (n: number): Promise<KeyPair> =>
    (shared[n] ??= generateKeys({ type: "ec" }))

export type Change = Partial<CertificateFields>

const times = () => ({
    notBefore: new Date(Date.now() - HOUR_MS),
    notAfter: new Date(Date.now() + 10 * DAY_MS),
})

/** A CA; its own root without an issuer. */
export async function ca(
    name: string,
    n: number,
    change: Change = {}
): Promise<Certificate> {
    return issueCertificate({
        subject: `CN=${name}`,
        keys: await key(n),
        ...times(),
        basicConstraints: { ca: true, critical: true },
        keyUsage: ["keyCertSign"],
        subjectKeyIdentifier: true,
        authorityKeyIdentifier: true,
        ...change,
    })
}

/** A device's certificate; self-signed without an issuer. */
export async function leaf(
    name: string,
    n: number,
    change: Change = {}
): Promise<Certificate> {
    return issueCertificate({
        subject: `CN=${name}`,
        keys: await key(n),
        ...times(),
        basicConstraints: { ca: false },
        keyUsage: ["digitalSignature"],
        extendedKeyUsage: [CLIENT_AUTH],
        ...change,
    })
}

/** What a TLS client shows. */
export function shows(own: Certificate, ...above: Certificate[]) {
    return {
        cert: [own, ...above].map(({ pem }) => pem).join(""),
        key: privateKeyPem(own.keys),
    }
}
