/** `@devicescript/test` on Node's test runner, with the same matchers. */
import assert from "node:assert/strict"
export { describe, test, beforeEach, afterEach } from "node:test"

class Expect<T> {
    constructor(
        private readonly value: T,
        private readonly negated = false
    ) {}

    not(): Expect<T> {
        return new Expect(this.value, !this.negated)
    }

    toBe(other: T): void {
        if (this.negated) assert.notStrictEqual(this.value, other)
        else assert.strictEqual(this.value, other)
    }

    toThrow(): void {
        assert.throws(this.value as () => void)
    }
}

export function expect<T>(value: T): Expect<T> {
    return new Expect(value)
}
