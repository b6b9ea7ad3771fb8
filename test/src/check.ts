/** Assertions for tests that run in both worlds: under Node and in the VM. */
import { expect } from "@devicescript/test"
import { errorCode } from "../../src/errors"

export function expectBytes(actual: Buffer, expected: Buffer): void {
    expect(actual.toString("hex")).toBe(expected.toString("hex"))
}

/** Runs `body` and asserts that it throws a LeafError with this code. */
export async function expectCode(
    code: number,
    body: () => void | Promise<void>
): Promise<void> {
    let seen = -1
    try {
        await body()
    } catch (e: any) {
        seen = errorCode(e)
        if (seen === 0) throw e
    }
    expect(seen).toBe(code)
}
