/** What a gateway can be told when it starts, and the TLS settings that follow. */
import { createPrivateKey, X509Certificate } from "node:crypto"
import {
    createSecureContext,
    type SecureContext,
    type SecureContextOptions,
} from "node:tls"
import type { Authorities } from "./authorities"
import type { Clock } from "./clock"
import type { CreateServer } from "./listener"
import { GatewayError } from "./errors"
import type { FaultOptions, UnfitName } from "./faultoptions"
import type { LogOptions } from "./forward/log"
import type { UpstreamOptions } from "./forward/upstream"
import type { MonitorOptions } from "./monitor"
import type { Policies } from "./policies"
import type { Registry } from "./registry"
import type { GatewayLimits, ProfileName } from "./profiles"
import type { MessageStore } from "./store"
import type { TokenServiceOptions } from "./tokenservice"

/** The suites of an edgeHub that a device can meet: those of TLS 1.3, and AES-GCM with ephemeral keys in 1.2. */
const CIPHERS =
    "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:" +
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:" +
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"

/** PEM: the server certificate with the chain after it, without the root; and its private key. */
export interface ServerCertificate {
    cert: string
    key: string
}

export interface GatewayOptions extends ServerCertificate {
    /** 127.0.0.1. */
    host?: string
    /** MQTT on TLS: 8883; 0 for any free port. */
    port?: number
    /** HTTPS for the time: 8443 (443 on a real gateway); 0 for any free port, null for none. */
    httpsPort?: number | null
    /** The hub's host name, which tokens may be for. */
    hubName: string
    /** The gateway's own host name, which tokens may be for too. */
    gatewayName?: string
    registry?: Registry
    /** Shared access policies: there are none if it is missing. */
    policies?: Policies
    /** CAs of devices with certificates: there are none if it is missing. */
    authorities?: Authorities
    /** Gives tokens to devices without a device key, on the HTTPS port: there is none if it is missing. */
    tokenService?: TokenServiceOptions
    clock?: Clock
    /** Opens its ports; TCP's if it is missing. */
    createServer?: CreateServer
    store?: MessageStore
    /** In place of a store: messages are stored in this folder before they are acknowledged. See `forward/log.ts`. */
    storeFolder?: string
    /** What else the store in the folder can be told: its bounds, and what happens when it is full. */
    storeBounds?: Omit<LogOptions, "folder" | "clock">
    /** Where messages are forwarded to; needs `storeFolder`. See `forward/upstream.ts`. */
    upstream?: UpstreamOptions
    /** What it behaves as: `edgehub` if it is missing. */
    profile?: ProfileName
    /** In place of the profile's. */
    limits?: Partial<GatewayLimits>
    heartbeat?: Partial<MonitorOptions>
    /** What is to go wrong: nothing if it is missing. See `faultoptions.ts`. */
    faults?: readonly FaultOptions[]
    /** What the fault `certificate` serves: see `pki/unfit.ts`. */
    unfitCertificates?: Partial<Record<UnfitName, ServerCertificate>>
    /** Overrides of the TLS server: versions, suites, groups (`ecdhCurve`), signature schemes (`sigalgs`). */
    tls?: Pick<
        SecureContextOptions,
        "minVersion" | "maxVersion" | "ciphers" | "ecdhCurve" | "sigalgs"
    >
}

/** The TLS server's context for a certificate; throws `bad-certificate`. */
export function serverContext(
    { cert, key }: ServerCertificate,
    overrides: GatewayOptions["tls"]
): SecureContext {
    try {
        // OpenSSL itself takes an RSA certificate with an EC key, and then has nothing to serve.
        if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
            throw new Error("the key is not that of the certificate")
        return createSecureContext({
            minVersion: "TLSv1.2",
            ciphers: CIPHERS,
            ecdhCurve: "X25519:P-256",
            ...overrides,
            cert,
            key,
            // OpenSSL resumes no session that it cannot tell whose it is, once it asks for client certificates.
            sessionIdContext: "edge-leaf-gateway",
        })
    } catch (error) {
        const { reason, message } = error as { reason?: string } & Error
        throw new GatewayError(
            "bad-certificate",
            `gateway: the server certificate cannot be used (${reason ?? message}): give the chain and the key of one and the same certificate as PEM, or make both anew`
        )
    }
}
