/** Passes over jumps. */
import { Program } from "./image"

/** Jumps take the shortest form that reaches. The compiler writes every jump forward in four bytes. */
export function shortenJumps({ functions }: Program): void {
    for (const { body } of functions)
        for (const statement of body) statement.minDistanceBytes = 1
}
