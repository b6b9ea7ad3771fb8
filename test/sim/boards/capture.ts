/** Runs a command of `leaf` in this process, as a user would see it. */
import { Failure } from "../../../sim/cli/failure"
import { Write } from "../../../sim/cli/boards"

export interface Outcome {
    code: number
    stdout: string
    /** The sentence that says what is wrong; empty when nothing is. */
    stderr: string
}

export async function capture(
    command: (args: string[], write: Write) => Promise<number>,
    ...args: string[]
): Promise<Outcome> {
    let stdout = ""
    try {
        const code = await command(args, text => (stdout += text))
        return { code, stdout, stderr: "" }
    } catch (error) {
        // Anything else would be shown as a mistake of ours, with a stack trace.
        if (!(error instanceof Failure)) throw error
        return { code: error.exitCode, stdout, stderr: error.message }
    }
}
