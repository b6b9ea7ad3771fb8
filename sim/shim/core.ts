/** The part of `@devicescript/core` that pure device sources use, under Node. */

// DeviceScript has it, JavaScript has not: integer division, towards zero.
;(Math as unknown as { idiv(a: number, b: number): number }).idiv = (a, b) =>
    Math.trunc(a / b)

/** Lets other work run, as in the VM: the event loop hears the network from 1 ms on. */
export async function sleep(ms: number): Promise<void> {
    // One millisecond is the VM's shortest pause that lets the network be heard; here the event loop does without it.
    if (ms === 1) await new Promise(resolve => setImmediate(resolve))
    else if (ms > 0) await new Promise(resolve => setTimeout(resolve, ms))
}

/** Milliseconds since the start, an integer. */
export function millis(): number {
    return Math.floor(performance.now())
}

// DeviceScript has it, JavaScript has not: calls a function in a fiber of its own. It starts when the caller pauses, and an
// exception that leaves it ends the program, as in the VM.
;(Function.prototype as unknown as { start: unknown }).start = function (
    this: (...args: unknown[]) => unknown,
    ...args: unknown[]
): void {
    queueMicrotask(() => void this(...args))
}
