/** The programs of the machines of `field25519.ts` and `fieldp256.ts`, as their sources show them. */

export interface Row {
    bytes: number[]
    text: string
}

/** Instructions that stand in one line where one is repeated. */
const IN_A_LINE = 10

/** One instruction a line, as hexadecimal digits and a comment; of those that are repeated the comment comes before. */
export function listing(rows: Row[]): string {
    const lines: { code: string; text: string; times: number }[] = []
    for (const { bytes, text } of rows) {
        if (bytes.some(byte => byte < 0 || byte > 255))
            throw new Error(`cannot assemble ${text}`)
        const code = bytes
            .map(byte => byte.toString(16).padStart(2, "0"))
            .join("")
        const last = lines[lines.length - 1]
        if (last?.code === code) last.times++
        else lines.push({ code, text, times: 1 })
    }
    return lines
        .map(({ code, text, times }) =>
            times === 1
                ? `    ${code} // ${text}`
                : `    // ${times} times ${text}\n${wrapped(code, times)}`
        )
        .join("\n")
}

function wrapped(code: string, times: number): string {
    const lines: string[] = []
    for (let left = times; left > 0; left -= IN_A_LINE)
        lines.push(`    ${code.repeat(Math.min(left, IN_A_LINE))}`)
    return lines.join("\n")
}
