/** The extensions of one message of a server: RFC 8446 4.2, RFC 5246 7.4.1.4, check N3. */
import { ErrorCode, fail, failIf } from "../errors"
import { WireReader } from "./wire"

export const enum Extension {
    ServerName = 0,
    MaxFragmentLength = 1,
    SupportedGroups = 10,
    EcPointFormats = 11,
    SignatureAlgorithms = 13,
    ExtendedMasterSecret = 23,
    SessionTicket = 35,
    PreSharedKey = 41,
    SupportedVersions = 43,
    Cookie = 44,
    PskKeyExchangeModes = 45,
    KeyShare = 51,
    RenegotiationInfo = 0xff01,
}

/**
 * The most extensions in one message of a server: more than any has a reason for. They are remembered while a message is
 * read, and searching through thousands would end the program at the VM's step limit.
 */
const MAX_EXTENSIONS = 32

/** max_fragment_length 2^11, RFC 6066 4: what MAX_FRAGMENT of the record layer says. */
export const MAX_FRAGMENT_CODE = 3

/** The extensions that we know, but for RenegotiationInfo. */
const KNOWN: Buffer = hex`00 01 0a 0b 0d 17 23 2b 2c 2d 33`

export class Extensions {
    private readonly types: number[] = []
    private readonly bodies: WireReader[] = []

    /** Reads the rest of a message, which is a vector of extensions, each there once. */
    constructor(message: WireReader) {
        const list = message.readVector(2)
        message.finish()
        while (list.left() > 0) {
            const type = list.readUint(2)
            failIf(
                this.types.indexOf(type) >= 0,
                ErrorCode.TlsRepeatedExtension,
                "tls: an extension stands twice"
            )
            failIf(
                this.types.length === MAX_EXTENSIONS,
                ErrorCode.TlsMalformed,
                "tls: there are too many extensions"
            )
            this.types.push(type)
            this.bodies.push(list.readVector(2))
        }
    }

    /** A reader over the body of an extension, or null. */
    find(type: Extension): WireReader {
        const i = this.types.indexOf(type)
        if (i < 0) return null
        return this.bodies[i]
    }

    /** Refuses all others than these. RFC 8446 4.2 says which alert: it depends on whether we know the type. */
    allow(allowed: number[]): void {
        for (const type of this.types)
            if (allowed.indexOf(type) < 0) {
                let isKnown = type === Extension.RenegotiationInfo
                if (type < 256) isKnown = KNOWN.indexOf(type) >= 0
                failIf(
                    isKnown,
                    ErrorCode.TlsMisplacedExtension,
                    "tls: an extension stands in the wrong message"
                )
                unoffered()
            }
    }

    /**
     * Reads max_fragment_length.
     *
     * @returns whether the server keeps its records as small as we asked (RFC 6066 4)
     */
    readMaxFragment(): boolean {
        const body = this.find(Extension.MaxFragmentLength)
        if (body === null) return false
        failIf(
            body.readUint(1) !== MAX_FRAGMENT_CODE,
            ErrorCode.TlsMaxFragment,
            "tls: the record size is not the one asked for"
        ) // N5
        body.finish()
        return true
    }

    /** Reads the empty answer to server_name. @param isNamed whether it was sent */
    readServerName(isNamed: boolean): void {
        const body = this.find(Extension.ServerName)
        if (body === null) return
        if (!isNamed) unoffered()
        body.finish()
    }
}

function unoffered(): never {
    fail(
        ErrorCode.TlsUnofferedExtension,
        "tls: the server answers an extension that was not offered"
    )
}
