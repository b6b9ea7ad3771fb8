/** Keys that the tests of one process share: structure is what they look at, so that one set of 2048-bit keys is enough. */
import {
    makeChain,
    type Chain,
    type ChainOptions,
} from "../../../sim/pki/chain"
import { KeyPool } from "../../../sim/pki/keys"

export const pool = new KeyPool()

/** A chain with pooled 2048-bit keys for `localhost` and 127.0.0.1. */
export function testChain(options: Partial<ChainOptions> = {}): Promise<Chain> {
    return makeChain({
        names: ["localhost", "127.0.0.1"],
        caBits: 2048,
        keys: pool,
        ...options,
    })
}
