/**
 * Whether it is the Wi-Fi that is away or the gateway, and how strong the signal is: behind the error in the leaf's line.
 *
 * The runtime joins its network by itself, again and again; nothing here does. It gives the strength in dBm, and the least
 * there is while it has joined none. A board without Wi-Fi, and the simulator, have no such service: then nothing is said.
 */
import type { Leaf } from "./leaf"
import { type Readable, Sampler } from "./sampler"

/** What the runtime's Wi-Fi says when it is not connected: the lowest of an int8. */
const AWAY_DBM = -128
/** It is on the same chip, and answers at once; there is no hurry either. */
const TIMEOUT_MS = 1000

/** What is used of `new ds.Wifi()`. */
export interface WifiStrength {
    readonly isBound: boolean
    readonly reading: Readable
}

/** Has the leaf say what is known of the Wi-Fi when there is no connection. */
export function tellWifi(leaf: Leaf, wifi: WifiStrength): void {
    const strength = new Sampler(wifi.reading)
    leaf.describeNetwork = async () => {
        if (!wifi.isBound) return ""
        const dBm = await strength.sample(TIMEOUT_MS)
        if (dBm === undefined) return ""
        return dBm === AWAY_DBM ? ", Wi-Fi is away" : `, Wi-Fi ${dBm} dBm`
    }
}
