/**
 * Calendar dates as Unix seconds, with proleptic Gregorian rules; no leap seconds, as POSIX counts.
 *
 * Seconds are kept as doubles: they leave the range of int32 in 2038.
 */

/** Month, day, hour, minute and second are at least and at most; the day is at most what the month has. */
const LOWEST: Buffer = hex`01 01 00 00 00`
const HIGHEST: Buffer = hex`0c 1f 17 3b 3b`

/**
 * @param year 1970 to 9999
 * @param fields month from 1 on, day, hour, minute, second
 * @returns seconds since 1970-01-01T00:00:00Z, or -1 if there is no such time
 */
export function unixSeconds(year: number, fields: number[]): number {
    // One check a statement: in one condition they would take twice the code.
    if (year < 1970) return -1
    if (year > 9999) return -1
    for (let i = 0; i < 5; i++) {
        if (fields[i] < LOWEST[i]) return -1
        if (fields[i] > HIGHEST[i]) return -1
    }
    const month = fields[0]
    const days = daysBefore(year, month) + fields[1]
    if (days > daysBefore(year, month + 1)) return -1
    return (((days - 1) * 24 + fields[2]) * 60 + fields[3]) * 60 + fields[4]
}

/** Days from 1970-01-01 to the first of a month; month 13 is January of the next year. */
function daysBefore(year: number, month: number): number {
    // Years start in March, so that the leap day is their last: 306 days are from March to the year's end.
    if (month < 3) {
        year--
        month = month + 12
    }
    return (
        year * 365 +
        Math.idiv(year, 4) -
        Math.idiv(year, 100) +
        Math.idiv(year, 400) +
        Math.idiv(month * 306 - 913, 10) -
        719468 // 0000-03-01 to 1970-01-01
    )
}

/**
 * The number that `count` decimal digits at `at` stand for.
 *
 * @returns -1 if one of them is no digit or lies outside the buffer
 */
export function decimal(bytes: Buffer, at: number, count: number): number {
    if (at + count > bytes.length) return -1
    let value = 0
    for (let i = at; i < at + count; i++) {
        const digit = bytes[i] - 48
        if (digit < 0 || digit > 9) return -1
        value = value * 10 + digit
    }
    return value
}

/** The numbers of two decimal digits at each place, as `decimal` reads them. */
export function decimals(bytes: Buffer, places: Buffer): number[] {
    const values: number[] = []
    for (let i = 0; i < places.length; i++)
        values.push(decimal(bytes, places[i], 2))
    return values
}
