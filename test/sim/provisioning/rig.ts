/** `leaf provision` in this process, in a folder of its own. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Failure } from "../../../sim/cli/failure"
import {
    provision,
    PROVISION_PROCESS,
    type ProvisionWorld,
} from "../../../sim/cli/provision"
import { pemChain, type Certificate } from "../../../sim/pki/certificate"
import { KeyPool } from "../../../sim/pki/keys"

export const KEY = Buffer.from("0123456789abcdef0123456789abcdeX").toString(
    "base64"
)
export const CONNECTION = `HostName=hub.azure-devices.net;DeviceId=leaf-1;SharedAccessKey=${KEY};GatewayHostName=gateway.test`

/** Keys of this process's chains: what is looked at is their structure. */
export const keys = new KeyPool()

export interface Outcome {
    code: number
    /** What it has printed, or its failure says. */
    text: string
}

export class Desk {
    readonly folder = mkdtempSync(join(tmpdir(), "leaf-provision-"))

    constructor(private readonly world: Partial<ProvisionWorld> = {}) {
        this.write("cs.txt", `${CONNECTION}\n`)
    }

    file(name: string): string {
        return join(this.folder, name)
    }

    write(name: string, content: string | Uint8Array): string {
        writeFileSync(this.file(name), content)
        return this.file(name)
    }

    read(name = ".env.local"): string {
        return readFileSync(this.file(name), "utf8")
    }

    bytes(name: string): Buffer {
        return readFileSync(this.file(name))
    }

    ca(name: string, ...certificates: Certificate[]): string {
        return this.write(name, pemChain(...certificates))
    }

    /** With the connection string of `cs.txt`, and `.env.local` of this folder. */
    provision(...args: string[]): Promise<Outcome> {
        return this.run(
            "--connection-string-file",
            this.file("cs.txt"),
            ...args
        )
    }

    async run(...args: string[]): Promise<Outcome> {
        let text = ""
        try {
            const code = await provision(
                ["--out", this.file(".env.local"), ...args],
                {
                    ...PROVISION_PROCESS,
                    askGit: () => "ignored",
                    write: written => (text += written),
                    ...this.world,
                }
            )
            return { code, text }
        } catch (error) {
            if (!(error instanceof Failure)) throw error
            return { code: error.exitCode, text: error.message }
        }
    }

    close(): void {
        rmSync(this.folder, { recursive: true, force: true })
    }
}
