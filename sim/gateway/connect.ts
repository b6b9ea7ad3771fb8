/** The first packet of a connection: is it a CONNECT of MQTT 3.1.1 (3.1), and of whom? */
import type { IConnectPacket } from "mqtt-packet"
import type { Credentials, Refusal } from "./authenticate"
import { connectProtocol, FrameError, readPacket } from "./frames"

export interface Connect {
    ok: true
    packet: IConnectPacket
    credentials: Credentials
}

/** Reads the first packet. Throws a `FrameError` for one that is malformed, or no CONNECT. */
export function readConnect(frame: Buffer): Connect | Refusal {
    const protocol = connectProtocol(frame)
    // Before all else: packets of other versions are of other forms.
    if (protocol && (protocol.name !== "MQTT" || protocol.level !== 4))
        return {
            ok: false,
            reason: "protocol",
            message: "the protocol is not MQTT 3.1.1 (name MQTT, level 4)",
        }
    const packet = readPacket(frame)
    if (packet.cmd !== "connect")
        throw new FrameError(
            "protocol-error",
            `the first packet is ${packet.cmd.toUpperCase()}, not CONNECT`
        )
    return {
        ok: true,
        packet,
        credentials: {
            clientId: packet.clientId,
            username: packet.username,
            password: packet.password?.toString("latin1") ?? "",
        },
    }
}
