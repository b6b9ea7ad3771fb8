/**
 * `leaf gateway`: the local gateway alone, for devices that are somewhere else: boards, `leaf run`, or other clients.
 *
 * Identities and messages lie in the folder and are there again after a restart; what the devices of the list are is taken from it once.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { JsonDisplay, TextDisplay } from "../dashboard/display"
import type { Display } from "../dashboard/events"
import { showGateway } from "../dashboard/gateway"
import {
    DEFAULT_CONTROL_PORT,
    startControl,
    type ControlServer,
} from "../control/server"
import { Authorities } from "../gateway/authorities"
import { Database } from "../gateway/database"
import { Enrolments } from "../gateway/enrolment"
import { GatewayError } from "../gateway/errors"
import type { FaultOptions } from "../gateway/faultoptions"
import { startGateway, type Gateway } from "../gateway/gateway"
import type { UpstreamOptions } from "../gateway/forward/upstream"
import type { GatewayOptions } from "../gateway/options"
import { permits, Policies } from "../gateway/policies"
import type { ProfileName } from "../gateway/profiles"
import { type IdentityChange, Registry } from "../gateway/registry"
import { Failure, systemCode } from "./failure"
import {
    readFaultFile,
    readNumber,
    readProfile,
    USAGE,
    usageFailure,
} from "./options"
import { GATEWAY_NAME, type KeyType, Workspace } from "./workspace"

const HELP = `Usage: leaf gateway [options]

Runs the local gateway. The first run makes a CA chain and the device leaf-1 in the folder; devices pin
its owner-root-ca.pem. Identities and telemetry are kept in the folder. Ctrl-C ends it.

Options:
  --port <n>         the MQTT port (default 8883; 0: any free one)
  --https-port <n>   the HTTPS port, for the time (default 8443; 0: any free one)
  --control-port <n> the control API, on 127.0.0.1 only (default 8880; 0: any free one; none: it is not there)
  --host <address>   where devices connect (default 127.0.0.1; 0.0.0.0 for boards in the network)
  --chain <type>     rsa (default): RSA-4096 CAs, as Microsoft's scripts make them; ec: P-256 throughout
  --profile <name>   edgehub (default), the gateway of Azure IoT Edge; or hub, IoT Hub itself
  --dir <folder>     where all of it is kept (default .leaf, and .leaf/ec for --chain ec)
  --devices <file>   a JSON list of devices that are to be there, such as
                     [{ "deviceId": "leaf-2", "primaryKey": "..." }]; those that are there already stay as they are
  --upstream <url>   forward telemetry to this broker: mqtt://host:1883 or mqtts://host:8883; user name and password
                     come from the environment, LEAF_UPSTREAM_USERNAME and LEAF_UPSTREAM_PASSWORD
  --upstream-ca <file>  PEM of the CA for mqtts (default: those of Node)
  --faults <file>    what is to go wrong: a JSON list of faults, such as
                     [{ "do": "drop", "at": "puback", "after": 3 }]; sim/gateway/faultoptions.ts says what there is
  --json             one JSON object a line
  --help             this text

Example:
  leaf gateway --port 18883 --devices devices.json --json
`

interface Options {
    port: number
    httpsPort: number
    /** Null: there is no control API. */
    controlPort: number | null
    host: string
    chain: KeyType
    profile: ProfileName
    folder: string
    devices: Seed[]
    upstream: UpstreamOptions | undefined
    faults: FaultOptions[]
    json: boolean
}

type Seed = { deviceId: string } & IdentityChange

/** Starts one; what is wrong with its options or its ports becomes a `Failure`. */
export async function openGateway(options: GatewayOptions): Promise<Gateway> {
    try {
        return await startGateway(options)
    } catch (error) {
        throw asFailure(error)
    }
}

/** @returns the exit code */
export async function gateway(args: string[]): Promise<number> {
    const options = readOptions(args)
    if (!options) {
        process.stdout.write(HELP)
        return 0
    }
    const write = (text: string) => process.stdout.write(text)
    const display = options.json
        ? new JsonDisplay(write)
        : new TextDisplay(write, process.stdout.isTTY && !process.env.NO_COLOR)
    const ended = new Promise<void>(resolve => {
        process.once("SIGINT", () => resolve())
        process.once("SIGTERM", () => resolve())
    })
    await serve(options, display, ended)
    return 0
}

