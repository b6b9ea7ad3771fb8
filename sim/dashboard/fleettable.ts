/** The table of `leaf fleet`: a line a device while there is room, and the sums. */
import type { FleetRow, FleetState } from "../simulation/fleet"

export interface FleetTotals {
    devices: number
    states: Partial<Record<FleetState, number>>
    messages: number
    perMinute: number
    panics: number
}

export function totalsOf(rows: readonly FleetRow[]): FleetTotals {
    const states: FleetTotals["states"] = {}
    for (const { state } of rows) states[state] = (states[state] ?? 0) + 1
    const sum = (value: (row: FleetRow) => number) =>
        rows.reduce((all, row) => all + value(row), 0)
    return {
        devices: rows.length,
        states,
        messages: sum(row => row.messages),
        perMinute: sum(row => row.perMinute),
        panics: sum(row => row.panics),
    }
}

/** One line. */
export function describeTotals(totals: FleetTotals): string {
    const states = Object.entries(totals.states)
        .map(([state, count]) => `${count} ${state}`)
        .join(", ")
    return `${totals.devices} devices: ${states}; ${totals.messages} messages, ${totals.perMinute} a minute${totals.panics ? `; ${totals.panics} panics` : ""}`
}

const COLUMNS = [
    "device",
    "state",
    "messages",
    "a minute",
    "heartbeats",
    "connections",
    "panics",
    "last seen",
] as const

/** The states that somebody should look at come first when there is no room for all. */
const URGENCY: readonly FleetState[] = [
    "lost",
    "late",
    "away",
    "starting",
    "connected",
    "waiting",
]

/** @param room how many lines there may be, the head and the sums among them */
export function fleetTable(
    rows: readonly FleetRow[],
    nowMs: number,
    room: number
): string[] {
    const most = Math.max(room - 3, 1)
    const shown =
        rows.length <= most
            ? rows
            : [...rows]
                  .sort(
                      (a, b) =>
                          URGENCY.indexOf(a.state) - URGENCY.indexOf(b.state)
                  )
                  .slice(0, most)
    const cells = shown.map(row => [
        row.deviceId,
        row.state,
        String(row.messages),
        String(row.perMinute),
        String(row.heartbeats),
        String(row.connections),
        String(row.panics),
        row.lastSeenMs === undefined
            ? "never"
            : `${Math.max(Math.round((nowMs - row.lastSeenMs) / 1000), 0)} s ago`,
    ])
    const widths = COLUMNS.map((name, i) =>
        Math.max(name.length, ...cells.map(row => row[i].length))
    )
    const line = (texts: readonly string[]) =>
        texts
            .map((text, i) =>
                i < 2 ? text.padEnd(widths[i]) : text.padStart(widths[i])
            )
            .join("  ")
            .trimEnd()
    const hidden = rows.length - shown.length
    return [
        line(COLUMNS),
        ...cells.map(line),
        ...(hidden > 0 ? [`… and ${hidden} more`] : []),
        describeTotals(totalsOf(rows)),
    ]
}
