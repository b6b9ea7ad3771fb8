/** `leaf twin`: reads a device's twin, or changes its desired properties, through a local gateway that runs. */
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
import { USAGE, usageFailure } from "./options"

const HELP = `Usage: leaf twin <device> [<patch>] [options]

Shows a device's twin. With a patch, a JSON object, it merges that into the desired properties; null deletes one.

Options:
  --replace        put the object in place of all desired properties
${TALK_HELP}
Exit codes: 0 done; 1 the gateway did not do it; 2 wrong usage.

Example:
  leaf twin leaf-1 '{"targetTemperature":21.5,"old":null}'
`

/** @returns the exit code */
export async function twin(
    args: string[],
    world: TalkWorld = TALK_PROCESS
): Promise<number> {
    const { values, positionals } = read(args)
    if (values.help) {
        world.write(HELP)
        return 0
    }
    const [deviceId, patch, ...more] = positionals
    if (!deviceId || more.length || (values.replace && patch === undefined))
        throw new Failure(
            'A device and perhaps a patch are wanted. "leaf twin --help" has an example.',
            USAGE
        )
    const path = `/devices/${segment(deviceId)}/twin`
    if (patch !== undefined) {
        const desired = readArgument("The patch", patch)
        await talk(
            values.control,
            values.replace
                ? { method: "PUT", path: `${path}/desired`, body: desired }
                : { method: "PATCH", path, body: { desired } },
            world
        )
    }
    const document = await talk(values.control, { method: "GET", path }, world)
    world.write(JSON.stringify(document, undefined, values.json ? 0 : 4) + "\n")
    return 0
}

function read(args: string[]) {
    try {
        return parseArgs({
            args,
            allowPositionals: true,
            options: {
                replace: { type: "boolean", default: false },
                ...TALK_OPTIONS,
            },
        })
    } catch (error) {
        throw usageFailure("twin", error)
    }
}
