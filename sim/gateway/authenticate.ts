/**
 * Who may connect: the checks of edgeHub on a CONNECT's client id, user name and password, in its order.
 *
 * The client learns a return code (`profiles.ts`); the reason and a sentence that says what to look at are for the operator.
 */
import type { X509Certificate } from "node:crypto"
import { plain, type Authorities } from "./authorities"
import {
    checkTime,
    commonName,
    judgePath,
    validity,
    type PathVerdict,
} from "./clientchain"
import type { Clock } from "./clock"
import type { RefusalReason } from "./events"
import { decode } from "./percent"
import type { Policies } from "./policies"
import type { Profile } from "./profiles"
import type { DeviceIdentity, Registry } from "./registry"
import { checkToken } from "./token"

export interface Refusal {
    ok: false
    reason: RefusalReason
    message: string
    deviceId?: string
}

export interface Admission {
    ok: true
    deviceId: string
    /** When the token, or the certificate, ends: the first second, since 1970, in which it is not good any more. */
    tokenExpirySec: number
    /** What the client says that it is, or "". */
    clientType: string
}

export interface Credentials {
    clientId: string
    username: string | undefined
    /** Secret: it goes into no event and no message. */
    password: string
    /** The client's own, and what it has sent with it; none if it is missing. */
    certificates?: readonly X509Certificate[]
}

export interface Username {
    host: string
    deviceId: string
    moduleId?: string
    parameters: Map<string, string>
}

/**
 * Reads `{host}/{deviceId}[/{moduleId}]/?api-version=…[&DeviceClientType=…]`; the `?` may be missing, as with old clients. Gives
 * nothing for anything else. The host is not checked, and api-version may have any value, as on edgeHub.
 */
export function parseUsername(username: string): Username | undefined {
    const segments = username.split("/")
    const query = segments.pop() ?? ""
    const [host, device, module, ...more] = segments.map(part => part.trim())
    const parameters = new Map<string, string>()
    for (const pair of query.replace(/^\?/, "").trim().split("&")) {
        const [name, ...value] = pair.split("=")
        const text = decode(value.join("=")) ?? value.join("=")
        if (!parameters.has(name)) parameters.set(name, text)
    }
    if (!device || module === "" || more.length) return undefined
    if (!parameters.get("api-version")?.trim()) return undefined
    return { host, deviceId: device, moduleId: module, parameters }
}

export class Authenticator {
    constructor(
        private readonly registry: Registry,
        private readonly clock: Clock,
        /** The names that a token may be for: the hub's and the gateway's. */
        private readonly hosts: readonly string[],
        private readonly profile: Pick<
            Profile,
            "childrenOnly" | "tokenSkewSec"
        >,
        /** Whose tokens open devices, too; none if it is missing. */
        private readonly policies?: Policies,
        /** Whose devices are let in with certificates; none if it is missing. */
        private readonly authorities?: Pick<Authorities, "verified">
    ) {}

    /** Checks the fields of a CONNECT; also those of one that was accepted, to see whether it still would be. */
    check(credentials: Credentials): Admission | Refusal {
        const { clientId, username } = credentials
        const user =
            username === undefined ? undefined : parseUsername(username)
        if (!user)
            return refuse(
                "bad-username",
                "the user name is not {host}/{deviceId}/?api-version=…"
            )
        const { deviceId, moduleId } = user
        if (!clientId.trim())
            return refuse(
                "bad-client-id",
                "the client id is empty: it has to be the device id",
                deviceId
            )
        const deny = (reason: RefusalReason, message: string) =>
            refuse(reason, message, deviceId)
        if (moduleId !== undefined)
            return deny(
                "module-identity",
                "the user name is that of a module: leaf devices have none"
            )
        // Not quoted: who swaps the fields of a CONNECT puts a secret there.
        if (clientId !== deviceId)
            return deny(
                "client-id-mismatch",
                "the client id is not the device id of the user name, letter case included"
            )
        return this.checkIdentity(deviceId, credentials, deny, user)
    }

