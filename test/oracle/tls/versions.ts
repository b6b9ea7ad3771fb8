/** The hostile servers of both versions, for tests of what is the same in both. */
import type {
    CommonFaults,
    HostileServer,
    Step,
} from "../../../sim/faults/hostile"
import { TlsServer12 } from "../../../sim/faults/tlsserver12"
import { TlsServer13 } from "../../../sim/faults/tlsserver13"
import type { ServerClass } from "../tlssite"

export interface Version {
    name: string
    Server: ServerClass<CommonFaults, HostileServer>
    /** Its suites for an RSA key. */
    suites: { name: string; code: number }[]
    /** What a server sends in a full handshake, without what it may leave out. */
    steps: Step[]
    /** The first step whose records are protected. */
    protectedFrom: Step
}

export const VERSIONS: Version[] = [
    {
        name: "TLS 1.2",
        Server: TlsServer12 as Version["Server"],
        suites: [
            { name: "AES-128-GCM", code: 0xc02f },
            { name: "ChaCha20-Poly1305", code: 0xcca8 },
        ],
        steps: [
            "serverHello",
            "certificate",
            "serverKeyExchange",
            "serverHelloDone",
            "changeCipherSpec",
            "finished",
        ],
        protectedFrom: "finished",
    },
    {
        name: "TLS 1.3",
        Server: TlsServer13 as Version["Server"],
        suites: [
            { name: "AES-128-GCM", code: 0x1301 },
            { name: "ChaCha20-Poly1305", code: 0x1303 },
        ],
        steps: [
            "serverHello",
            "encryptedExtensions",
            "certificate",
            "certificateVerify",
            "finished",
        ],
        protectedFrom: "encryptedExtensions",
    },
]
