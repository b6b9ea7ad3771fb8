/**
 * Calendar dates as Unix seconds, with proleptic Gregorian rules; no leap seconds, as POSIX counts.
 *
 * Seconds are kept as doubles: they leave the range of int32 in 2038.
 */

/**
 * @param year 1970 to 9999
 * @param month 1 to 12
 * @returns seconds since 1970-01-01T00:00:00Z, or -1 if there is no such time
 */
export function unixSeconds(
    year: number,
    month: number,
    day: number,
    hour: number,
    minute: number,
    second: number
): number {
    // One check a statement: in one condition they would take twice the code.
    if (year < 1970) return -1
    if (year > 9999) return -1
    if (month < 1) return -1
    if (month > 12) return -1
    if (day < 1) return -1
    if (day > daysInMonth(year, month)) return -1
    if (hour < 0) return -1
    if (hour > 23) return -1
    if (minute < 0) return -1
    if (minute > 59) return -1
    if (second < 0) return -1
    if (second > 59) return -1
    // Years start in March, so that the leap day is their last: 306 days are from March to the year's end.
    const y = month < 3 ? year - 1 : year
    const m = month < 3 ? month + 9 : month - 3
    const days =
        y * 365 +
        Math.idiv(y, 4) -
        Math.idiv(y, 100) +
        Math.idiv(y, 400) +
        Math.idiv(m * 306 + 5, 10) +
        day -
        1 -
        719468 // 0000-03-01 to 1970-01-01
    return days * 86400 + hour * 3600 + minute * 60 + second
}

function daysInMonth(year: number, month: number): number {
    if (month === 2)
        return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
            ? 29
            : 28
    return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
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
