/** Random faults of a server: what one fuzzed flight does wrong. */
import type {
    CommonFaults,
    Fragment,
    HostileServer,
    Step,
} from "../../sim/faults/hostile"
import {
    Content,
    Ext,
    extension,
    handshake,
    plainRecord,
    uint,
    vector,
} from "../../sim/faults/wire"
import type { Faults13 } from "../../sim/faults/tlsserver13"
import type { Random } from "../random"
import { mutate } from "./mutation"

/** Steps of a flight, in both versions; those that are not taken are not harmed. */
const STEPS: Step[] = [
    "helloRetryRequest",
    "serverHello",
    "encryptedExtensions",
    "certificateRequest",
    "certificate",
    "certificateVerify",
    "serverKeyExchange",
    "serverHelloDone",
    "newSessionTicket",
    "changeCipherSpec",
    "finished",
]

const EXTENSIONS = [
    Ext.ServerName,
    Ext.MaxFragmentLength,
    Ext.SupportedGroups,
    Ext.PointFormats,
    Ext.ExtendedMasterSecret,
    Ext.SessionTicket,
    Ext.PreSharedKey,
    Ext.EarlyData,
    Ext.SupportedVersions,
    Ext.Cookie,
    Ext.KeyShare,
    Ext.RenegotiationInfo,
    Ext.Alpn,
]

/** Faults of one kind; they do not keep state, but for `random`. */
export function randomFaults(random: Random): CommonFaults {
    const kinds = [damaged, damaged, raw, disordered, cutUp, talkative, answers]
    const faults = random.pick(kinds)(random)
    if (random.oneIn(8)) faults.requestCertificate = true
    return faults
}

/** A message is damaged before it is protected: it reaches the parsers. */
function damaged(random: Random): CommonFaults {
    const harmed = random.pick(STEPS)
    return {
        message: (step, message) =>
            step === harmed || random.oneIn(12)
                ? [mutate(message, random)]
                : [message],
    }
}

/** The bytes on the wire are damaged. */
function raw(random: Random): CommonFaults {
    const harmed = random.below(8)
    return {
        wire: (record, index) =>
            index === harmed ? mutate(record, random) : record,
    }
}

/** Messages are missing, there twice, swapped, or of another kind. */
function disordered(random: Random): CommonFaults {
    let held: Buffer[] = []
    return {
        message: (_, message) => {
            if (!random.oneIn(3)) {
                const sent = [message, ...held]
                held = []
                return sent
            }
            switch (random.below(4)) {
                case 0:
                    return []
                case 1:
                    return [message, message]
                case 2:
                    held = [message]
                    return []
                default:
                    return [randomMessage(random), message]
            }
        },
    }
}

/** Records are cut, joined, empty, of other types, not protected, or between others. */
function cutUp(random: Random): CommonFaults {
    let held: Buffer[] = []
    return {
        fragments: (_, fragments) =>
            fragments.flatMap(fragment => {
                const { content } = fragment
                switch (random.below(8)) {
                    case 0:
                        return pieces(content, random).map(piece => ({
                            ...fragment,
                            content: piece,
                        }))
                    case 1:
                        held.push(content)
                        return []
                    case 2:
                        return [randomRecord(random), fragment]
                    case 3:
                        return [fragment, randomRecord(random)]
                    case 4:
                        return [{ ...fragment, plain: true }]
                    case 5:
                        return [{ ...fragment, type: random.between(20, 24) }]
                    default: {
                        const whole = Buffer.concat([...held, content])
                        held = []
                        return [{ ...fragment, content: whole }]
                    }
                }
            }),
    }
}

/** Something comes after the handshake. */
function talkative(random: Random): CommonFaults {
    return {
        afterHandshake: server => {
            for (let i = random.between(1, 30); i > 0; i--)
                sendSomething(server, random)
        },
    }
}

/** Extensions are added to the ServerHello and to EncryptedExtensions. */
function answers(random: Random): CommonFaults {
    const list = () =>
        Array.from({ length: random.between(1, 4) }, () =>
            extension(random.pick(EXTENSIONS), randomBody(random))
        )
    const faults: Faults13 = {
        [random.pick(["serverHello", "helloRetryRequest"])]: { more: list() },
        ...(random.oneIn(2) && { encryptedExtensions: list() }),
    }
    return faults
}

function sendSomething(server: HostileServer, random: Random) {
    switch (random.below(6)) {
        case 0:
            return server.sendData("x".repeat(random.below(5000)))
        case 1:
            return server.sendFragment(randomRecord(random))
        case 2:
            return server.sendFragment({
                type: Content.Handshake,
                content: randomMessage(random),
            })
        case 3:
            return server.sendRecord(
                mutate(
                    server.protect({
                        type: Content.ApplicationData,
                        content: random.bytes(random.below(100)),
                    }),
                    random
                )
            )
        case 4:
            return server.sendAlert(
                random.between(1, 2),
                random.pick([0, 90, 100])
            )
        default:
            return server.sendRecord(
                plainRecord(random.between(19, 25), random.bytes(3))
            )
    }
}

/** A handshake message of any type, whose content means something or nothing. */
function randomMessage(random: Random): Buffer {
    const type = random.pick([0, 1, 2, 4, 8, 11, 12, 13, 14, 15, 20, 22, 24])
    const message = handshake(type, randomBody(random))
    return random.oneIn(4) ? mutate(message, random) : message
}

function randomBody(random: Random): Buffer {
    switch (random.below(5)) {
        case 0:
            return Buffer.alloc(0)
        case 1:
            return uint(1, random.below(256))
        case 2:
            return vector(random.between(1, 3), random.bytes(random.below(40)))
        case 3:
            return uint(2, random.pick([0x0303, 0x0304, 0x001d, 0x0017, 0]))
        default:
            return random.bytes(random.below(600))
    }
}

function randomRecord(random: Random): Fragment {
    return {
        type: random.between(20, 23),
        content: random.pick([
            Buffer.alloc(0),
            Buffer.from([1]),
            Buffer.from([1, 90]),
            Buffer.from([1, 0]),
            Buffer.from([2, 40]),
            random.bytes(random.between(1, 50)),
        ]),
        plain: random.oneIn(2),
    }
}

function pieces(content: Buffer, random: Random): Buffer[] {
    const result: Buffer[] = []
    const most = random.pick([1, 3, 50, 1000])
    for (let at = 0; at < content.length;) {
        const length = random.between(1, most)
        result.push(content.subarray(at, at + length))
        at += length
    }
    return result
}
