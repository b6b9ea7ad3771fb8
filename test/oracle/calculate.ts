/** How tests ask the device's cryptography, wherever it runs; and the implementation of that under Node. */
import { Buffer as DeviceBuffer } from "../../sim/shim/buffer"
import { Random, seededRandom } from "../random"

const firmware = module.require("../src/crypto/calculate") as {
    Operation: Record<string, number>
    calculate(
        operation: number,
        fields: InstanceType<typeof DeviceBuffer>[]
    ): Promise<Uint8Array>
}

/** See `Operation` in test/src/crypto/calculate.ts. */
export const { Operation } = firmware

export const { ErrorCode } = module.require("../../src/errors") as {
    ErrorCode: Record<string, number>
}

export interface Answer {
    /** Of the LeafError, or 0. */
    code: number
    result: Buffer
}

export type Calculate = (
    operation: number,
    ...fields: Uint8Array[]
) => Promise<Answer>

export function readAnswer(bytes: Uint8Array): Answer {
    const answer = Buffer.from(bytes)
    return { code: answer.readUInt16BE(0), result: answer.subarray(2) }
}

/** A number as a field. */
export function uint16(value: number): Buffer {
    const bytes = Buffer.alloc(2)
    bytes.writeUInt16BE(value)
    return bytes
}

/**
 * Calculates under Node, through the shim.
 *
 * Device code yields by sleeping a millisecond, a hundred thousand times in these tests. Once this was called, a sleep
 * of a millisecond of this process yields without the wait.
 */
export function calculateHere(): Calculate {
    const wait = setTimeout
    globalThis.setTimeout = ((body: () => void, ms: number) =>
        ms === 1 ? setImmediate(body) : wait(body, ms)) as typeof setTimeout
    return async (operation, ...fields) =>
        readAnswer(
            await firmware.calculate(
                operation,
                fields.map(field => DeviceBuffer.from(field))
            )
        )
}

/**
 * Runs `count` cases, some at a time: device code yields now and then, so that they overlap. That they do not disturb
 * each other is part of what is tested. Each case has a generator of its own, whatever the order they come in.
 */
export async function runCases(
    what: string,
    count: number,
    one: (random: Random, label: string) => Promise<void>,
    atATime = 8
): Promise<void> {
    const { seed } = seededRandom(what)
    let next = 0
    const worker = async () => {
        while (next < count) {
            const index = next++
            await one(new Random(seed + index), `${what}, case ${index}`)
        }
    }
    await Promise.all(Array.from({ length: atATime }, worker))
}
