/** The Wi-Fi network that a device's runtime joins: what it may be. The runtime keeps it beside the settings, see `envfile.ts`. */
import { Failure } from "../cli/failure"

/** As 802.11 has them: a name of bytes, a password of printable ASCII. The runtime has room for as much. */
const MAX_SSID_BYTES = 32
const PASSWORD = /^[\x20-\x7e]{8,63}$/

export interface Network {
    ssid: string
    /** A secret. Empty for an open network. */
    password: string
}

/** @throws Failure unless a device can join it; the password is in no message */
export function checkNetwork(network: Network): Network {
    const { ssid, password } = network
    const bytes = Buffer.byteLength(ssid)
    if (!bytes || bytes > MAX_SSID_BYTES || /\p{Cc}/u.test(ssid))
        throw new Failure(
            `The Wi-Fi name has ${bytes} bytes, or a control character in it: 1 to ${MAX_SSID_BYTES} bytes of text are wanted.`
        )
    if (password && !PASSWORD.test(password))
        throw new Failure(
            "The Wi-Fi password has to have 8 to 63 printable ASCII characters: check it, and that its file holds it alone."
        )
    return network
}
