/**
 * The folder `.leaf/`: an owner's CA chain, a gateway's certificate and a device identity, made at the first run.
 *
 * Private keys and the device's key lie there in plain text, readable by their owner only: it is for trying out and for
 * tests. What is there is used again; a gateway certificate that has ended, or soon will, is renewed.
 */
import {
    createPrivateKey,
    type KeyObject,
    randomBytes,
    X509Certificate,
} from "node:crypto"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { createSecureContext } from "node:tls"
import { type Certificate, loadCertificate, pemChain } from "../pki/certificate"
import { issueServer, makeChain } from "../pki/chain"
import { privateKeyPem } from "../pki/keys"
import { unfitCertificates } from "../pki/unfit"
import { Failure, systemCode } from "./failure"

/** The gateway's name in its certificate and in the device's connection string. */
export const GATEWAY_NAME = "gateway.leaf.local"
const HUB_NAME = "leaf-hub.azure-devices.net"
const DEVICE_ID = "leaf-1"

const SERVER_NAMES = [GATEWAY_NAME, "localhost", "127.0.0.1"]

/** A certificate with less than this left is renewed. */
const RENEW_BEFORE_MS = 86400000

const FILES = {
    root: "owner-root-ca.pem",
    rootKey: "owner-root-ca.key.pem",
    intermediate: "owner-intermediate-ca.pem",
    intermediateKey: "owner-intermediate-ca.key.pem",
    edgeCa: "edge-ca.pem",
    edgeCaKey: "edge-ca.key.pem",
    chain: "gateway-chain.pem",
    key: "gateway.key.pem",
    device: "device.json",
}

interface DeviceFile {
    hubName: string
    deviceId: string
    key: string
}

/** The kind of all keys of a chain. */
export type KeyType = "rsa" | "ec"

export class Workspace {
    private constructor(
        private readonly folder: string,
        private readonly keyType: KeyType
    ) {}

    /**
     * Opens the folder, and makes what is missing.
     *
     * @param keyType of the chain; one of another kind that is there is not used
     * @param onCreate called before the keys are made, which takes some seconds
     * @throws Failure if it cannot be written, or what is there is damaged
     */
    static async open(
        folder: string,
        keyType: KeyType,
        onCreate: () => void
    ): Promise<Workspace> {
        const workspace = new Workspace(folder, keyType)
        try {
            mkdirSync(folder, { recursive: true, mode: 0o700 })
        } catch (error) {
            throw workspace.unwritable(error)
        }
        if (!existsSync(workspace.path(FILES.device))) {
            // The device's file is written last: without it, the rest may be half made.
            onCreate()
            await workspace.create()
        } else await workspace.check()
        return workspace
    }

    private path(name: string): string {
        return join(this.folder, name)
    }

    private async create() {
        const chain = await makeChain({
            names: SERVER_NAMES,
            keyType: this.keyType,
        })
        const { root, intermediate, edgeCa } = chain
        this.write(FILES.root, root.pem)
        this.write(FILES.rootKey, privateKeyPem(root.keys))
        this.write(FILES.intermediate, intermediate.pem)
        this.write(FILES.intermediateKey, privateKeyPem(intermediate.keys))
        this.write(FILES.edgeCa, edgeCa.pem)
        this.write(FILES.edgeCaKey, privateKeyPem(edgeCa.keys))
        this.write(FILES.chain, chain.chainPem)
        this.write(FILES.key, chain.keyPem)
        const device: DeviceFile = {
            hubName: HUB_NAME,
            deviceId: DEVICE_ID,
            key: randomBytes(32).toString("base64"),
        }
        this.write(FILES.device, JSON.stringify(device, undefined, 4) + "\n")
    }

    private loadEdgeCa(): Certificate {
        const certificate = this.read(FILES.edgeCa)
        const key = this.read(FILES.edgeCaKey)
        try {
            return loadCertificate(certificate, key)
        } catch {
            throw this.damaged(
                `${FILES.edgeCa} and ${FILES.edgeCaKey} cannot be used together`
            )
        }
    }

    private async renewServer() {
        const edgeCa = this.loadEdgeCa()
        const server = await issueServer(edgeCa, {
            names: SERVER_NAMES,
            keyType: this.keyType,
        })
        this.write(
            FILES.chain,
            pemChain(server, edgeCa) + this.read(FILES.intermediate)
        )
        this.write(FILES.key, privateKeyPem(server.keys))
    }

