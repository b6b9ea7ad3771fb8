/**
 * A stored message as bytes: a check (8 bytes of SHA-256 over the rest), the length of the head (4, big-endian), the head as JSON, the
 * body as it came. LevelDB's own checks do not cover what is read later, so that a flipped bit is found here.
 */
import { createHash } from "node:crypto"
import type { Message } from "../store"

const CHECK_BYTES = 8
const HEAD_AT = CHECK_BYTES + 4

export function writeRecord(message: Message): Buffer {
    const { body, ...fields } = message
    const head = Buffer.from(JSON.stringify(fields))
    const record = Buffer.concat([Buffer.alloc(HEAD_AT), head, body])
    record.writeUInt32BE(head.length, CHECK_BYTES)
    check(record).copy(record)
    return record
}

/** Gives nothing for a record that is damaged. */
export function readRecord(record: Buffer): Message | undefined {
    if (record.length < HEAD_AT) return undefined
    if (!check(record).equals(record.subarray(0, CHECK_BYTES))) return undefined
    const bodyAt = HEAD_AT + record.readUInt32BE(CHECK_BYTES)
    const head = JSON.parse(record.toString("utf8", HEAD_AT, bodyAt)) as Omit<
        Message,
        "body"
    >
    return { ...head, body: record.subarray(bodyAt) }
}

function check(record: Buffer): Buffer {
    return createHash("sha256")
        .update(record.subarray(CHECK_BYTES))
        .digest()
        .subarray(0, CHECK_BYTES)
}
