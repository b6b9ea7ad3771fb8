#!/usr/bin/env node
/** The command `leaf`: finds the sub-command, and turns what goes wrong into one sentence and an exit code. */
import { createRequire } from "node:module"
import { Failure } from "./failure"
import { USAGE } from "./options"

/** Only the command that is called is loaded: the simulator and the gateway take their time. */
const loadModule = createRequire(__filename)

type Run = (args: string[]) => Promise<number>

interface Command {
    /** In a few words, for `leaf --help`. */
    about: string
    load(): Run
}

const COMMANDS: Record<string, Command> = {
    demo: {
        about: "runs the firmware in the simulator against a local gateway",
        load: () => (loadModule("./demo") as typeof import("./demo")).demo,
    },
    run: {
        about: "runs the firmware in the simulator against a gateway that is somewhere else",
        load: () => (loadModule("./run") as typeof import("./run")).run,
    },
    gateway: {
        about: "runs the local gateway alone",
        load: () =>
            (loadModule("./gateway") as typeof import("./gateway")).gateway,
    },
    fleet: {
        about: "runs many simulated devices at a local gateway, and shows what each is at",
        load: () => (loadModule("./fleet") as typeof import("./fleet")).fleet,
    },
    send: {
        about: "sends a message to a device of a local gateway",
        load: () => (loadModule("./send") as typeof import("./send")).send,
    },
    call: {
        about: "calls a direct method of a device of a local gateway",
        load: () => (loadModule("./call") as typeof import("./call")).call,
    },
    twin: {
        about: "shows a device's twin at a local gateway, or changes it",
        load: () => (loadModule("./twin") as typeof import("./twin")).twin,
    },
    certs: {
        about: "explains a gateway's certificates as a device sees them",
        load: () => (loadModule("./certs") as typeof import("./certs")).certs,
    },
    provision: {
        about: "checks a device's connection string and CA, and writes its settings",
        load: () =>
            (loadModule("./provision") as typeof import("./provision"))
                .provision,
    },
    token: {
        about: "makes a SAS token, or explains one",
        load: () => (loadModule("./token") as typeof import("./token")).token,
    },
    boards: {
        about: "lists the boards: what fits, pins, wiring",
        load: () =>
            (loadModule("./boards") as typeof import("./boards")).boards,
    },
    build: {
        about: "compiles and links a firmware for a board",
        load: () => (loadModule("./build") as typeof import("./build")).build,
    },
    bundle: {
        about: "makes one file for a board's flash: runtime, program, settings",
        load: () =>
            (loadModule("./bundle") as typeof import("./bundle")).bundle,
    },
    flash: {
        about: "writes such a file to a connected board",
        load: () => (loadModule("./flash") as typeof import("./flash")).flash,
    },
}

const HELP = `Usage: leaf <command> [options]

Commands:
${Object.entries(COMMANDS)
    .map(([name, { about }]) => `  ${name.padEnd(9)} ${about}\n`)
    .join("")}
"leaf <command> --help" says more.
`

async function main(args: string[]): Promise<number> {
    const [name, ...rest] = args
    if (name === undefined || name === "--help" || name === "-h") {
        process.stdout.write(HELP)
        return name === undefined ? USAGE : 0
    }
    if (!Object.hasOwn(COMMANDS, name))
        throw new Failure(
            `There is no command "${name}". "leaf --help" lists the commands.`,
            USAGE
        )
    return COMMANDS[name].load()(rest)
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
