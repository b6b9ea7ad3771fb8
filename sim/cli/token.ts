/**
 * `leaf token`: makes a shared access signature, or explains one (`SharedAccessSignature sr=…&sig=…&se=…[&skn=…]`, IoT Hub
 * developer guide, "Control access to IoT Hub with shared access signatures").
 *
 * Keys and tokens are secrets: they come from a file, the environment or standard input, never from an argument, which other users of
 * the machine could read. No message holds one. Not done: asking a gateway whether it accepts the token.
 */
import { createHmac, timingSafeEqual } from "node:crypto"
import { readFileSync } from "node:fs"
import { parseArgs } from "node:util"
import { covers, createToken } from "../gateway/token"
import { decode } from "../gateway/percent"
import { Failure, systemCode } from "./failure"
import { readNumber, USAGE, usageFailure } from "./options"

const HELP = `Usage: leaf token <key> [options]
       leaf token --explain <file> [<key>]

Makes a SAS token for a device or for a shared access policy; or explains one, and judges it.

Where the key is from (at most one; - reads standard input):
  --connection-string-file <file>  a device's connection string; it says the resource, too
  --key-file <file>                a key, base64
  --key-env <name>                 the environment variable with the key

Options:
  --resource <text>  what the token opens: <hub>/devices/<device>, or <hub> for a policy
  --policy <name>    the shared access policy that the key belongs to
  --minutes <n>      how long the token is good for (default 60, at most 525600)
  --explain <file>   the token to explain; without a key its signature is not judged
  --json             one JSON object
  --help             this text

Exit codes: 0 made, or nothing wrong was found; 1 something is wrong; 2 wrong usage.

Example:
  leaf token --connection-string-file leaf-1.txt --minutes 10
`

const PREFIX = "SharedAccessSignature "
const HMAC_BYTES = 32
const MOST_MINUTES = 525600

/** What the command reads and writes, so that tests run it in their own process. */
export interface TokenWorld {
    nowMs(): number
    env: Record<string, string | undefined>
    /** `-` is standard input. */
    readFile(name: string): string
    write(text: string): void
}

const PROCESS: TokenWorld = {
    nowMs: () => Date.now(),
    env: process.env,
    readFile: name => readFileSync(name === "-" ? 0 : name, "utf8"),
    write: text => void process.stdout.write(text),
}

/** One thing that was looked at; `ok` is null where it could not be judged. */
interface Finding {
    check: string
    ok: boolean | null
    message: string
}

/** @returns the exit code */
export async function token(
    args: string[],
    world: TokenWorld = PROCESS
): Promise<number> {
    const values = readOptions(args)
    if (values.help) {
        world.write(HELP)
        return 0
    }
    const secret = readSecret(values, world)
    if (values.explain !== undefined) {
        const text = readText("--explain", values.explain, world)
        const findings = judge(text, secret, values.policy, world.nowMs())
        const ok = findings.every(finding => finding.ok !== false)
        world.write(
            values.json
                ? JSON.stringify({ ok, findings }) + "\n"
                : findings.map(line).join("")
        )
        return ok ? 0 : 1
    }
    if (!secret.key || !secret.resource)
        throw new Failure(
            'A key and a --resource are needed, or a --connection-string-file. "leaf token --help" says more.',
            USAGE
        )
    const minutes = readNumber("--minutes", values.minutes!, 1, MOST_MINUTES)
    const expirySec = Math.floor(world.nowMs() / 1000) + minutes * 60
    const { key, resource } = secret
    const policy = values.policy
    const made = createToken({ resource, key, expirySec, policy })
    world.write(
        (values.json
            ? JSON.stringify({ token: made, resource, policy, expirySec })
            : made) + "\n"
    )
    return 0
}

function readOptions(args: string[]) {
    let values
    try {
        values = parseArgs({
            args,
            options: {
                "connection-string-file": { type: "string" },
                "key-file": { type: "string" },
                "key-env": { type: "string" },
                resource: { type: "string" },
                policy: { type: "string" },
                minutes: { type: "string", default: "60" },
                explain: { type: "string" },
                json: { type: "boolean", default: false },
                help: { type: "boolean", default: false },
            },
        }).values
    } catch (error) {
        // Node's message would repeat an argument that stands alone, and that may be a key.
        if (systemCode(error) === "ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL")
            throw new Failure(
                "Keys and tokens are not taken as arguments, where others could read them: give a file, the environment or standard input (-).",
                USAGE
            )
        throw usageFailure("token", error)
    }
    const sources = [
        values["connection-string-file"],
        values["key-file"],
        values["key-env"],
    ].filter(source => source !== undefined)
    if (sources.length > 1)
        throw new Failure(
            "--connection-string-file, --key-file and --key-env: give one of them.",
            USAGE
        )
    if (values.explain === "-" && sources[0] === "-")
        throw new Failure(
            "Standard input can give the token or the key, not both: put one in a file.",
            USAGE
        )
    if (
        values["connection-string-file"] !== undefined &&
        (values.policy !== undefined || values.resource !== undefined)
    )
        throw new Failure(
            "A device's connection string says the resource, and has no policy: leave --resource and --policy out, or give --key-file.",
            USAGE
        )
    return values
}

interface Secret {
    key?: string
    resource?: string
}

