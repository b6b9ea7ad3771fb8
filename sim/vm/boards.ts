/**
 * The boards that the simulator can be as slow as, and the seconds that a public-key operation takes on each.
 *
 * No board was at hand. The basis are studies of the same algorithms: the instructions that the VM retires for them,
 * counted at the boards' own optimisation level, divided by clock and instructions a cycle (ESP32-C3: 160 MHz, 0.75;
 * RP2040: 133 MHz, 0.67). Real cache misses and Wi-Fi load are unknown. That gives seconds an opcode of the VM; times
 * the opcodes of our own code, they are the seconds here. Opcodes are counted exactly, the studies' and ours, in the VM
 * (`opcodes.ts`); a test counts ours again, and `npm run bench` prints them.
 *
 * What else a connection does (records, certificates, key schedule) is not charged.
 */

export type BoardName = "esp32-c3" | "pico-w"

interface Study {
    opcodes: number
    seconds: Record<BoardName, number>
}

/** The studies: unrolled X25519; RSA in blocks of 11; ECDSA in microcode. */
const STUDIES: Record<"x25519" | "rsa2048" | "rsa4096" | "ecdsaP256", Study> = {
    x25519: {
        opcodes: 1_966_800,
        seconds: { "esp32-c3": 4.6, "pico-w": 7.8 },
    },
    rsa2048: {
        opcodes: 1_580_855,
        seconds: { "esp32-c3": 3.4, "pico-w": 5.5 },
    },
    rsa4096: {
        opcodes: 5_790_881,
        seconds: { "esp32-c3": 12.5, "pico-w": 20 },
    },
    ecdsaP256: {
        opcodes: 5_458_999,
        seconds: { "esp32-c3": 11.4, "pico-w": 19 },
    },
}

/** What our own code takes for an operation: its opcodes, and the study that it is like. */
const OPERATIONS: Record<string, { opcodes: number; like: Study }> = {
    X25519: { opcodes: 3_165_000, like: STUDIES.x25519 },
    "RSA-2048": { opcodes: 1_754_000, like: STUDIES.rsa2048 },
    "RSA-3072": { opcodes: 3_636_000, like: STUDIES.rsa4096 },
    "RSA-4096": { opcodes: 6_196_000, like: STUDIES.rsa4096 },
    // Of another's point; a key of one's own takes a quarter of it, and is charged the same.
    "P-256": { opcodes: 4_250_000, like: STUDIES.ecdsaP256 },
    "ECDSA P-256": { opcodes: 4_650_000, like: STUDIES.ecdsaP256 },
}

/** A board, as far as its speed goes. */
export interface Board {
    name: BoardName
    title: string
}

export const BOARDS: Record<BoardName, Board> = {
    "esp32-c3": { name: "esp32-c3", title: "ESP32-C3" },
    "pico-w": { name: "pico-w", title: "Raspberry Pi Pico W" },
}

/** The operations whose time is known. */
export const KNOWN_OPERATIONS = Object.keys(OPERATIONS)

/**
 * Opcodes that an operation takes.
 *
 * @param name as the firmware says it, see `src/crypto/operation.ts`
 * @throws Error for a name that is not known: nothing must be for free by mistake
 */
export function operationOpcodes(name: string): number {
    return operation(name).opcodes
}

/** Seconds that an operation takes on a board; as `operationOpcodes`. */
export function operationSeconds(board: Board, name: string): number {
    const { opcodes, like } = operation(name)
    return opcodesSeconds(board, opcodes, like)
}

/** Seconds that opcodes of arithmetic take on a board. Opcodes that call functions take longer. */
export function opcodesSeconds(
    board: Board,
    opcodes: number,
    like = STUDIES.rsa2048
): number {
    return (opcodes * like.seconds[board.name]) / like.opcodes
}

function operation(name: string): { opcodes: number; like: Study } {
    const known = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined
    if (known) return known
    const bits = Number(/^RSA-(\d+)$/.exec(name)?.[1])
    if (!bits)
        throw new Error(`The time that ${name} takes on a board is not known.`)
    // Keys of odd lengths: between the two that are measured.
    const small = OPERATIONS["RSA-2048"].opcodes
    const exponent = Math.log2(OPERATIONS["RSA-4096"].opcodes / small)
    return {
        opcodes: Math.round(small * (bits / 2048) ** exponent),
        like: STUDIES.rsa4096,
    }
}
