/**
 * Server certificates that a device must not take, each for one reason: what a gateway's fault `certificate` serves.
 *
 * All have the same key pair, and the site's own issuers unless that is what is wrong.
 */
import type { UnfitName } from "../gateway/faultoptions"
import type { ServerCertificate } from "../gateway/options"
import { pemChain, type Certificate } from "./certificate"
import { issueServer, makeChain } from "./chain"
import { KeyPool, privateKeyPem } from "./keys"

const DAY_MS = 86_400_000

/** How far a certificate is off, on either side: more than any clock of a device is. */
const OFF_DAYS = 60

export interface UnfitOptions {
    /** Whom devices ask for. */
    names: string[]
    edgeCa: Certificate
    /** What is sent after the Edge CA, PEM. */
    intermediatePem: string
    keyType?: "rsa" | "ec"
    now?: Date
}

export async function unfitCertificates(
    options: UnfitOptions
): Promise<Record<UnfitName, ServerCertificate>> {
    const { names, edgeCa, intermediatePem, keyType } = options
    const nowMs = (options.now ?? new Date()).getTime()
    const keys = new KeyPool()
    const issuers = pemChain(edgeCa) + intermediatePem
    const issue = async (offDays: number, ...otherNames: string[]) =>
        issueServer(edgeCa, {
            names: otherNames.length ? otherNames : names,
            keyType,
            keys,
            now: new Date(nowMs + offDays * DAY_MS),
        })
    const expired = await issue(-OFF_DAYS)
    const notYetValid = await issue(OFF_DAYS)
    const wrongName = await issue(0, "another.test")
    const good = await issue(0)
    const other = await makeChain({
        names,
        owner: "Another owner",
        caBits: 2048,
        keyType,
        keys,
        now: new Date(nowMs),
    })
    const key = privateKeyPem(good.keys)
    const served = (certificate: Certificate) => ({
        cert: pemChain(certificate) + issuers,
        key,
    })
    return {
        expired: served(expired),
        "not-yet-valid": served(notYetValid),
        "wrong-name": served(wrongName),
        "other-issuer": { cert: other.chainPem, key },
        incomplete: { cert: pemChain(good), key },
    }
}
