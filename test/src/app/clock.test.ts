import { sleep } from "@devicescript/core"
import { describe, expect, test } from "@devicescript/test"
import { Clock } from "../../../src/app/clock"
import { ErrorCode } from "../../../src/errors"
import { expectCode } from "../check"

const DAY = 86400
/** Provisioning, and a certificate of 30 days from a week later. */
const PROVISIONED = 1790000000
const NOT_BEFORE = PROVISIONED + 7 * DAY
const NOT_AFTER = NOT_BEFORE + 30 * DAY

/** What was written to flash, in order. */
class Flash {
    readonly writes: number[] = []
    async write(name: string, value: number): Promise<void> {
        expect(name).toBe("floor")
        this.writes.push(value)
    }
}

function createClock(flash: Flash, storedFloorSec: number): Clock {
    return new Clock(PROVISIONED, storedFloorSec, async (name, value) => {
        await flash.write(name, value)
    })
}

describe("clock", () => {
    test("starts with the later of provisioning time and the floor in flash", () => {
        expect(createClock(new Flash(), 0).floorSec).toBe(PROVISIONED)
        const later = createClock(new Flash(), PROVISIONED + 5)
        expect(later.floorSec).toBe(PROVISIONED + 5)
        expect(later.nowSec()).toBe(PROVISIONED + 5)
        expect(later.known).toBe(false)
    })

    test("a validated certificate raises the floor to its notBefore, and that is written", async () => {
        const flash = new Flash()
        const clock = createClock(flash, 0)
        await clock.sawCertificate(NOT_BEFORE, NOT_AFTER)
        expect(clock.floorSec).toBe(NOT_BEFORE)
        expect(flash.writes.join()).toBe(`${NOT_BEFORE}`)
    })

    test("an older certificate does not lower the floor", async () => {
        const flash = new Flash()
        const clock = createClock(flash, NOT_BEFORE)
        await clock.sawCertificate(NOT_BEFORE - 10 * DAY, NOT_AFTER)
        expect(clock.floorSec).toBe(NOT_BEFORE)
        expect(flash.writes.length).toBe(0)
    })

    test("the floor is written when it has advanced by a day, not before", async () => {
        const flash = new Flash()
        const clock = createClock(flash, NOT_BEFORE)
        await clock.sawCertificate(NOT_BEFORE + DAY - 1, NOT_AFTER)
        expect(clock.floorSec).toBe(NOT_BEFORE + DAY - 1)
        expect(flash.writes.length).toBe(0)
        await clock.sawCertificate(NOT_BEFORE + DAY, NOT_AFTER)
        await clock.sawCertificate(NOT_BEFORE + DAY + 60, NOT_AFTER)
        expect(flash.writes.join()).toBe(`${NOT_BEFORE + DAY}`)
    })

    test("while the time is unknown a token ends with the certificate", () => {
        expect(createClock(new Flash(), 0).tokenExpirySec(NOT_AFTER)).toBe(
            NOT_AFTER
        )
    })

    test("an accepted Date makes the time known, it goes on, and tokens live an hour", async () => {
        const clock = createClock(new Flash(), 0)
        expect(clock.wantsReading()).toBe(true)
        clock.accept(NOT_BEFORE + 100, NOT_BEFORE, NOT_AFTER)
        expect(clock.known).toBe(true)
        expect(clock.wantsReading()).toBe(false)
        await sleep(50)
        const passedSec = clock.nowSec() - (NOT_BEFORE + 100)
        expect(passedSec >= 0.02 && passedSec < 30).toBe(true)
        const expirySec = clock.tokenExpirySec(NOT_AFTER)
        expect(expirySec).toBe(Math.floor(expirySec))
        expect(expirySec >= NOT_BEFORE + 3700).toBe(true)
        expect(expirySec < NOT_BEFORE + 3730).toBe(true)
    })

    test("times after 2038 are no different", () => {
        const clock = createClock(new Flash(), 0)
        clock.accept(5000000000, 4999999999, 5000086400)
        const expirySec = clock.tokenExpirySec(5000086400)
        expect(expirySec >= 5000003600 && expirySec < 5000003630).toBe(true)
    })

    test("a Date outside the certificate's validity is refused", async () => {
        const clock = createClock(new Flash(), 0)
        await expectCode(ErrorCode.DateOutOfBounds, () => {
            clock.accept(NOT_BEFORE - 1, NOT_BEFORE, NOT_AFTER)
        })
        await expectCode(ErrorCode.DateOutOfBounds, () => {
            clock.accept(NOT_AFTER + 1, NOT_BEFORE, NOT_AFTER)
        })
        await expectCode(ErrorCode.DateOutOfBounds, () => {
            clock.accept(0 / 0, NOT_BEFORE, NOT_AFTER)
        })
        expect(clock.known).toBe(false)
        clock.accept(NOT_AFTER, NOT_BEFORE, NOT_AFTER)
        expect(clock.known).toBe(true)
    })

    test("a Date before the floor is refused, but for the skew of honest clocks", async () => {
        const clock = createClock(new Flash(), NOT_BEFORE + DAY)
        await expectCode(ErrorCode.DateOutOfBounds, () => {
            clock.accept(NOT_BEFORE + DAY - 301, NOT_BEFORE, NOT_AFTER)
        })
        clock.accept(NOT_BEFORE + DAY - 300, NOT_BEFORE, NOT_AFTER)
        expect(clock.known).toBe(true)
        // The floor holds until the time has passed it.
        expect(clock.nowSec()).toBe(NOT_BEFORE + DAY)
    })

    test("a jump forward counts from the next Date on, and one back does not go below the floor", async () => {
        const clock = createClock(new Flash(), NOT_BEFORE)
        clock.accept(NOT_BEFORE + 10, NOT_BEFORE, NOT_AFTER)
        clock.accept(NOT_BEFORE + 5 * DAY, NOT_BEFORE, NOT_AFTER)
        const aheadSec = clock.nowSec() - (NOT_BEFORE + 5 * DAY)
        expect(aheadSec >= 0 && aheadSec < 30).toBe(true)
        await clock.sawCertificate(NOT_BEFORE, NOT_AFTER)
        await expectCode(ErrorCode.DateOutOfBounds, () => {
            clock.accept(NOT_BEFORE + 10, NOT_BEFORE, NOT_AFTER)
        })
        expect(clock.nowSec() >= NOT_BEFORE + 5 * DAY).toBe(true)
    })

    test("a known time raises the floor, but never past the end of the certificate seen last", async () => {
        const flash = new Flash()
        const clock = createClock(flash, 0)
        clock.accept(NOT_AFTER, NOT_BEFORE, NOT_AFTER)
        const earlierEnd = NOT_AFTER - 5 * DAY
        await clock.sawCertificate(NOT_BEFORE, earlierEnd)
        expect(clock.floorSec).toBe(earlierEnd)
        expect(flash.writes.join()).toBe(`${earlierEnd}`)
    })

    test("a refused token does not make a fresh reading wanted again", () => {
        const clock = createClock(new Flash(), 0)
        clock.accept(NOT_BEFORE + 1, NOT_BEFORE, NOT_AFTER)
        clock.doubt()
        expect(clock.wantsReading()).toBe(false)
    })
})
