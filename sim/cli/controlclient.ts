/** How `leaf send`, `call` and `twin` speak to a gateway that runs: over its control API (docs/control.md). */
import { DEFAULT_CONTROL_PORT } from "../control/server"
import { Failure } from "./failure"
import { USAGE } from "./options"

/** What such a command reads and writes, so that tests run it in their own process. */
export interface TalkWorld {
    env: Record<string, string | undefined>
    write(text: string): void
}

export const TALK_PROCESS: TalkWorld = {
    env: process.env,
    write: text => void process.stdout.write(text),
}

/** For `parseArgs`: what all three have. */
export const TALK_OPTIONS = {
    control: {
        type: "string",
        default: `http://127.0.0.1:${DEFAULT_CONTROL_PORT}`,
    },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
} as const

/** For `--help`. */
export const TALK_HELP = `  --control <url>  where the gateway's control API is (default http://127.0.0.1:${DEFAULT_CONTROL_PORT}); away from this
                   machine it wants a token, from the environment: LEAF_CONTROL_TOKEN ("leaf token" makes one)
  --json           one JSON object
  --help           this text
`

/** Waits so much longer than the gateway does. */
const PATIENCE_MS = 10_000

export interface Call {
    method: string
    path: string
    body?: unknown
    /** How long the gateway may wait for the device. */
    waitSec?: number
}

/** Calls the gateway; gives its answer's JSON, or throws its sentence as a `Failure`. */
export async function talk<T>(
    control: string,
    { method, path, body, waitSec = 0 }: Call,
    { env }: TalkWorld
): Promise<T> {
    const { LEAF_CONTROL_TOKEN: token } = env
    if (!URL.canParse(control) || !/^https?:\/\/[^@]*$/.test(control))
        throw new Failure(
            `--control: a URL such as http://127.0.0.1:${DEFAULT_CONTROL_PORT} is wanted.`,
            USAGE
        )
    let response: Response
    let answer: T & { error?: { message: string } }
    try {
        response = await fetch(control.replace(/\/$/, "") + path, {
            method,
            headers: {
                ...(body !== undefined && {
                    "content-type": "application/json",
                }),
                ...(token && { authorization: token }),
            },
            body: JSON.stringify(body),
            signal: AbortSignal.timeout(waitSec * 1000 + PATIENCE_MS),
        })
        answer = (await response.json()) as typeof answer
    } catch (error) {
        throw new Failure(unreachable(control, error as Error))
    }
    if (!response.ok)
        throw new Failure(
            answer.error
                ? `${answer.error.message}.`
                : `${control} is no control API of a gateway: it answers with ${response.status}.`
        )
    return answer
}

function unreachable(control: string, error: Error): string {
    if (error.name === "TimeoutError")
        return `${control}: no answer. Is it the gateway's control API?`
    if (error instanceof SyntaxError)
        return `${control} is no control API of a gateway: it answers with what is no JSON.`
    const { cause } = error as { cause?: { code?: string } }
    const why = cause?.code ?? "no connection"
    return `${control} cannot be reached (${why}): start "leaf gateway", or name its control API with --control.`
}

/** As a path holds it. */
export function segment(text: string): string {
    return encodeURIComponent(text)
}

/** The JSON of an argument. */
export function readArgument(what: string, text: string): unknown {
    try {
        return JSON.parse(text) as unknown
    } catch {
        throw new Failure(
            `${what}: that is no JSON; in a shell it stands in single quotes.`,
            USAGE
        )
    }
}
