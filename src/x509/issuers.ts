/**
 * Certificates whose signatures were verified before, up to a pinned anchor (check P10): what makes a second connection cost
 * one public-key operation instead of four.
 *
 * An id is SHA-256 over the id of what the certificate was verified under, followed by the whole of the certificate's DER.
 * At the top stands SHA-256 over the anchor's name and key. So an id says: these bytes, under these issuers, under that
 * anchor. Only the signature check is skipped for it; every other check is made each time.
 *
 * Where ids are kept is the application's: see `app/issuermemory.ts`.
 */

/** A part: without it every signature is verified each time. */
export interface VerifiedIssuers {
    /** @param id 32 bytes */
    has(id: Buffer): boolean

    /**
     * Called right after the certificate's signature was verified, and those above it before: a connection that is cut in
     * the middle of a long chain goes on there the next time.
     */
    add(id: Buffer): Promise<void>
}
