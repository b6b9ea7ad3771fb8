/**
 * The boards that the simulator can be as slow as, and the seconds that a public-key operation takes on each.
 *
 * No board was at hand. The basis are instructions that the VM retires (counted in an emulator, at the boards' own
 * optimisation level), divided by clock and by instructions a cycle: real cache misses and Wi-Fi load are unknown. The
 * instructions were counted for studies of the same algorithms; where our code takes more opcodes of the VM than they
 * did, the seconds grow with them. `npm run bench` prints the opcodes and says how they are counted.
 *
 * | operation     | instructions of the study | ESP32-C3 | RP2040 | our opcodes / the study's |
 * | ------------- | ------------------------- | -------- | ------ | ------------------------- |
 * | X25519        | 556 M                     | 4.6 s    | 7.8 s  | see `X25519_RATIO`        |
 * | RSA-2048      | 404 M                     | 3.4 s    | 5.5 s  | see `RSA_RATIO`           |
 * | RSA-4096      | 1500 M                    | 12.5 s   | 20 s   | the same                  |
 * | ECDSA P-256   | 1373 M                    | 11.4 s   | 19 s   | see `P256_RATIO`          |
 *
 * ESP32-C3: 160 MHz, 0.75 instructions a cycle. RP2040: 133 MHz, 0.67, and more instructions, as it has another set of
 * them. Only public-key operations are charged: see `test/e2e/boardtime.test.ts` for what the rest comes to.
 */

/** A board, as far as its speed goes. */
export interface Board {
    name: string
    /** Seconds of an X25519 scalar multiplication. */
    x25519: number
    /** Seconds of an RSA public operation, modulus of 2048 and of 4096 bits; other lengths lie on a power law. */
    rsa2048: number
    rsa4096: number
    /** Seconds of an ECDSA P-256 verification. */
    ecdsaP256: number
}

/** Ours has no unrolled multiplication, to be smaller: 1.6 times the study's opcodes. */
const X25519_RATIO = 1.6

const RSA_RATIO = 1

const P256_RATIO = 1

/** A verification is two scalar multiplications done together; a key share takes one. */
const P256_MULTIPLICATION = 0.8

export const BOARDS: Record<string, Board> = {
    "esp32-c3": {
        name: "ESP32-C3",
        x25519: 4.6 * X25519_RATIO,
        rsa2048: 3.4 * RSA_RATIO,
        rsa4096: 12.5 * RSA_RATIO,
        ecdsaP256: 11.4 * P256_RATIO,
    },
    "pico-w": {
        name: "Raspberry Pi Pico W",
        x25519: 7.8 * X25519_RATIO,
        rsa2048: 5.5 * RSA_RATIO,
        rsa4096: 20 * RSA_RATIO,
        ecdsaP256: 19 * P256_RATIO,
    },
}

/**
 * Seconds that an operation takes on a board.
 *
 * @param name as the firmware says it, see `src/crypto/operation.ts`
 * @throws Error for a name that is not known: nothing must be for free by mistake
 */
export function operationSeconds(board: Board, name: string): number {
    if (name === "X25519") return board.x25519
    if (name === "ECDSA P-256") return board.ecdsaP256
    if (name === "P-256") return board.ecdsaP256 * P256_MULTIPLICATION
    const bits = Number(/^RSA-(\d+)$/.exec(name)?.[1])
    if (bits)
        return (
            board.rsa2048 *
            (bits / 2048) ** Math.log2(board.rsa4096 / board.rsa2048)
        )
    throw new Error(`The time that ${name} takes on a board is not known.`)
}
