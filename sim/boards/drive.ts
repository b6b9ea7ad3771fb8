/**
 * Writes a UF2 file to an RP2040: its boot loader is a USB drive named RPI-RP2, and flashes what is copied there.
 *
 * The drive is there while the board is plugged in with BOOTSEL held. It vanishes when all is written: errors after the last byte are
 * no errors. The boot loader confirms nothing.
 */
import {
    closeSync,
    existsSync,
    fsyncSync,
    openSync,
    readFileSync,
    readdirSync,
    writeSync,
} from "node:fs"
import { userInfo } from "node:os"
import { join } from "node:path"
import { FlashToolError } from "./esptool"

const LABEL = "RPI-RP2"
const INFO = "INFO_UF2.TXT"
const NAME = "leaf.uf2"

/** Where systems mount drives by themselves. */
function mountPoints(): string[] {
    const { username } = userInfo()
    return [`/media/${username}`, `/run/media/${username}`, "/Volumes"]
}

/**
 * @param drive where it is mounted, if that is known
 * @throws FlashToolError when there is none, or more than one, or it is not the boot loader's
 */
export function findDrive(drive?: string, folders = mountPoints()): string {
    const found = drive
        ? [drive]
        : folders
              .filter(folder => existsSync(folder))
              .flatMap(folder =>
                  readdirSync(folder)
                      // A second board's drive gets a number.
                      .filter(name => name.startsWith(LABEL))
                      .map(name => join(folder, name))
              )
    if (found.length > 1)
        throw new FlashToolError(
            `There are ${found.length} drives, ${found.join(" and ")}: say which with --drive`,
            true
        )
    if (!found.length || !existsSync(found[0]))
        throw new FlashToolError(
            `Missing: ${drive ?? `the drive ${LABEL}`}: plug the board in while you hold BOOTSEL, or say where the drive is with --drive`,
            true
        )
    let info = ""
    try {
        info = readFileSync(join(found[0], INFO), "latin1")
    } catch {
        // Then it is not that drive.
    }
    if (!new RegExp(`^Board-ID: ${LABEL}\\s*$`, "m").test(info))
        throw new FlashToolError(
            `${found[0]} is not the drive of an RP2040's boot loader: its ${INFO} does not say ${LABEL}`
        )
    return found[0]
}

/** @throws FlashToolError */
export function copyToDrive(drive: string, bytes: Buffer): void {
    let at = 0
    try {
        const file = openSync(join(drive, NAME), "w")
        while (at < bytes.length) at += writeSync(file, bytes, at)
        try {
            fsyncSync(file)
            closeSync(file)
        } catch {
            // The board has restarted with its new flash.
        }
    } catch (error) {
        throw new FlashToolError(
            `${drive} takes no more after ${at} of ${bytes.length} bytes (${(error as NodeJS.ErrnoException).code}): plug the board in anew and try again`
        )
    }
}
