/** Time as the VM host sees it. Tests may hand in another one, which runs faster or stands still. */
export interface Clock {
    /** Milliseconds since 1970. */
    now(): number
    setTimeout(callback: () => void, delayMs: number): unknown
    clearTimeout(timer: unknown): void
}

/** The clock on the wall. */
export const realClock: Clock = {
    now: () => Date.now(),
    setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
    clearTimeout: timer => clearTimeout(timer as NodeJS.Timeout),
}
