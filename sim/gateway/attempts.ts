/**
 * How often somebody may fail, told apart by a name: after MAX_FAILURES within WINDOW_MS there is nothing until the window is over.
 *
 * It spares work and logs; what keeps guessers out is the length of a secret. The table has an end: the name that has failed longest ago
 * is forgotten first.
 */

export const MAX_FAILURES = 5
export const WINDOW_MS = 60_000
export const MAX_NAMES = 1_000

interface Row {
    count: number
    endMs: number
}

export class Attempts {
    private readonly rows = new Map<string, Row>()

    /** How long this one has to wait; 0: not at all. */
    waitMs(name: string, nowMs: number): number {
        const row = this.rows.get(name)
        if (!row || row.endMs <= nowMs || row.count < MAX_FAILURES) return 0
        return row.endMs - nowMs
    }

    failed(name: string, nowMs: number): void {
        const old = this.rows.get(name)
        const count = old && old.endMs > nowMs ? old.count + 1 : 1
        // To the end of the table.
        this.rows.delete(name)
        this.rows.set(name, { count, endMs: nowMs + WINDOW_MS })
        if (this.rows.size <= MAX_NAMES) return
        const [first] = this.rows.keys()
        this.rows.delete(first)
    }

    succeeded(name: string): void {
        this.rows.delete(name)
    }
}
