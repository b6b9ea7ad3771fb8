/**
 * Public-key operations: the ones that take seconds on a board. Each says its name here before it begins, so that a
 * firmware can show what it is busy with, a test can count them, and the simulator can charge what a board would take.
 *
 * Names: "X25519" (a scalar multiplication; two a key exchange), "RSA-2048" (a public operation, with the modulus' bits),
 * "P-256" (a scalar multiplication), "ECDSA P-256" (a verification).
 */

let listener: (name: string) => void = null

/** Who hears of each operation; one at a time, null for nobody. */
export function onOperation(hears: (name: string) => void): void {
    listener = hears
}

/** Says that an operation begins. */
export function noteOperation(name: string): void {
    if (listener !== null) listener(name)
}
