/**
 * A strict reader of DER (ITU-T X.690 chapters 8, 10 and 11), check X1.
 *
 * It walks over a buffer without copying: a cursor is a place and an end in a buffer that belongs to somebody else.
 * Refused: indefinite and non-minimal lengths, tag numbers over 30, elements that end outside their parent.
 * It does not decode REAL, sets, or strings beyond their bytes: certificates need none of it.
 *
 * What a stranger sends is walked over before any signature is checked, and the VM ends a program that runs 131,072
 * opcodes without a pause. So nothing here loops over bytes: the runtime compares them, by their hexadecimal text.
 */
import { ErrorCode, fail } from "../errors"

/** The longest elements that are compared: names are below 300 B. Their text takes four times as much heap. */
const MAX_COMPARED = 1024

const LENGTH_MALFORMED = "a length is malformed"
const LENGTH_NOT_MINIMAL = "a length is not minimal"

export const enum Tag {
    Boolean = 0x01,
    Integer = 0x02,
    BitString = 0x03,
    OctetString = 0x04,
    Null = 0x05,
    ObjectIdentifier = 0x06,
    UtcTime = 0x17,
    GeneralizedTime = 0x18,
    Sequence = 0x30,
    /** `[n]`, constructed: add n. */
    Context = 0xa0,
    /** `[n] IMPLICIT` of a primitive type: add n. */
    ContextPrimitive = 0x80,
}

export class Der {
    /** The next element starts here. Not declared with the parameter: the compiler would take in `Array.at`. */
    at: number

    constructor(
        readonly bytes: Buffer,
        at: number,
        readonly end: number
    ) {
        this.at = at
    }

    /** The tag of the next element, or -1 at the end. */
    peek(): number {
        if (this.at >= this.end) return -1
        return this.bytes[this.at]
    }

    /** Steps over the next element, which must have this tag, and returns a cursor over its content. */
    read(tag: Tag): Der {
        const b = this.bytes
        if (this.peek() !== tag) malformed("another element was expected")
        let at = this.at + 2
        if (at > this.end) malformed("an element is cut short")
        let length = b[at - 1]
        if (length > 0x7f) {
            const count = length & 0x7f
            // Three bytes of length are more than any message we accept can hold; 0x80 would be an indefinite length.
            malformedIf(count < 1, LENGTH_MALFORMED)
            malformedIf(count > 3, LENGTH_MALFORMED)
            malformedIf(at + count > this.end, LENGTH_MALFORMED)
            length = 0
            for (let i = 0; i < count; i++) length = (length << 8) | b[at + i]
            at = at + count
            malformedIf(length < 0x80, LENGTH_NOT_MINIMAL)
            malformedIf(length >> (8 * (count - 1)) === 0, LENGTH_NOT_MINIMAL)
        }
        if (at + length > this.end) malformed("an element is cut short")
        this.at = at + length
        return new Der(b, at, at + length)
    }

    /** As `read`, for an element that may be missing: then `null`. */
    readOptional(tag: Tag): Der {
        if (this.peek() !== tag) return null
        return this.read(tag)
    }

    /** Steps over the next element, whatever it is, and returns a cursor over all of it, header included. */
    readWhole(tag: Tag): Der {
        const from = this.at
        this.read(tag)
        return new Der(this.bytes, from, this.at)
    }

    /** Refuses bytes after the last element. */
    finish(): void {
        if (this.at !== this.end) malformed("there are trailing bytes")
    }

    /** How many bytes are left. */
    left(): number {
        return this.end - this.at
    }

    /** Where what is left lies, as one number, for a buffer of up to 32 KB: `Certificate.cut` makes a cursor of it. */
    place(): number {
        return (this.at << 16) | this.end
    }

    /** A copy of what is left. */
    copy(): Buffer {
        return this.bytes.slice(this.at, this.end)
    }

    /** Whether what is left is these bytes. */
    equals(other: Buffer): boolean {
        return this.same(new Der(other, 0, other.length))
    }

    /** Whether both cursors have the same bytes left. */
    same(other: Der): boolean {
        if (this.left() !== other.left()) return false
        return this.hex() === other.hex()
    }

    /**
     * What is left as text, for comparison.
     *
     * @throws LeafError X509Malformed if it is longer than anything that we compare
     */
    hex(): string {
        malformedIf(this.left() > MAX_COMPARED, "an element is too long")
        return this.copy().toString("hex")
    }

    /** BOOLEAN DEFAULT FALSE: 0xff, or left out, X.690 11.1 and 11.5. */
    readFlag(): boolean {
        if (this.peek() !== Tag.Boolean) return false
        malformedIf(
            this.read(Tag.Boolean).hex() !== "ff",
            "a boolean is malformed, or a default is encoded"
        )
        return true
    }

    /** INTEGER: a cursor over its minimal two's complement bytes, X.690 8.3.2. */
    readInteger(): Der {
        const value = this.read(Tag.Integer)
        const first = value.peek()
        malformedIf(first < 0, "an integer is empty")
        if (value.left() > 1) {
            // The first nine bits must not be alike.
            const top = ((first << 8) | value.bytes[value.at + 1]) >> 7
            malformedIf(((top + 1) & 0x1ff) < 2, "an integer is not minimal")
        }
        return value
    }

    /** INTEGER from 0 to 2^24 - 1. */
    readSmallInteger(): number {
        const value = this.readInteger()
        malformedIf(value.peek() >= 0x80, "an integer is out of range")
        malformedIf(value.left() > 3, "an integer is out of range")
        let result = 0
        for (let i = value.at; i < value.end; i++)
            result = (result << 8) | value.bytes[i]
        return result
    }

    /** INTEGER that is positive: a copy of its bytes without a leading zero. */
    readPositiveInteger(): Buffer {
        const value = this.readInteger()
        malformedIf(value.peek() >= 0x80, "an integer is not positive")
        if (value.peek() === 0) {
            value.at = value.at + 1
            malformedIf(value.left() === 0, "an integer is not positive")
        }
        return value.copy()
    }

    /** BIT STRING of whole bytes: a cursor over them. */
    readBitStringBytes(): Der {
        const value = this.read(Tag.BitString)
        malformedIf(value.peek() !== 0, "a bit string is not of whole bytes")
        value.at = value.at + 1
        return value
    }
}

/** Throws X509Malformed. */
export function malformed(what: string): never {
    fail(ErrorCode.X509Malformed, "x509: " + what)
}

/** Throws X509Malformed if a check finds what must not be: less code than `if`, but a call. */
export function malformedIf(isWrong: boolean, what: string): void {
    if (isWrong) malformed(what)
}
