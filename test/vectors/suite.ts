/**
 * Suites of published test vectors, and how their outcome is judged.
 *
 * A suite is a function that gives a row a case: what the file expects, and what the device's code did. Where the two
 * differ on purpose, `exceptions.json` says so with a reason, in the section with the suite's name. Judging is strict
 * in both directions: a difference without an exception fails, and so does an exception that is not true (any more).
 */

/** What a file asks of a case. "acceptable": it leaves the choice to us, so the choice is in `exceptions.json`. */
export type Expected = "accept" | "reject" | "acceptable"

/** The result of one case. */
export interface Row {
    /** Unique in its suite; how exceptions name the case. */
    id: string
    expected: Expected
    /** "accept" with the right result, "reject" with an error of ours; any other text says what went wrong. */
    actual: string
    /** What the case is about, for whoever reads that it failed. */
    note: string
    /** Properties of the case that an exception may name instead of ids, e.g. "key of 192 bits". */
    rules?: string[]
}

export interface Suite {
    /** Names the suite's section of `exceptions.json`. */
    name: string
    /** Files of the vectors folder that it reads. */
    files: string[]
    /** @param folder the vectors folder; every one of `files` is in it */
    run(folder: string): Promise<Row[]>
}

/** One entry of a section of `exceptions.json`: either a rule or a list of cases. */
export interface Exception {
    /** Applies to every row with this rule, whatever its file expects. */
    rule?: string
    cases?: string[]
    /** What our code does instead. */
    outcome: "accept" | "reject"
    reason: string
}

/** What came of a suite. */
export interface Verdict {
    cases: number
    /** Rows that agree with their file, by outcome. */
    accepted: number
    rejected: number
    /** Rows that differ from their file, or were left to us, as an exception says. */
    excepted: number
    /** A sentence each; none means that the suite passed. */
    failures: string[]
}

/** An exception covers a row by its id or by its rule. The first that does counts. */
function covers(exception: Exception, row: Row): boolean {
    return exception.rule === undefined
        ? exception.cases!.includes(row.id)
        : (row.rules ?? []).includes(exception.rule)
}

/** What is wrong with the form of an exception. */
function malformed(exception: Exception): string | undefined {
    const { rule, cases, outcome, reason } = exception
    if ((rule === undefined) === (cases === undefined))
        return "has not exactly one of `rule` and `cases`"
    if (outcome !== "accept" && outcome !== "reject")
        return "has no `outcome` accept or reject"
    return typeof reason === "string" && reason.trim() !== ""
        ? undefined
        : "has no `reason`"
}

/** Compares rows with what their file expects and with the exceptions. */
export function judge(rows: Row[], exceptions: Exception[]): Verdict {
    const verdict: Verdict = {
        cases: rows.length,
        accepted: 0,
        rejected: 0,
        excepted: 0,
        failures: [],
    }
    const { failures } = verdict
    const known = exceptions.filter(exception => {
        const problem = malformed(exception)
        if (problem)
            failures.push(`exception ${JSON.stringify(exception)} ${problem}`)
        return problem === undefined
    })
    /** The ids of the rows whose difference an exception explains. */
    const explained = new Map<Exception, Set<string>>(
        known.map(exception => [exception, new Set()])
    )
    const seen = new Set<string>()

    if (rows.length === 0) failures.push("the suite has no case")
    for (const row of rows) {
        if (seen.has(row.id)) failures.push(`two cases are called ${row.id}`)
        seen.add(row.id)
        const exception = known.find(one => covers(one, row))
        const differs = row.actual !== row.expected
        const wanted = exception ? exception.outcome : row.expected
        if (row.actual !== wanted) {
            failures.push(
                `${row.id}: ${row.actual}, but ${exception ? `exceptions.json says ${wanted}` : `expected is ${wanted}`} (${row.note})`
            )
            continue
        }
        if (exception && differs) {
            explained.get(exception)!.add(row.id)
            verdict.excepted++
        } else if (row.actual === "accept") verdict.accepted++
        else verdict.rejected++
    }
    for (const [exception, ids] of explained) {
        const unused =
            exception.cases?.filter(id => !ids.has(id)) ??
            (ids.size === 0 ? [`the rule "${exception.rule}"`] : [])
        for (const what of unused)
            failures.push(`no case needs the exception for ${what}`)
    }
    return verdict
}
