/** `leaf send`: a cloud-to-device message, through a local gateway that runs. */
import { readFileSync } from "node:fs"
import { parseArgs } from "node:util"
import {
    segment,
    talk,
    TALK_HELP,
    TALK_OPTIONS,
    TALK_PROCESS,
    type TalkWorld,
} from "./controlclient"
import { Failure, systemCode } from "./failure"
import { readNumber, USAGE, usageFailure } from "./options"

const HELP = `Usage: leaf send <device> [<text>] [options]

Puts a message into a device's queue at a local gateway. The device gets it when it is connected.

Options:
  --file <file>            the body, in place of the text; - is standard input
  --property <name>=<v>    an application property; as often as there are some
  --message-id <id>        told to the device
  --content-type <type>    told to the device, such as application/json
  --expiry <seconds>       from now on, up to two days (default 3600)
  --wait <seconds>         wait until the device has taken it, at most 300
${TALK_HELP}
Exit codes: 0 it is in the queue, or, with --wait, the device has it; 1 the gateway did not take it; 2 wrong usage;
3 with --wait: the device has not taken it.

Example:
  leaf send leaf-1 '{"text":"hello"}' --content-type application/json --property kind=greeting --wait 30
`

const NOT_TAKEN = 3

interface Sent {
    messageId: string
    state: string
    reason?: string
}

/** @returns the exit code */
export async function send(
    args: string[],
    world: TalkWorld = TALK_PROCESS
): Promise<number> {
    const { values, positionals } = read(args)
    if (values.help) {
        world.write(HELP)
        return 0
    }
    const [deviceId, text, ...more] = positionals
    if (!deviceId || more.length)
        throw new Failure(
            'A device and a text are wanted; a text with spaces stands in quotes. "leaf send --help" has an example.',
            USAGE
        )
    if (text !== undefined && values.file !== undefined)
        throw new Failure("A text, or --file, is wanted; not both.", USAGE)
    const waitSec = readNumber("--wait", values.wait, 0, 300)
    const sent = await talk<Sent>(
        values.control,
        {
            method: "POST",
            path: `/devices/${segment(deviceId)}/messages`,
            waitSec,
            body: {
                ...(values.file === undefined
                    ? { body: text ?? "" }
                    : { bodyBase64: readBody(values.file) }),
                ...(values.property && {
                    properties: readProperties(values.property),
                }),
                messageId: values["message-id"],
                contentType: values["content-type"],
                expirySec: readNumber("--expiry", values.expiry, 1, 172_800),
                waitSec,
            },
        },
        world
    )
    world.write(values.json ? JSON.stringify(sent) + "\n" : describe(sent))
    return waitSec > 0 && sent.state !== "completed" ? NOT_TAKEN : 0
}

function read(args: string[]) {
    try {
        return parseArgs({
            args,
            allowPositionals: true,
            options: {
                file: { type: "string" },
                property: { type: "string", multiple: true },
                "message-id": { type: "string" },
                "content-type": { type: "string" },
                expiry: { type: "string", default: "3600" },
                wait: { type: "string", default: "0" },
                ...TALK_OPTIONS,
            },
        })
    } catch (error) {
        throw usageFailure("send", error)
    }
}

function readBody(name: string): string {
    try {
        return readFileSync(name === "-" ? 0 : name).toString("base64")
    } catch (error) {
        throw new Failure(
            `--file ${name}: the file cannot be read (${systemCode(error)}).`
        )
    }
}

function readProperties(texts: readonly string[]): Record<string, string> {
    const properties: Record<string, string> = {}
    for (const text of texts) {
        const at = text.indexOf("=")
        if (at < 1)
            throw new Failure(
                `--property ${text}: name=value is wanted.`,
                USAGE
            )
        const name = text.slice(0, at)
        if (Object.hasOwn(properties, name))
            throw new Failure(`--property ${name}: it is there twice.`, USAGE)
        properties[name] = text.slice(at + 1)
    }
    return properties
}

const MEANING: Record<string, string> = {
    enqueued: "waits in the queue",
    "in-flight": "was handed to the device, which has not acknowledged it",
    completed: "has reached the device",
    expired: "has expired",
}

function describe({ messageId, state, reason }: Sent): string {
    const meaning = MEANING[state] ?? `was given up (${reason ?? state})`
    return `message ${messageId} ${meaning}\n`
}