    /** What is there fits together. */
    private async check() {
        void this.device
        const root = this.certificate(FILES.root)
        const keyType = root.publicKey.asymmetricKeyType
        if (keyType !== this.keyType)
            throw new Failure(
                `The folder ${this.folder} holds a chain with ${keyType} keys, and --chain asks for ${this.keyType}: name another folder with --dir.`
            )
        const intermediate = this.certificate(FILES.intermediate)
        const edgeCa = this.certificate(FILES.edgeCa)
        this.checkIssued(edgeCa, intermediate, FILES.edgeCa)
        this.checkIssued(intermediate, root, FILES.intermediate)
        const server = this.certificate(FILES.chain)
        const left = Date.parse(server.validTo) - Date.now()
        if (left < RENEW_BEFORE_MS) {
            await this.renewServer()
            return
        }
        this.checkIssued(server, edgeCa, FILES.chain)
        let key: KeyObject
        try {
            key = createPrivateKey(this.key)
        } catch (error) {
            if (error instanceof Failure) throw error
            throw this.damaged(`${FILES.key} is no private key`)
        }
        if (!server.checkPrivateKey(key))
            throw this.damaged(`${FILES.key} is the key of another certificate`)
        try {
            createSecureContext({ cert: this.chain, key: this.key })
        } catch {
            throw this.damaged(`${FILES.chain} is not whole`)
        }
    }

    private certificate(name: string): X509Certificate {
        const pem = this.read(name)
        try {
            return new X509Certificate(pem)
        } catch {
            throw this.damaged(`${name} is no certificate`)
        }
    }

    private checkIssued(
        certificate: X509Certificate,
        issuer: X509Certificate,
        name: string
    ) {
        if (
            !certificate.checkIssued(issuer) ||
            !certificate.verify(issuer.publicKey)
        )
            throw this.damaged(`${name} is of another CA`)
    }

    /** PEM of the CA that devices pin. */
    get root(): string {
        return this.read(FILES.root)
    }

    /** Certificates that the device must not take, for a gateway that is to serve them. */
    unfitCertificates() {
        return unfitCertificates({
            names: SERVER_NAMES,
            edgeCa: this.loadEdgeCa(),
            intermediatePem: this.read(FILES.intermediate),
            keyType: this.keyType,
        })
    }

    /** PEM of the gateway's certificate and its issuers, without the root. */
    get chain(): string {
        return this.read(FILES.chain)
    }

    get key(): string {
        return this.read(FILES.key)
    }

    get device(): DeviceFile {
        const text = this.read(FILES.device)
        let device: Partial<Record<keyof DeviceFile, unknown>> | null
        try {
            device = JSON.parse(text)
        } catch {
            // The parser's message would show a part of the file, and that is the key.
            throw this.damaged(`${FILES.device} is no JSON`)
        }
        const { hubName, deviceId, key } = device ?? {}
        if (
            typeof hubName !== "string" ||
            typeof deviceId !== "string" ||
            typeof key !== "string"
        )
            throw this.damaged(`${FILES.device} is incomplete`)
        return { hubName, deviceId, key }
    }

    get connectionString(): string {
        const { hubName, deviceId, key } = this.device
        return `HostName=${hubName};DeviceId=${deviceId};SharedAccessKey=${key};GatewayHostName=${GATEWAY_NAME}`
    }

    private read(name: string): string {
        try {
            return readFileSync(this.path(name), "utf8")
        } catch (error) {
            throw this.damaged(
                systemCode(error) === "ENOENT"
                    ? `${name} is missing`
                    : `${name} cannot be read`
            )
        }
    }

    private write(name: string, content: string) {
        try {
            writeFileSync(this.path(name), content, { mode: 0o600 })
        } catch (error) {
            throw this.unwritable(error)
        }
    }

    private damaged(why: string): Failure {
        return new Failure(
            `The folder ${this.folder} is damaged: ${why}. Delete it, and it is made anew.`
        )
    }

    private unwritable(error: unknown): Failure {
        return new Failure(
            `The folder ${this.folder} cannot be written (${systemCode(error) ?? String(error)}): make it writable, or name another one with --dir.`
        )
    }
}
