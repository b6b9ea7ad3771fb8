import { describe, test } from "@devicescript/test"
import {
    expandLabel,
    finishedMac,
    HandshakeSecrets,
} from "../../../src/tls/keyschedule"
import { expectBytes } from "../check"

/** Values of the trace in RFC 8448 section 3, "Simple 1-RTT Handshake". */
describe("the key schedule", () => {
    test("derives the handshake secrets of RFC 8448", () => {
        const secrets = new HandshakeSecrets(
            Buffer.alloc(32),
            hex`8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d`.slice(),
            hex`860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8`
        )
        expectBytes(
            secrets.client,
            hex`b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21`
        )
        expectBytes(
            secrets.server,
            hex`b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38`
        )
        // Transcript up to the server's Finished.
        const finishedHash = hex`9608102a0f1ccc6db6250b7b7e417b1a000eaada3daae4777a7686c9ff83df13`
        expectBytes(
            secrets.applicationSecret("c ap traffic", finishedHash),
            hex`9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5`
        )
        expectBytes(
            secrets.applicationSecret("s ap traffic", finishedHash),
            hex`a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643`
        )
    })

    test("derives the server's handshake key and IV of RFC 8448", () => {
        const secret = hex`b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38`
        expectBytes(
            expandLabel(secret, "key", hex``, 16),
            hex`3fce516009c21727d0f2e4e86ee403bc`
        )
        expectBytes(
            expandLabel(secret, "iv", hex``, 12),
            hex`5d313eb2671276ee13000b30`
        )
    })

    test("makes the client's Finished of RFC 8448", () => {
        expectBytes(
            finishedMac(
                hex`b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21`,
                hex`9608102a0f1ccc6db6250b7b7e417b1a000eaada3daae4777a7686c9ff83df13`
            ),
            hex`a8ec436d677634ae525ac1fcebe11a039ec17694fac6e98527b642f2edd5ce61`
        )
    })
})
