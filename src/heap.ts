/**
 * When garbage is collected: the runtime's heap never moves what lives, so it matters where long-lived things lie.
 *
 * The runtime collects when about as much was allocated since the last time as lived then. What is made meanwhile lies behind that
 * garbage, in the middle of the largest free block, and stays there.
 */

/** Much less than the largest free block that the firmware needs anyway, so that there is always one. */
const BLOCK_BYTES = 2048
/** More than half of the heap in all: less than half of it lives. */
const BLOCKS = 20

/** Has the garbage collected: what is made next goes into the gaps between what lives. */
export function collectGarbage(): void {
    for (let i = 0; i < BLOCKS; i++) Buffer.alloc(BLOCK_BYTES)
}
