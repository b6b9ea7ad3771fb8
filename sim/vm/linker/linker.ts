/**
 * Makes images smaller. DeviceScript's compiler does not optimise, and a program's code must end below byte 65,536.
 *
 * Each pass is a small change that leaves what the program does as it was; none adds an instruction to what is executed. What
 * is not understood is refused: an image is read, written again and compared before any pass. Line numbers of stack
 * traces stay right, since each instruction keeps the place that it comes from.
 */
import { Linked, Program, readImage, writeImage } from "./image"
import { shortenConditions, shortenJumps, simplifyJumps } from "./jumps"
import { renumberFunctions, renumberTexts } from "./numbers"
import { InstructionSet, LinkerError } from "./opcodes"
import { mergeTemporaries, returnDirectly, shareCopies } from "./temporaries"

/** A change of the program in place. */
export type Pass = (program: Program) => void

/** All passes, in the order in which they help each other. */
export const PASSES: readonly Pass[] = [
    shortenJumps,
    shareCopies,
    shortenConditions,
    simplifyJumps,
    mergeTemporaries,
    shareCopies,
    simplifyJumps,
    returnDirectly,
    mergeTemporaries,
    shortenConditions,
    simplifyJumps,
    renumberFunctions,
    renumberTexts,
]

/**
 * Links an image anew.
 *
 * @param properties the compiler's table of instructions
 * @throws LinkerError when the image is not as the pinned compiler writes it
 */
export function relink(
    image: Linked,
    properties: string,
    passes: readonly Pass[] = PASSES
): Linked {
    const program = readImage(image, new InstructionSet(properties))
    if (!writeImage(program).binary.equals(image.binary))
        throw new LinkerError("written again it is not the same")
    for (const pass of passes) pass(program)
    return writeImage(program)
}
