/**
 * Yields for long computations: the VM ends a program that runs 131,072 opcodes without a pause (panic 60001), and
 * hears no network while it computes.
 *
 * One count for all that call it (crypto, x509, tls): many short operations in a row yield as one long one does, and a
 * single short one does not wait at all. Each yield costs about a millisecond.
 */
import * as ds from "@devicescript/core"

/**
 * Opcodes of work after which the next call of `pace` yields. With the largest piece (47,000) on top this stays below
 * 100,000, which leaves 30,000 for what other layers do between two calls. On a board it is about a tenth of a second.
 */
const OPCODES_BETWEEN_YIELDS = 50000

let opcodesSinceYield = 0

/** Says that about `opcodes` were just executed; lets other fibers and the network run when there were enough. */
export async function pace(opcodes: number): Promise<void> {
    opcodesSinceYield = opcodesSinceYield + opcodes
    if (opcodesSinceYield < OPCODES_BETWEEN_YIELDS) return
    opcodesSinceYield = 0
    // A sleep of 0 would reset the VM's count but let no network event in.
    await ds.sleep(1)
}
