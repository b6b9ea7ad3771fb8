/** The leaf's lines on the console. The header of leaf.ts lists them all. */
import { errorCode } from "../errors"

export function log(line: string): void {
    console.log(`leaf: ${line}`)
}

/** An error as those lines show it: message and code. */
export function describe(error: any): string {
    return `${error.message} (${errorCode(error)})`
}
