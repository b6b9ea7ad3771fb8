/**
 * The certificates that a TLS client has shown, also of one that goes on with an earlier session: then TLS has kept the client's own
 * certificate alone, and the CAs in between are remembered here.
 *
 * Only chains that a device was let in with are remembered, by the device's certificate: what they are worth is judged each time.
 */
import { X509Certificate } from "node:crypto"
import type { TLSSocket } from "node:tls"

/** What a client sends is walked so far. */
const MAX_CERTIFICATES = 8
/** Chains that are remembered; the oldest goes first. */
const MAX_CHAINS = 4096

export class PeerChains {
    private readonly issuers = new Map<string, X509Certificate[]>()

    /** The client's certificate and then what came with it; empty if it has shown none. */
    of(stream: TLSSocket): X509Certificate[] {
        const leaf = stream.getPeerX509Certificate?.()
        if (!leaf) return []
        const chain = [leaf]
        for (
            let next = leaf.issuerCertificate;
            next && chain.length < MAX_CERTIFICATES;
            next = next.issuerCertificate
        )
            chain.push(next)
        return chain.length > 1 || !stream.isSessionReused()
            ? chain
            : [leaf, ...(this.issuers.get(leaf.fingerprint256) ?? [])]
    }

    /** A device was let in with this chain. */
    remember([leaf, ...issuers]: readonly X509Certificate[]): void {
        if (!leaf || !issuers.length) return
        this.issuers.delete(leaf.fingerprint256)
        this.issuers.set(leaf.fingerprint256, issuers)
        if (this.issuers.size > MAX_CHAINS)
            this.issuers.delete(this.issuers.keys().next().value!)
    }
}
