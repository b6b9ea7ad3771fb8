/**
 * What time it is, on a device that has no clock.
 *
 * There is always a floor, a time that is surely past: the largest of the provisioning time, the floor in flash and the
 * notBefore of a server certificate that was validated up to the pinned anchor. The time itself is unknown until an HTTPS
 * `Date` of the gateway, over the same pinned TLS, was accepted; then it goes on with the device's milliseconds.
 *
 * A wrong Date does bounded harm: it must lie inside the validity of the certificate that brought it, and the floor that is
 * written to flash never passes the end of the certificate seen last.
 *
 * Times are Unix seconds and doubles: beyond 2038 they are no 32-bit integers, and milliseconds of an uptime are none after
 * 25 days. Nothing here may use bit operators.
 */
import * as ds from "@devicescript/core"
import { ErrorCode, failIf } from "../errors"

/** How long a token lives once the time is known: what Microsoft's SDKs take. */
const TOKEN_LIFE_SEC = 3600

/** The least by which the floor must advance to be written: a write a day spares the flash. */
const FLOOR_STEP_SEC = 86400

/** How far clocks of honest machines may be apart (the one that provisioned may be fast): what gateways allow in tokens. */
const SKEW_SEC = 300

/** A crystal 100 ppm off loses 9 s in this time; then the next connection that is made anyway reads the time again. */
const FRESH_MS = 86400000

/** A reading that is younger is not doubted: reading it again would say the same. */
const TRUST_MS = 300000

/** Writes a number to flash. */
export type StoreSetting = (name: string, value: any) => Promise<void>

export class Clock {
    /** Whether a Date was accepted since the start. */
    known = false
    /** Surely past, Unix seconds. */
    floorSec: number
    /** How long a token lives once the time is known, in seconds. */
    tokenLifeSec = TOKEN_LIFE_SEC
    /** Tests shorten it. */
    trustMs = TRUST_MS

    private acceptedSec = 0
    private acceptedMs = 0
    private doubted = false
    private storedSec: number

    constructor(
        provisionedSec: number,
        storedFloorSec: number,
        private readonly store: StoreSetting
    ) {
        this.storedSec = storedFloorSec
        this.floorSec = Math.max(provisionedSec, storedFloorSec)
    }

    /** The time, Unix seconds with a fraction; the floor while the time is not known. Never before the floor. */
    nowSec(): number {
        if (!this.known) return this.floorSec
        return Math.max(
            this.floorSec,
            this.acceptedSec + (ds.millis() - this.acceptedMs) / 1000
        )
    }

    /** Whether the time should be read at a connection that has to be made anyway. */
    wantsReading(): boolean {
        if (!this.known) return true
        if (this.doubted) return true
        return ds.millis() - this.acceptedMs > FRESH_MS
    }

    /** A token was refused, or the gateway was away for long: perhaps the time is wrong, or the gateway's was. */
    doubt(): void {
        this.doubted = ds.millis() - this.acceptedMs > this.trustMs
    }

    /**
     * A server certificate was validated up to the anchor: raises the floor, and writes it to flash when it has advanced
     * by a day.
     */
    async sawCertificate(
        notBeforeSec: number,
        notAfterSec: number
    ): Promise<void> {
        const pastSec = Math.min(this.nowSec(), notAfterSec)
        this.floorSec = Math.max(
            this.floorSec,
            Math.floor(Math.max(notBeforeSec, pastSec))
        )
        if (this.floorSec - this.storedSec < FLOOR_STEP_SEC) return
        this.storedSec = this.floorSec
        await this.store("floor", this.floorSec)
    }

    /**
     * Takes over the Date that a gateway has given.
     *
     * @param dateSec of the answer, Unix seconds
     * @param notBeforeSec validity of the certificate that the gateway has shown on the same connection
     * @throws LeafError DateOutOfBounds
     */
    accept(dateSec: number, notBeforeSec: number, notAfterSec: number): void {
        failIf(
            !(
                dateSec >= notBeforeSec &&
                dateSec <= notAfterSec &&
                dateSec >= this.floorSec - SKEW_SEC
            ),
            ErrorCode.DateOutOfBounds,
            "app: the gateway's Date is outside its certificate's validity or before the time floor"
        )
        this.acceptedSec = dateSec
        this.acceptedMs = ds.millis()
        this.known = true
        this.doubted = false
    }

    /** The expiry of a token that is made now, whole Unix seconds: an hour from now, or the end of the certificate. */
    tokenExpirySec(notAfterSec: number): number {
        if (!this.known) return notAfterSec
        return Math.floor(this.nowSec()) + this.tokenLifeSec
    }
}
