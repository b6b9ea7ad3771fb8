/** `leaf certs`: the certificates of a gateway. `show` explains a chain; see `certsshow.ts`. */
import { readFileSync } from "node:fs"
import { parseArgs } from "node:util"
import { describe, judgeChain, readCertificates, type Shown } from "./certsshow"
import { Failure, systemCode } from "./failure"
import { USAGE, usageFailure } from "./options"

const HELP = `Usage: leaf certs show <chain> [--ca <file> --name <name>] [options]

Explains the certificates that a gateway serves, and judges them as a device would.

  <chain>        the file that the gateway serves: its certificate, then the issuers (PEM; DER if it is one)
  --ca <file>    the owner's CA that devices pin (PEM or DER); give it twice while it is being changed
  --name <name>  the gateway's name in the connection string (GatewayHostName)
  --json         one JSON object
  --help         this text

Without --ca and --name the certificates are explained, and not judged.

Exit codes: 0 explained, and nothing is wrong; 1 a device would refuse the chain, or a file cannot be read; 2 wrong usage.

Example:
  leaf certs show gateway-chain.pem --ca owner-root-ca.pem --name gateway.leaf.local
`

/** Devices have room for two pinned CAs. */
const MOST_CAS = 2

/** What the command reads and writes, so that tests run it in their own process. */
export interface CertsWorld {
    nowMs(): number
    readFile(name: string): Uint8Array
    write(text: string): void
}

const PROCESS: CertsWorld = {
    nowMs: () => Date.now(),
    readFile: name => readFileSync(name),
    write: text => void process.stdout.write(text),
}

/** @returns the exit code */
export async function certs(
    args: string[],
    world: CertsWorld = PROCESS
): Promise<number> {
    const { values, positionals } = readOptions(args)
    if (values.help) {
        world.write(HELP)
        return 0
    }
    const [command, file, ...others] = positionals
    if (command !== "show" || file === undefined || others.length)
        throw new Failure(
            '"show" and one file are wanted. "leaf certs --help" says more.',
            USAGE
        )
    const { ca: caFiles = [], name } = values
    if ((caFiles.length === 0) !== (name === undefined))
        throw new Failure(
            "--ca and --name: a chain is judged with both, so give both or none.",
            USAGE
        )
    if (caFiles.length > MOST_CAS)
        throw new Failure(`--ca: a device pins at most ${MOST_CAS} CAs.`, USAGE)
    const sent = read(file, file, world)
    const cas = caFiles.map(ca => {
        const found = read(`--ca ${ca}`, ca, world)
        if (found.length > 1)
            throw new Failure(
                `--ca ${ca}: it holds several certificates: give the CA alone that devices pin.`
            )
        return found[0]
    })
    const certificates = sent.map(describe)
    const verdict =
        name === undefined
            ? undefined
            : await judgeChain(sent, cas, name, world.nowMs())
    world.write(
        values.json
            ? JSON.stringify({
                  ok: verdict?.ok ?? null,
                  certificates,
                  verdict,
              }) + "\n"
            : certificates.map(text).join("") +
                  (verdict
                      ? `${verdict.ok ? "✓" : "✗"} ${verdict.message} ${verdict.hint}`.trim() +
                        "\n"
                      : "· Not judged: give --ca and --name for that.\n")
    )
    return verdict === undefined || verdict.ok ? 0 : 1
}

function readOptions(args: string[]) {
    try {
        return parseArgs({
            args,
            allowPositionals: true,
            options: {
                ca: { type: "string", multiple: true },
                name: { type: "string" },
                json: { type: "boolean", default: false },
                help: { type: "boolean", default: false },
            },
        })
    } catch (error) {
        throw usageFailure("certs", error)
    }
}

function read(option: string, file: string, world: CertsWorld) {
    let content: Uint8Array
    try {
        content = world.readFile(file)
    } catch (error) {
        throw new Failure(
            `${option}: the file cannot be read (${systemCode(error)}): check its name and rights.`
        )
    }
    return readCertificates(option, content)
}

function text(shown: Shown, index: number): string {
    const lines = [
        `${index + 1}. ${shown.subject}`,
        `   issued by ${shown.issuer}`,
        `   key ${shown.key}, good from ${shown.notBefore} until ${shown.notAfter}`,
        ...(shown.names.length ? [`   for ${shown.names.join(", ")}`] : []),
        `   SHA-1   ${shown.sha1}`,
        `   SHA-256 ${shown.sha256}`,
    ]
    return lines.join("\n") + "\n"
}
