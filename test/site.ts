/** A site for tests: a CA chain (in files, as other programs want them), a gateway, and devices that trust the root. */
import { randomBytes } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Gateway, startGateway } from "../sim/gateway/gateway"
import { GatewayOptions, ServerCertificate } from "../sim/gateway/options"
import { Registry } from "../sim/gateway/registry"
import { Certificate, pemChain } from "../sim/pki/certificate"
import { Chain, makeChain } from "../sim/pki/chain"
import { privateKeyPem } from "../sim/pki/keys"
import { provision, ProvisioningOptions } from "../sim/provisioning/provision"
import { compile, Image } from "../sim/vm/compiler"
import { FlashImage } from "../sim/vm/flash"
import { Device, DeviceOptions, startDevice } from "../sim/vm/host"
import { simulatedSensors } from "../sim/vm/sensors"
import { constant } from "../sim/vm/signals"

/** The name that certificates are for; devices connect to 127.0.0.1. */
export const GATEWAY_NAME = "gateway.test"
export const HUB_NAME = "hub.azure-devices.net"
export const DEVICE_ID = "leaf-1"

const root = join(__dirname, "..", "..")

/** What a device's flash says, where it differs from the rest of the site. */
interface Provisioned extends Partial<ProvisioningOptions> {
    deviceId?: string
    deviceKey?: string
    /** PEM of the CA that is pinned. */
    anchor?: string
    /** Of a test's own firmware, by name. */
    settings?: Record<string, unknown>
}

export class Site {
    readonly folder = mkdtempSync(join(tmpdir(), "leaf-test-"))
    readonly deviceKey = randomBytes(32).toString("base64")
    readonly registry = new Registry()
    private readonly devices = new Set<Device>()
    private readonly gateways: Gateway[] = []

    private constructor(readonly chain: Chain) {
        this.registry.add({ deviceId: DEVICE_ID, primaryKey: this.deviceKey })
    }

    /**
     * @param bits of the CAs' RSA keys; 4096 is what Microsoft's scripts take, and slow to make
     * @param addresses that the server's certificate is for, too
     */
    static async create(
        bits = 2048,
        keyType: "rsa" | "ec" = "rsa",
        addresses: string[] = []
    ): Promise<Site> {
        const chain = await makeChain({
            names: [GATEWAY_NAME, ...addresses],
            caBits: bits,
            keyType,
        })
        const site = new Site(chain)
        const { server, edgeCa, intermediate, root } = chain
        const write = (name: string, content: string) =>
            writeFileSync(site.file(name), content)
        write("server.pem", server.pem)
        write("issuers.pem", pemChain(edgeCa, intermediate))
        write("chain.pem", chain.chainPem)
        write("server.key", chain.keyPem)
        write("root.pem", root.pem)
        return site
    }

    file(name: string): string {
        return join(this.folder, name)
    }

    /** Certificate chain and key of a server, with the site's issuers or others. */
    serverFiles(
        server: Certificate = this.chain.server,
        issuers = [this.chain.edgeCa, this.chain.intermediate]
    ): ServerCertificate {
        return {
            cert: pemChain(server, ...issuers),
            key: privateKeyPem(server.keys),
        }
    }

    /** Starts a gateway on free ports. */
    async startGateway(
        options: Partial<GatewayOptions> = {}
    ): Promise<Gateway> {
        const gateway = await startGateway({
            ...this.serverFiles(),
            hubName: HUB_NAME,
            gatewayName: GATEWAY_NAME,
            registry: this.registry,
            port: 0,
            httpsPort: 0,
            ...options,
        })
        this.gateways.push(gateway)
        return gateway
    }

    /** Compiles a program of the repository. */
    compile(entry: string): Promise<Image> {
        return compile(join(root, entry), { root })
    }

    /** Starts a device that trusts this site's root, with a thermometer and a hygrometer. */
    async startDevice(
        image: Image,
        ports: { mqttPort: number; timePort?: number },
        provisioned: Provisioned = {},
        options: Partial<DeviceOptions> = {}
    ): Promise<Device> {
        return this.keep(
            await startDevice({
                image,
                flash: await this.flash(ports, provisioned),
                bus: simulatedSensors({
                    temperatureC: constant(21.5),
                    humidityPercent: constant(45.25),
                }),
                ...options,
            })
        )
    }

    /** The flash of a device that trusts this site's root. */
    async flash(
        ports: { mqttPort: number; timePort?: number },
        provisioned: Provisioned = {}
    ): Promise<FlashImage> {
        const {
            deviceId = DEVICE_ID,
            deviceKey = this.deviceKey,
            anchor = this.chain.root.pem,
            settings = {},
            ...rest
        } = provisioned
        const flash = await provision(
            `HostName=${HUB_NAME};DeviceId=${deviceId};SharedAccessKey=${deviceKey};GatewayHostName=${GATEWAY_NAME}`,
            [anchor],
            {
                provisionedSec: Math.floor(Date.now() / 1000) - 60,
                gatewayAddress: "127.0.0.1",
                ...ports,
                ...rest,
            }
        )
        for (const [name, value] of Object.entries(settings))
            flash.set(name, value)
        return flash
    }

    /** Ends a device with the site. */
    keep(device: Device): Device {
        this.devices.add(device)
        device.once("stop", () => this.devices.delete(device))
        return device
    }

    /** Ends all devices and gateways. */
    async stop(): Promise<void> {
        for (const device of [...this.devices]) device.stop()
        await Promise.all(this.gateways.map(gateway => gateway.close()))
        this.gateways.length = 0
    }

    async close(): Promise<void> {
        await this.stop()
        rmSync(this.folder, { recursive: true, force: true })
    }
}
