/**
 * Turns the places in the VM's stack traces into source lines.
 *
 * The VM prints `at name_F12 (pc:34)`: function 12, 34 bytes after its start.
 */
import { CompilerDebugInfo } from "./cli"

/** What is needed to find a source line from a program counter. Plain data, so that it can be kept in a file. */
export interface TraceTable {
    /** Where each function's code starts in the image. */
    functions: number[]
    files: { path: string; lineStarts: number[] }[]
    /** In order of the program counter: program counter, index in `files`, offset in that file. */
    entries: [number, number, number][]
}

export function traceTable(debug: CompilerDebugInfo): TraceTable {
    const offsets: number[] = []
    let offset = 0
    for (const { length } of debug.sources) {
        offsets.push(offset)
        offset += length
    }
    const entries: TraceTable["entries"] = []
    let position = 0
    let pc = 0
    for (let i = 0; i + 2 < debug.srcmap.length; i += 3) {
        position += debug.srcmap[i]
        pc += debug.srcmap[i + 2]
        const file = lastAtMost(offsets, position)
        entries.push([pc, file, position - offsets[file]])
    }
    return {
        functions: debug.functions.map(({ startpc }) => startpc),
        files: debug.sources.map(({ path, text }) => ({
            path,
            lineStarts: lineStarts(text),
        })),
        entries,
    }
}

function lineStarts(text: string): number[] {
    const starts = [0]
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1))
        starts.push(at + 1)
    return starts
}

/** The index of the last element that is at most `value`; -1 when all are greater. */
function lastAtMost(values: number[], value: number): number {
    let low = 0
    let high = values.length
    while (low < high) {
        const middle = (low + high) >> 1
        if (values[middle] <= value) low = middle + 1
        else high = middle
    }
    return low - 1
}

/** A line of the device's console, with source places in its stack frames. */
export function withSourcePlaces(table: TraceTable, line: string): string {
    return line.replace(
        /at\s+(\w*)_F(\d+)\s+\(pc:(\d+)\)/g,
        (frame, name: string, index: string, pc: string) => {
            const start = table.functions[Number(index)]
            if (start === undefined) return frame
            // The counter already stands behind the instruction.
            const at = lastAtMost(
                table.entries.map(([entry]) => entry),
                start + Math.max(Number(pc) - 1, 0)
            )
            if (at < 0) return frame
            const [, fileIndex, offset] = table.entries[at]
            const { path, lineStarts } = table.files[fileIndex]
            const row = lastAtMost(lineStarts, offset)
            return `at ${name || "main"} (${path}:${row + 1}:${offset - lineStarts[row] + 1})`
        }
    )
}