function readOptions(args: string[]): Options | undefined {
    let values
    try {
        values = parseArgs({
            args,
            options: {
                port: { type: "string", default: "8883" },
                "https-port": { type: "string", default: "8443" },
                "control-port": {
                    type: "string",
                    default: String(DEFAULT_CONTROL_PORT),
                },
                host: { type: "string", default: "127.0.0.1" },
                chain: { type: "string", default: "rsa" },
                profile: { type: "string", default: "edgehub" },
                dir: { type: "string" },
                devices: { type: "string" },
                upstream: { type: "string" },
                "upstream-ca": { type: "string" },
                faults: { type: "string" },
                json: { type: "boolean", default: false },
                help: { type: "boolean", default: false },
            },
        }).values
    } catch (error) {
        throw usageFailure("gateway", error)
    }
    if (values.help) return undefined
    const { chain } = values
    if (chain !== "rsa" && chain !== "ec")
        throw new Failure(`--chain ${chain}: there are rsa and ec.`, USAGE)
    const folder = values.dir ?? (chain === "ec" ? ".leaf/ec" : ".leaf")
    if (!folder)
        throw new Failure("--dir: the name of a folder is wanted.", USAGE)
    return {
        port: readNumber("--port", values.port, 0, 65535),
        httpsPort: readNumber("--https-port", values["https-port"], 0, 65535),
        controlPort:
            values["control-port"] === "none"
                ? null
                : readNumber(
                      "--control-port",
                      values["control-port"],
                      0,
                      65535
                  ),
        host: values.host,
        chain,
        profile: readProfile(values.profile),
        folder,
        devices: readDevices(values.devices),
        upstream: readUpstream(values.upstream, values["upstream-ca"]),
        faults: readFaultFile(values.faults),
        json: values.json,
    }
}

/** The list of `--devices`, as far as its form goes; the registry looks at each device. */
function readDevices(name: string | undefined): Seed[] {
    if (name === undefined) return []
    const text = readText("--devices", name)
    let value: unknown
    try {
        value = JSON.parse(text)
    } catch {
        throw new Failure(`--devices ${name}: that is no JSON.`, USAGE)
    }
    const isDevice = (one: unknown) =>
        typeof one === "object" &&
        one !== null &&
        typeof (one as Partial<Seed>).deviceId === "string"
    if (!Array.isArray(value))
        throw new Failure(
            `--devices ${name}: a JSON list of devices is wanted.`,
            USAGE
        )
    const at = value.findIndex(one => !isDevice(one))
    if (at >= 0)
        throw new Failure(
            `--devices ${name}: device ${at + 1} of the list has no deviceId.`,
            USAGE
        )
    return value as Seed[]
}

/** Signs the tokens of the token service. */
const TOKEN_POLICY = "device"

const BROKER_PORTS = { "mqtt:": 1883, "mqtts:": 8883 }

/** The broker of `--upstream`; who the gateway is there says the environment. */
function readUpstream(
    text: string | undefined,
    ca: string | undefined
): UpstreamOptions | undefined {
    if (text === undefined) {
        if (ca === undefined) return undefined
        throw new Failure("--upstream-ca: --upstream is missing.", USAGE)
    }
    const url = URL.canParse(text) ? new URL(text) : undefined
    const protocol = url?.protocol
    // Whatever else is in it would be ignored; a password has no place on a command line.
    const isBare = url && text.replace(/\/$/, "") === `${protocol}//${url.host}`
    if (!url?.hostname || !isBare || !(protocol! in BROKER_PORTS))
        throw new Failure(
            "--upstream: mqtt://host:port or mqtts://host:port is wanted, and nothing else in it.",
            USAGE
        )
    const scheme = protocol as keyof typeof BROKER_PORTS
    if (scheme === "mqtt:" && ca !== undefined)
        throw new Failure("--upstream-ca: it is for mqtts only.", USAGE)
    const { LEAF_UPSTREAM_USERNAME, LEAF_UPSTREAM_PASSWORD } = process.env
    return {
        // An IPv6 address is in brackets there.
        host: url.hostname.replace(/^\[|\]$/g, ""),
        port: url.port ? Number(url.port) : BROKER_PORTS[scheme],
        tls:
            scheme === "mqtts:"
                ? { ca: ca && readText("--upstream-ca", ca) }
                : undefined,
        username: LEAF_UPSTREAM_USERNAME,
        password: LEAF_UPSTREAM_PASSWORD,
    }
}

