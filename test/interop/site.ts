/** What an interop test needs: a CA chain in files as the peers want them, and a device whose flash trusts it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { randomBytes } from "node:crypto"
import { tmpdir } from "node:os"
import { join } from "node:path"
import {
    chainPem,
    createOwnerChain,
    createServerIdentity,
    keyPem,
    OwnerChain,
} from "../../sim/pki/certificates"
import {
    provision,
    ProvisioningOptions,
} from "../../sim/provisioning/provision"
import { compile, Image } from "../../sim/vm/compiler"
import { Device, startDevice } from "../../sim/vm/host"

/** The name that certificates are for; devices connect to 127.0.0.1. */
export const GATEWAY_NAME = "gateway.test"

const root = join(__dirname, "..", "..", "..")

export class Site {
    readonly folder = mkdtempSync(join(tmpdir(), "leaf-test-"))
    readonly deviceKey = randomBytes(32).toString("base64")
    private readonly devices: Device[] = []

    private constructor(readonly chain: OwnerChain) {}

    /** @param bits of the CAs' RSA keys; 4096 is what Microsoft's scripts take, and slow to make */
    static async create(bits = 2048): Promise<Site> {
        const site = new Site(await createOwnerChain("rsa", bits))
        const server = await createServerIdentity("rsa", site.chain.edgeCa, [
            GATEWAY_NAME,
        ])
        const { edgeCa, intermediate } = site.chain
        writeFileSync(site.file("server.pem"), chainPem(server))
        writeFileSync(site.file("issuers.pem"), chainPem(edgeCa, intermediate))
        writeFileSync(
            site.file("chain.pem"),
            chainPem(server, edgeCa, intermediate)
        )
        writeFileSync(site.file("server.key"), await keyPem(server))
        writeFileSync(site.file("root.pem"), chainPem(site.chain.root))
        return site
    }

    file(name: string): string {
        return join(this.folder, name)
    }

    /** Compiles a program of the repository. */
    compile(entry: string): Promise<Image> {
        return compile(join(root, entry), { root })
    }

    /** Starts a device that trusts this site's root. */
    async start(
        image: Image,
        port: number,
        options: Partial<ProvisioningOptions> = {}
    ): Promise<Device> {
        const flash = await provision(
            `HostName=hub.azure-devices.net;DeviceId=leaf-1;SharedAccessKey=${this.deviceKey};GatewayHostName=${GATEWAY_NAME}`,
            [chainPem(this.chain.root)],
            {
                provisionedSec: Math.floor(Date.now() / 1000),
                gatewayAddress: "127.0.0.1",
                mqttPort: port,
                ...options,
            }
        )
        const device = await startDevice({ image, flash })
        this.devices.push(device)
        return device
    }

    close(): void {
        for (const device of this.devices) device.stop()
        rmSync(this.folder, { recursive: true, force: true })
    }
}