    private checkIdentity(
        deviceId: string,
        { password: token, certificates = [] }: Credentials,
        deny: (reason: RefusalReason, message: string) => Refusal,
        user: Username
    ): Admission | Refusal {
        const identity = this.registry.get(deviceId)
        if (!identity)
            return deny(
                "unknown-device",
                "no such device: add it to the registry, or correct the device id (letter case counts)"
            )
        if (!identity.enabled)
            return deny("disabled-device", "the device is disabled: enable it")
        if (
            this.profile.childrenOnly &&
            identity.parent !== this.registry.gatewayId
        )
            return deny(
                "not-a-child",
                `the device is not a child of ${this.registry.gatewayId}: make it one`
            )
        const clientType = user.parameters.get("DeviceClientType") ?? ""
        if (identity.authentication !== "sas") {
            const verdict = this.judgeCertificate(identity, token, certificates)
            return verdict.ok
                ? {
                      ok: true,
                      deviceId,
                      tokenExpirySec: verdict.lastSec + 1,
                      clientType,
                  }
                : deny(verdict.reason, verdict.message)
        }
        if (!token)
            return deny(
                "no-token",
                "there is no password: the device is one of type sas, and proves itself with a SAS token"
            )
        const verdict = checkToken(token, {
            deviceId,
            hosts: this.hosts,
            keys: [identity.primaryKey, identity.secondaryKey],
            nowMs: this.clock.now(),
            skewSec: this.profile.tokenSkewSec,
            policies: this.policies,
        })
        if (!verdict.ok) return deny(verdict.reason, verdict.message)
        return {
            ok: true,
            deviceId,
            tokenExpirySec: verdict.expirySec,
            clientType,
        }
    }

    // What is in a certificate is a stranger's: a part that cannot be read is found when it is looked at.
    private judgeCertificate(
        identity: DeviceIdentity,
        token: string,
        certificates: readonly X509Certificate[]
    ): PathVerdict {
        try {
            return this.checkCertificate(identity, token, certificates)
        } catch {
            return no(
                "untrusted-certificate",
                "a part of the certificate, or of one above it, cannot be read"
            )
        }
    }

    private checkCertificate(
        identity: DeviceIdentity,
        token: string,
        [leaf, ...others]: readonly X509Certificate[]
    ): PathVerdict {
        const { authentication, deviceId } = identity
        const nowMs = this.clock.now()
        if (token)
            return no(
                "wrong-authentication",
                `the device is one of type ${authentication}: it has no key that a token could be signed with, and proves itself with its certificate alone`
            )
        if (!leaf)
            return no(
                "no-certificate",
                "the device is known by its certificate, and the client has shown none"
            )
        if (authentication === "certificateAuthority") {
            if (commonName(leaf) !== deviceId)
                return no(
                    "wrong-common-name",
                    "the CN of the certificate is not the device id, letter case included"
                )
            const trusted = this.authorities?.verified ?? []
            return judgePath(leaf, others, trusted, nowMs)
        }
        const shown = [leaf.fingerprint, leaf.fingerprint256].map(plain)
        const { primaryThumbprint, secondaryThumbprint } = identity
        if (
            !shown.includes(primaryThumbprint) &&
            !shown.includes(secondaryThumbprint)
        )
            return no(
                "wrong-thumbprint",
                `the certificate's thumbprint is not one of the device's: it is ${shown[0]} (SHA-1), ${shown[1]} (SHA-256)`
            )
        return (
            checkTime(leaf, nowMs) ?? {
                ok: true,
                lastSec: validity(leaf).lastSec,
            }
        )
    }
}

function no(reason: RefusalReason, message: string): PathVerdict {
    return { ok: false, reason, message }
}

function refuse(
    reason: RefusalReason,
    message: string,
    deviceId?: string
): Refusal {
    return { ok: false, reason, message, deviceId }
}
