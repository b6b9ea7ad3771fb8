/** `leaf call`: a direct method of a device, through a local gateway that runs. */
import { parseArgs } from "node:util"
import {
    readArgument,
    segment,
    talk,
    TALK_HELP,
    TALK_OPTIONS,
    TALK_PROCESS,
    type TalkWorld,
} from "./controlclient"
import { Failure } from "./failure"
import { readNumber, USAGE, usageFailure } from "./options"

const HELP = `Usage: leaf call <device> <method> [<payload>] [options]

Calls a direct method of a device that is connected to a local gateway, and shows its answer. The payload is JSON.

Options:
  --timeout <seconds>  for the answer, 5 to 300 (default 30)
${TALK_HELP}
Exit codes: 0 the device answered with a status below 400; 1 it did not answer, or is not there; 2 wrong usage;
3 it answered with another status.

Example:
  leaf call leaf-1 getMaxMinReport '"2026-01-01T00:00:00Z"'
`

const REFUSED = 3

/** @returns the exit code */
export async function call(
    args: string[],
    world: TalkWorld = TALK_PROCESS
): Promise<number> {
    const { values, positionals } = read(args)
    if (values.help) {
        world.write(HELP)
        return 0
    }
    const [deviceId, method, payload, ...more] = positionals
    if (!deviceId || !method || more.length)
        throw new Failure(
            'A device, a method and perhaps a payload are wanted. "leaf call --help" has an example.',
            USAGE
        )
    const timeoutSec = readNumber("--timeout", values.timeout, 5, 300)
    const answer = await talk<{ status: number; payload: unknown }>(
        values.control,
        {
            method: "POST",
            path: `/devices/${segment(deviceId)}/methods/${segment(method)}`,
            body: {
                timeoutSec,
                ...(payload !== undefined && {
                    payload: readArgument("The payload", payload),
                }),
            },
            waitSec: timeoutSec,
        },
        world
    )
    world.write(
        values.json
            ? JSON.stringify(answer) + "\n"
            : `${answer.status} ${JSON.stringify(answer.payload)}\n`
    )
    return answer.status < 400 ? 0 : REFUSED
}

function read(args: string[]) {
    try {
        return parseArgs({
            args,
            allowPositionals: true,
            options: {
                timeout: { type: "string", default: "30" },
                ...TALK_OPTIONS,
            },
        })
    } catch (error) {
        throw usageFailure("call", error)
    }
}