function readText(option: string, name: string): string {
    try {
        return readFileSync(name, "utf8")
    } catch (error) {
        throw new Failure(
            `${option} ${name}: the file cannot be read (${systemCode(error)}).`,
            USAGE
        )
    }
}

async function serve(
    options: Options,
    display: Display,
    ended: Promise<void>
): Promise<void> {
    const { folder, chain, faults } = options
    const workspace = await Workspace.open(folder, chain, () =>
        display.show({
            type: "scene",
            text: `making an owner's CA chain (three ${chain === "ec" ? "P-256" : "RSA-4096"} keys) and a device identity in ${folder}`,
        })
    )
    let database: Database
    try {
        database = await Database.open(join(folder, "registry"))
    } catch (error) {
        throw asFailure(error)
    }
    try {
        const registry = await openRegistry(database, workspace, options)
        const { policies, authorities, enrolments } = await openRest(database)
        const started = await openGateway({
            cert: workspace.chain,
            key: workspace.key,
            hubName: workspace.device.hubName,
            gatewayName: GATEWAY_NAME,
            profile: options.profile,
            registry,
            policies,
            authorities,
            tokenService: tokenServiceOf(policies, enrolments),
            host: options.host,
            port: options.port,
            httpsPort: options.httpsPort,
            storeFolder: join(folder, "messages"),
            upstream: options.upstream,
            faults,
            unfitCertificates: faults.some(fault => fault.certificate)
                ? await workspace.unfitCertificates()
                : {},
        })
        const control = await openControl(started, options.controlPort)
        let accepted = 0
        display.show({
            type: "gateway",
            address: options.host,
            port: started.port,
            httpsPort: started.httpsPort,
            host: GATEWAY_NAME,
            profile: options.profile,
            control: control?.url,
        })
        showGateway(started, display, count => (accepted = count))
        started.on("upstreamConnected", ({ waiting }) =>
            display.show({
                type: "scene",
                text: `upstream is there: ${waiting} messages wait for it`,
            })
        )
        started.on("upstreamDisconnected", ({ reason, waiting }) =>
            display.show({
                type: "scene",
                text: `upstream is away: ${reason}; ${waiting} messages wait for it`,
            })
        )
        await ended
        await control?.close()
        await started.close()
        await Promise.all([
            registry.saved(),
            policies.saved(),
            enrolments.saved(),
        ])
        display.show({ type: "end", accepted })
    } finally {
        await database.close()
    }
}

async function openControl(
    gateway: Gateway,
    port: number | null
): Promise<ControlServer | undefined> {
    if (port === null) return undefined
    try {
        return await startControl({ gateway, port })
    } catch (error) {
        await gateway.close()
        throw asFailure(error, "--control-port chooses another")
    }
}

/** The identities that are on disk, with those that are to be there. */
async function openRegistry(
    database: Database,
    workspace: Workspace,
    { devices }: Options
): Promise<Registry> {
    const { deviceId, key: primaryKey } = workspace.device
    try {
        const registry = await Registry.open(database)
        for (const seed of [{ deviceId, primaryKey }, ...devices])
            if (!registry.get(seed.deviceId)) await registry.create(seed)
        return registry
    } catch (error) {
        throw asFailure(error)
    }
}

async function openRest(database: Database) {
    try {
        return {
            policies: await Policies.open(database),
            authorities: await Authorities.open(database),
            enrolments: await Enrolments.open(database),
        }
    } catch (error) {
        throw asFailure(error)
    }
}

/** Who has taken the policy away, or its permission, has no token service. */
function tokenServiceOf(policies: Policies, authenticator: Enrolments) {
    const policy = policies.get(TOKEN_POLICY)
    return policy && permits(policy, "DeviceConnect")
        ? { policy: TOKEN_POLICY, authenticator }
        : undefined
}

/** What a user can do something about is one sentence. */
function asFailure(
    error: unknown,
    otherPort = "--port and --https-port choose others"
): unknown {
    if (!(error instanceof GatewayError)) return error
    const hint = error.code === "port-in-use" ? ` (${otherPort})` : ""
    return new Failure(error.message + hint)
}
