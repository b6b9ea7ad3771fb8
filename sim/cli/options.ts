/** Options of commands: reading them, and saying what is wrong with them. */
import { readFileSync } from "node:fs"
import { GatewayError } from "../gateway/errors"
import { readFaults, type FaultOptions } from "../gateway/faultoptions"
import { PROFILES, type ProfileName } from "../gateway/profiles"
import { Board, BOARDS } from "../vm/boards"
import { Failure, systemCode } from "./failure"

/** The exit code for wrong usage, as shells count it. */
export const USAGE = 2

/** @throws Failure unless the text is a whole number in the range */
export function readNumber(
    option: string,
    text: string,
    least: number,
    most: number
): number {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < least || value > most)
        throw new Failure(
            `${option} ${text}: a whole number from ${least} to ${most} is wanted.`,
            USAGE
        )
    return value
}

/** The board of `--board`; `undefined` when it is not given. */
export function readBoard(name: string | undefined): Board | undefined {
    if (name === undefined) return undefined
    if (!Object.hasOwn(BOARDS, name))
        throw new Failure(
            `--board ${name}: there are ${Object.keys(BOARDS).join(" and ")}.`,
            USAGE
        )
    return BOARDS[name as keyof typeof BOARDS]
}

/** What `--profile` says that the gateway behaves as. */
export function readProfile(name: string): ProfileName {
    if (!Object.hasOwn(PROFILES, name))
        throw new Failure(
            `--profile ${name}: there are ${Object.keys(PROFILES).join(" and ")}.`,
            USAGE
        )
    return name as ProfileName
}

/** The faults of `--faults`, a JSON file; none when it is not given. */
export function readFaultFile(name: string | undefined): FaultOptions[] {
    if (name === undefined) return []
    let text: string
    try {
        text = readFileSync(name, "utf8")
    } catch (error) {
        throw new Failure(
            `--faults ${name}: the file cannot be read (${systemCode(error)}).`,
            USAGE
        )
    }
    let value: unknown
    try {
        value = JSON.parse(text)
    } catch {
        throw new Failure(`--faults ${name}: that is no JSON.`, USAGE)
    }
    try {
        return readFaults(value)
    } catch (error) {
        if (!(error instanceof GatewayError)) throw error
        throw new Failure(
            `--faults ${name}: ${error.message.replace("gateway: ", "")}.`,
            USAGE
        )
    }
}

/** What a firmware does: all that IoT Hub knows about a device, telemetry and settings that change in the field, or telemetry alone. */
export const FIRMWARE_NAMES = ["thermostat", "field", "telemetry"] as const
export type FirmwareName = (typeof FIRMWARE_NAMES)[number]

/** The firmware of `--firmware`; `undefined` when it is not given. */
export function readFirmware(
    name: string | undefined
): FirmwareName | undefined {
    if (name === undefined) return undefined
    const known = FIRMWARE_NAMES.find(one => one === name)
    if (known === undefined)
        throw new Failure(
            `--firmware ${name}: there are ${FIRMWARE_NAMES.join(", ")}.`,
            USAGE
        )
    return known
}

/** What `parseArgs` of Node says of wrong usage, as one sentence. */
export function usageFailure(command: string, error: unknown): Failure {
    // Node's messages go on with hints, on lines of their own.
    const [sentence] = (error as Error).message.split(/\.?(?:\n|\. |$)/)
    return new Failure(
        `${sentence}. "leaf ${command} --help" lists the options.`,
        USAGE
    )
}
