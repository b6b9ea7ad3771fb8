#!/usr/bin/env node
/** The command `leaf`: finds the sub-command, and turns what goes wrong into one sentence and an exit code. */
import { build } from "./build"
import { certs } from "./certs"
import { demo } from "./demo"
import { Failure } from "./failure"
import { gateway } from "./gateway"
import { USAGE } from "./options"
import { provision } from "./provision"
import { run } from "./run"
import { token } from "./token"

const HELP = `Usage: leaf <command> [options]

Commands:
  demo    runs the firmware in the simulator against a local gateway
  run     runs the firmware in the simulator against a gateway that is somewhere else
  gateway runs the local gateway alone
  provision  checks a device's connection string and CA, and writes its settings
  build   compiles and links a firmware for a board
  token   makes a SAS token, or explains one
  certs   explains a gateway's certificates as a device sees them

"leaf <command> --help" says more.
`

const commands: Record<string, (args: string[]) => Promise<number>> = {
    demo,
    run,
    gateway,
    provision,
    build,
    token,
    certs,
}

async function main(args: string[]): Promise<number> {
    const [name, ...rest] = args
    if (name === undefined || name === "--help" || name === "-h") {
        process.stdout.write(HELP)
        return name === undefined ? USAGE : 0
    }
    if (!Object.hasOwn(commands, name))
        throw new Failure(
            `There is no command "${name}". "leaf --help" lists the commands.`,
            USAGE
        )
    return commands[name](rest)
}

main(process.argv.slice(2)).then(
    exitCode => {
        process.exitCode = exitCode
    },
    (error: unknown) => {
        if (error instanceof Failure) {
            process.stderr.write(error.message + "\n")
            process.exitCode = error.exitCode
        } else {
            process.stderr.write(
                `This is a mistake of ours; please report it: ${error instanceof Error ? error.stack : String(error)}\n`
            )
            process.exitCode = 70
        }
    }
)
