/** Random bytes that a seed repeats: AES-128 in counter mode. For simulated devices; nothing here is secret. */
import { createCipheriv, createHash } from "node:crypto"

const BLOCK = Buffer.alloc(4096)

/** A source of bytes for one user: the same seed and name give the same bytes. */
export function seededBytes(
    seed: number,
    name: string
): (size: number) => Buffer {
    const key = createHash("sha256").update(`${seed} ${name}`).digest()
    const cipher = createCipheriv(
        "aes-128-ctr",
        key.subarray(0, 16),
        key.subarray(16)
    )
    let left = Buffer.alloc(0)
    return size => {
        while (left.length < size)
            left = Buffer.concat([left, cipher.update(BLOCK)])
        const bytes = left.subarray(0, size)
        left = left.subarray(size)
        return Buffer.from(bytes)
    }
}
