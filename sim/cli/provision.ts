/**
 * `leaf provision`: what one device has to know, checked, and written where DeviceScript's deploy and bundle take it from.
 *
 * The key is a secret: it is in the files that are written, their owner's only, and in nothing else. See docs/provisioning.md. A list
 * of devices is `provisionbatch.ts`.
 */
import { readFileSync } from "node:fs"
import { certificateContent, checkAnchors } from "../provisioning/anchors"
import { identityOf, mergeEnv, type Identity } from "../provisioning/envfile"
import {
    deviceSettings,
    flashOf,
    type ProvisioningOptions,
} from "../provisioning/provision"
import {
    askGit,
    guardFromGit,
    readIfThere,
    writeSecretFile,
} from "../provisioning/secretfile"
import { verifyGateway } from "../provisioning/verify"
import { checkNetwork, type Network } from "../provisioning/wifi"
import { Failure, systemCode } from "./failure"
import { PROVISION_HELP, readProvisionOptions } from "./provisionoptions"

/** What the command reads and writes beside the files that it makes, so that tests run it in their own process. */
export interface ProvisionWorld {
    nowMs(): number
    /** `-` is standard input. */
    readFile(name: string): Uint8Array
    write(text: string): void
    askGit: typeof askGit
}

export const PROVISION_PROCESS: ProvisionWorld = {
    nowMs: () => Date.now(),
    readFile: name => readFileSync(name === "-" ? 0 : name),
    write: text => void process.stdout.write(text),
    askGit,
}

/** What one device is to be given. */
export interface Order {
    connectionString: string
    cas: (string | Uint8Array)[]
    acceptIntermediate: boolean
    options: Omit<ProvisioningOptions, "provisionedSec">
    network: Network | undefined
    /** The file with the settings. */
    out: string
    flashImage: string | undefined
    verify: boolean
    knownIssuers: boolean
    force: boolean
}

/** What was done; without a secret. */
export interface Provisioning extends Identity {
    gateway: string
    files: string[]
    /** What is right and worth knowing. */
    notes: string[]
    /** Bytes of the flash's settings that are left. */
    flashFree: number
}

/** @returns the exit code */
export async function provision(
    args: string[],
    world: ProvisionWorld = PROVISION_PROCESS
): Promise<number> {
    const options = readProvisionOptions(args)
    if (!options) {
        world.write(PROVISION_HELP)
        return 0
    }
    const { json, connectionString, wifi, ...rest } = options
    const done = await provisionDevice(
        {
            ...rest,
            connectionString:
                connectionString.text ??
                readText(
                    "--connection-string-file",
                    connectionString.file,
                    world
                ),
            cas: options.ca.map(file => readCa(file, world)),
            network: wifi && {
                ssid: wifi.ssid,
                password:
                    wifi.passwordFile === undefined
                        ? ""
                        : readText(
                              "--wifi-password-file",
                              wifi.passwordFile,
                              world
                          ),
            },
        },
        world
    )
    world.write(
        json ? JSON.stringify({ ok: true, ...done }) + "\n" : textOf(done)
    )
    return 0
}

/** Checks everything first, and writes then. @throws Failure; nothing was written, if it is not of writing itself */
export async function provisionDevice(
    order: Order,
    world: Pick<ProvisionWorld, "nowMs" | "askGit">
): Promise<Provisioning> {
    const nowMs = world.nowMs()
    const notes = checkAnchors(order.cas, {
        nowMs,
        acceptIntermediate: order.acceptIntermediate,
    })
    const { settings, device, unknown } = await deviceSettings(
        order.connectionString.trim(),
        order.cas,
        { ...order.options, provisionedSec: Math.floor(nowMs / 1000) }
    )
    const identity = { hub: device.hubHost, deviceId: device.deviceId }
    if (unknown.length)
        notes.push(
            "The connection string has parts that nobody knows, and they were ignored: check its spelling."
        )
    if (!("gateway" in settings))
        notes.push(
            `The connection string has no GatewayHostName: the device will connect to ${device.hubHost} itself, and the CA has to be the one of its chain.`
        )
    const network = order.network && checkNetwork(order.network)
    const old = readIfThere(order.out)
    if (!order.force) checkIdentity(order.out, identityOf(old), identity)
    for (const file of filesOf(order)) {
        const note = guardFromGit(file, world.askGit)
        if (note) notes.push(note)
    }
    if (order.verify || order.knownIssuers) {
        const verified = await verifyGateway(device, nowMs)
        notes.push(
            `The gateway is verified as the device would; its certificate is good until ${verified.notAfter.toISOString()}.`
        )
        if (order.knownIssuers) {
            settings.issuers = verified.issuers
            notes.push(
                `${verified.certificates} verified certificates are stored: the first connection is a short one while the gateway serves them.`
            )
        }
    }
    const flash = await flashOf(settings, network)
    writeSecretFile(order.out, mergeEnv(old, settings, network))
    if (order.flashImage !== undefined)
        writeSecretFile(order.flashImage, flash.bytes)
    return {
        ...identity,
        gateway: device.gateway,
        files: filesOf(order),
        notes,
        flashFree: flash.freeBytes(),
    }
}

function filesOf({ out, flashImage }: Order): string[] {
    return flashImage === undefined ? [out] : [out, flashImage]
}

/** A file of another device is not written over by accident. */
function checkIdentity(
    file: string,
    old: Identity | undefined,
    now: Identity
): void {
    if (!old || (old.hub === now.hub && old.deviceId === now.deviceId)) return
    throw new Failure(
        `${file}: it holds the settings of another device, ${printable(old.deviceId)} of ${printable(old.hub)}: name another file with --out, or replace it with --force.`
    )
}

/** The file may be from anybody: what it holds must not steer the terminal. */
function printable(text: string): string {
    return text.replace(/\p{Cc}/gu, "?").slice(0, 128)
}

/** One CA, of a file. @throws Failure if it cannot be read */
export function readCa(
    file: string,
    world: Pick<ProvisionWorld, "readFile">
): string | Uint8Array {
    return certificateContent(readBytes("--ca", file, world))
}

function readText(
    option: string,
    file: string,
    world: Pick<ProvisionWorld, "readFile">
): string {
    const text = Buffer.from(readBytes(option, file, world)).toString("utf8")
    // Of an editor on Windows.
    return text.replace(/^\ufeff/, "").trim()
}

export function readBytes(
    option: string,
    file: string,
    world: Pick<ProvisionWorld, "readFile">
): Uint8Array {
    try {
        return world.readFile(file)
    } catch (error) {
        throw new Failure(
            `${option} ${file}: the file cannot be read (${systemCode(error)}): check its name and rights.`
        )
    }
}

function textOf(done: Provisioning): string {
    const { deviceId, hub, gateway, files, notes } = done
    return [
        `✓ ${deviceId} of ${hub}, behind ${gateway}`,
        ...files.map(file => `✓ ${file} is written: it holds the device's key`),
        ...notes.map(note => `· ${note}`),
        "",
    ].join("\n")
}
