/** Something that the user can mend: one sentence says what is wrong, where, and what to do next. */
export class Failure extends Error {
    constructor(
        message: string,
        readonly exitCode = 1
    ) {
        super(message)
    }
}

/** The code of a system error such as `EADDRINUSE`. */
export function systemCode(error: unknown): string | undefined {
    return (error as NodeJS.ErrnoException | undefined)?.code
}
