#!/usr/bin/env node
/** The command `leaf`: finds the sub-command, and turns what goes wrong into one sentence and an exit code. */
import { boards } from "./boards"
import { build } from "./build"
import { bundle } from "./bundle"
import { call } from "./call"
import { certs } from "./certs"
import { demo } from "./demo"
import { Failure } from "./failure"
import { flash } from "./flash"
import { fleet } from "./fleet"
import { gateway } from "./gateway"
import { USAGE } from "./options"
import { provision } from "./provision"
import { run } from "./run"
import { send } from "./send"
import { token } from "./token"
import { twin } from "./twin"

const HELP = `Usage: leaf <command> [options]

Commands:
  demo    runs the firmware in the simulator against a local gateway
  run     runs the firmware in the simulator against a gateway that is somewhere else
  gateway runs the local gateway alone
  fleet   runs many simulated devices at a local gateway, and shows what each is at
  send    sends a message to a device of a local gateway
  call    calls a direct method of a device of a local gateway
  twin    shows a device's twin at a local gateway, or changes it
  boards  lists the boards: what fits, pins, wiring
  provision  checks a device's connection string and CA, and writes its settings
  build   compiles and links a firmware for a board
  bundle  makes one file for a board's flash: runtime, program, settings
  flash   writes such a file to a connected board
  token   makes a SAS token, or explains one
  certs   explains a gateway's certificates as a device sees them

"leaf <command> --help" says more.
`

const commands: Record<string, (args: string[]) => Promise<number>> = {
    demo,
    run,
    gateway,
    fleet,
    send,
    call,
    twin,
    boards,
    provision,
    build,
    bundle,
    flash,
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
