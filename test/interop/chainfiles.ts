/** The chains of the cases, as files for servers. Each is made once; keys are shared between chains, as RSA-4096 takes seconds. */
import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Certificate, pemChain } from "../../sim/pki/certificate"
import { Chain, makeChain } from "../../sim/pki/chain"
import { generateKeys, KeyPair, KeyPool, KeySpec } from "../../sim/pki/keys"
import { privateKeyPem } from "../../sim/pki/keys"
import { issueCa } from "../ca"
import { GATEWAY_NAME } from "../site"
import { Case } from "./cases"
import { ServerFiles } from "./servers"

/** Two CAs that follow each other have different keys, and the server has another one. */
const SHARED_ROLES: [RegExp, string][] = [
    [/ (root|intermediate)$/, "first CA"],
    [/ (policy|edge-ca)$/, "second CA"],
]

class SharedKeys extends KeyPool {
    override keys(role: string, spec: KeySpec): Promise<KeyPair> {
        const shared = SHARED_ROLES.find(([pattern]) => pattern.test(role))
        return super.keys(shared?.[1] ?? role, spec)
    }
}

export class ChainFiles {
    private readonly keys = new SharedKeys()
    private readonly chains = new Map<string, Promise<Chain>>()
    private readonly stranger = generateKeys({ type: "ec" }).then(keys =>
        issueCa("Some Other Owner", keys)
    )

    constructor(private readonly folder: string) {}

    /** The chain of a case: its root is what the device pins. */
    chain({ keys, depth, hash }: Case): Promise<Chain> {
        const name = [keys, depth, hash].join()
        let chain = this.chains.get(name)
        if (!chain) {
            const bits = Number(keys.replace("RSA-", ""))
            chain = makeChain({
                names: [GATEWAY_NAME],
                keys: this.keys,
                depth,
                hash,
                ...(keys === "P-256"
                    ? { keyType: "ec" }
                    : { caBits: bits, serverBits: bits }),
            })
            this.chains.set(name, chain)
        }
        return chain
    }

    /** Writes what the server of a case reads, unless it is there. */
    async write(one: Case): Promise<ServerFiles> {
        const chain = await this.chain(one)
        const { keys, depth, hash, order } = one
        const name = [keys, depth, hash, order].join("-").replace(/ /g, "-")
        const file = (end: string) => join(this.folder, `${name}-${end}.pem`)
        const others = await this.others(chain, order)
        const put = (end: string, text: string) => {
            if (!existsSync(file(end))) writeFileSync(file(end), text)
            return file(end)
        }
        return {
            certificate: put("server", chain.server.pem),
            others: others.length ? put("others", pemChain(...others)) : "",
            chain: put("chain", pemChain(chain.server, ...others)),
            key: put("key", privateKeyPem(chain.server.keys)),
        }
    }

    /** What is sent behind the server's certificate. */
    private async others(
        { sent, root }: Chain,
        order: Case["order"]
    ): Promise<Certificate[]> {
        const issuers = sent.slice(1)
        if (order === "reversed") return issuers.reverse()
        if (order === "with root") return [...issuers, root]
        if (order === "with stranger") return [await this.stranger, ...issuers]
        return issuers
    }
}