function readSecret(
    values: ReturnType<typeof readOptions>,
    world: TokenWorld
): Secret {
    const { resource } = values
    if (
        resource !== undefined &&
        !/^[\w.-]+(\/devices\/[^/]+)?$/.test(resource)
    )
        throw new Failure(
            "--resource: <hub>/devices/<device> is wanted, or <hub> for a policy, without https://.",
            USAGE
        )
    const { parseConnectionString, decodeKey } =
        require("../../src/iothub/connectionstring") as {
            parseConnectionString(text: string): {
                hostName: string
                deviceId: string
                sharedAccessKey: string
            }
            decodeKey(text: string): unknown
        }
    let secret: Secret = { resource }
    try {
        const file = values["connection-string-file"]
        const keyFile = values["key-file"]
        const name = values["key-env"]
        if (file !== undefined) {
            const parts = parseConnectionString(
                readText("--connection-string-file", file, world)
            )
            secret = {
                key: parts.sharedAccessKey,
                resource: `${parts.hostName}/devices/${parts.deviceId}`,
            }
        } else if (keyFile !== undefined)
            secret.key = readText("--key-file", keyFile, world)
        else if (name !== undefined) {
            secret.key = world.env[name]?.trim()
            if (!secret.key)
                throw new Failure(
                    `--key-env ${name}: that variable is not set: export it first.`
                )
        }
        if (secret.key !== undefined) decodeKey(secret.key)
    } catch (error) {
        if (error instanceof Failure) throw error
        // The device's own messages hold no secret.
        throw new Failure(
            `The key cannot be used: ${(error as Error).message}. Copy it once more, whole.`
        )
    }
    return secret
}

function readText(option: string, file: string, world: TokenWorld): string {
    try {
        return world.readFile(file).trim()
    } catch (error) {
        throw new Failure(
            `${option} ${file}: the file cannot be read (${systemCode(error)}): check its name and rights.`
        )
    }
}

/** What is to be said of a token, in the order in which a hub looks at it. */
function judge(
    text: string,
    secret: Secret,
    policy: string | undefined,
    nowMs: number
): Finding[] {
    const fields = parse(text)
    const sent = fields?.get("sr") ?? ""
    const resource = decode(sent)
    const signature = decode(fields?.get("sig") ?? "")
    const expiry = fields?.get("se") ?? ""
    const signer = decode(fields?.get("skn") ?? "")
    if (
        !fields ||
        !resource ||
        !signature ||
        signer === undefined ||
        // A token may be from anybody: what it holds must not steer the terminal.
        /\p{Cc}/u.test(resource + signer) ||
        !/^\d{1,11}$/.test(expiry)
    )
        return [
            {
                check: "form",
                ok: false,
                message:
                    "This is no token of the form SharedAccessSignature sr=…&sig=…&se=…: copy it whole, on one line.",
            },
        ]
    return [
        { check: "form", ok: true, message: "It has the form of a token." },
        judgeResource(resource, signer !== "", secret.resource),
        judgePolicy(signer, policy),
        judgeSignature(`${sent}\n${expiry}`, signature, secret.key),
        judgeExpiry(Number(expiry), nowMs),
    ]
}

function parse(text: string): Map<string, string> | undefined {
    if (!text.startsWith(PREFIX)) return undefined
    const fields = new Map<string, string>()
    for (const field of text.slice(PREFIX.length).split("&")) {
        const at = field.indexOf("=")
        if (at < 1 || fields.has(field.slice(0, at))) return undefined
        fields.set(field.slice(0, at), field.slice(at + 1))
    }
    return fields
}

function judgeResource(
    resource: string,
    ofPolicy: boolean,
    wanted?: string
): Finding {
    const check = "resource"
    if (wanted === undefined)
        return { check, ok: null, message: `It opens ${resource}.` }
    const [host, ...path] = wanted.split("/")
    // A policy's token opens what is below its resource, too; a device's is for the device alone.
    return covers(resource, [host], path.join("/")) &&
        (ofPolicy || resource.split("/").length === path.length + 1)
        ? { check, ok: true, message: `It opens ${resource}.` }
        : {
              check,
              ok: false,
              message: `It opens ${resource}, not ${wanted}: make one for that.`,
          }
}

function judgePolicy(found: string, wanted?: string): Finding {
    const message = found
        ? `It is of the policy ${found}: only the hub knows it, and an IoT Edge gateway has to ask there.`
        : "It is a device's, of no policy."
    return {
        check: "policy",
        ok: wanted === undefined ? null : found === wanted,
        message,
    }
}

function judgeSignature(
    signed: string,
    signature: string,
    key?: string
): Finding {
    const check = "signature"
    if (key === undefined)
        return {
            check,
            ok: null,
            message: "Its signature was not judged: give the key for that.",
        }
    const bytes = Buffer.from(signature, "base64")
    // Node skips what is not base64; only the one right spelling of 32 bytes counts.
    const good =
        bytes.length === HMAC_BYTES &&
        bytes.toString("base64") === signature &&
        timingSafeEqual(
            bytes,
            createHmac("sha256", Buffer.from(key, "base64"))
                .update(signed)
                .digest()
        )
    return {
        check,
        ok: good,
        message: good
            ? "It is signed with this key."
            : "It is not signed with this key, or was changed: compare the key with the one in the portal.",
    }
}

function judgeExpiry(expirySec: number, nowMs: number): Finding {
    const leftSec = expirySec - Math.floor(nowMs / 1000)
    const until = new Date(expirySec * 1000).toISOString()
    return {
        check: "expiry",
        ok: leftSec > 0,
        message:
            leftSec > 0
                ? `It is good until ${until}, for another ${leftSec} s.`
                : `It has expired at ${until}, ${-leftSec} s ago: make a new one, and check the clock.`,
    }
}

function line(finding: Finding): string {
    const mark = finding.ok === null ? "·" : finding.ok ? "✓" : "✗"
    return `${mark} ${finding.message}\n`
}
