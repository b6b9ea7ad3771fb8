/** Certificates whose signatures were verified before, up to a pinned anchor. */

/** A part: without it everything is verified each time. */
export interface VerifiedIssuers {
    has(id: Buffer): boolean
    add(id: Buffer): Promise<void>
}
