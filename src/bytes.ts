/** Small functions over buffers, and one over lists, that more than one layer uses. Big-endian is the byte order of every protocol here. */

/** Whether two buffers hold the same bytes. For public values: it stops at the first difference. */
export function equalBytes(a: Buffer, b: Buffer): boolean {
    if (a.length !== b.length) return false
    for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
    return true
}

/**
 * Whether two buffers of public, equal length hold the same bytes, looked at in full whatever they hold (check D1).
 * The interpreter gives no promise about time; this one has no early exit.
 */
export function equalSecrets(a: Buffer, b: Buffer): boolean {
    if (a.length !== b.length) return false
    let difference = 0
    for (let i = 0; i < a.length; i++) difference = difference | (a[i] ^ b[i])
    return difference === 0
}

/** Overwrites a secret with zeros. Copies that the runtime made of it are out of reach. */
export function wipe(secret: Buffer): void {
    secret.fillAt(0, secret.length, 0)
}

export function writeUint16(to: Buffer, at: number, value: number): void {
    to[at] = value >> 8
    to[at + 1] = value
}

export function readUint24(from: Buffer, at: number): number {
    return (from[at] << 16) | (from[at + 1] << 8) | from[at + 2]
}

export function writeUint24(to: Buffer, at: number, value: number): void {
    to[at] = value >> 16
    to[at + 1] = value >> 8
    to[at + 2] = value
}

/** Takes an element out of a list; the later ones move up. */
export function removeAt<T>(list: T[], index: number): void {
    for (let i = index + 1; i < list.length; i++) list[i - 1] = list[i]
    list.pop()
}
