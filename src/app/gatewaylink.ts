/** How a leaf opens links to its gateway: the settings' address, name and pinned CAs, and the firmware's TLS parts. */
import { type Link, openLink } from "../net/link"
import type { TlsParts } from "../tls/part"
import type { Resumption } from "../tls/session"
import type { VerifiedIssuers } from "../x509/issuers"
import { type TrustAnchor, readTrustAnchor } from "../x509/path"
import type { Clock } from "./clock"
import type { OpenLink } from "./leaf"
import type { Settings } from "./settings"

/**
 * A gateway's new certificate begins now. The device's clock may be behind by 1 s, as a Date has whole seconds, and by 4 to 9 s for
 * each day since it was read.
 */
const CLOCK_BEHIND_SEC = 60

/**
 * The opener for `new Leaf`.
 *
 * @param parts what TLS may use, such as `rsaSet()`: only what is named here is in the image
 * @param remember gives the memory of verified certificates below these anchors, such as `rememberIssuers`; null: every
 * signature is verified at each connection
 * @param resume gives what resumes the session of a slot, such as `resumeSession`; null: every handshake is a full one
 */
export function gatewayLink(
    parts: TlsParts,
    remember: (anchors: Buffer[]) => Promise<VerifiedIssuers> = null,
    resume: (slot: number) => Resumption = null
): OpenLink {
    return async (
        port: number,
        settings: Settings,
        clock: Clock
    ): Promise<Link> => {
        const anchors: TrustAnchor[] = []
        for (const anchor of settings.anchors)
            anchors.push(readTrustAnchor(anchor))
        return await openLink({
            parts,
            anchors,
            address: settings.gatewayAddress,
            port,
            host: settings.gateway,
            nowSec: clock.known ? clock.nowSec() : -1,
            floorSec: clock.floorSec,
            clockBehindSec: CLOCK_BEHIND_SEC,
            issuers:
                remember !== null ? await remember(settings.anchors) : null,
            resumption:
                resume !== null
                    ? resume(port === settings.mqttPort ? 1 : 2)
                    : undefined,
        })
    }
}
