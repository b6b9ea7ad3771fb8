/**
 * SHA-384 and SHA-512, FIPS 180-4 sections 6.4 and 6.5, for the signatures of certificates.
 *
 * Written for size, with 64-bit words in two halves. Sums of low halves are doubles below 2^35, exact; what they have
 * above 2^32 is the carry. A block of 128 bytes takes 38,000 opcodes, about a second for a certificate of 1.5 KB on a
 * slow board, where its RSA signature takes four to twenty. 1.4 KB of bytecode, 0.8 KB of constants in flash, 0.6 KB of
 * heap while it runs; nothing is allocated a block, and the parts are not put together.
 *
 * For public data: nothing is wiped.
 */
import { writeUint24 } from "../bytes"
import { Hash } from "./hash"
import { pace } from "./pace"

/** Bytes of a block. */
const BLOCK = 128

/** 2^-32: what a sum of low words times this has before the point is the carry. */
const CARRY = 2.3283064365386963e-10

const ROUNDS = 80

/** Opcodes of 16 rounds, and of a fifth of a block's bytes, rounded up. */
const SIXTEEN_OPCODES = 8000

/** Section 4.2.3, each word little-endian, as everything here, so that it is read at once. */
const K: Buffer = hex`
    22ae28d7982f8a42 cd65ef2391443771 2f3b4deccffbc0b5 bcdb8981a5dbb5e9
    38b548f35bc25639 19d005b6f111f159 9b4f19afa4823f92 18816ddad55e1cab
    420203a398aa07d8 be6f7045015b8312 8cb2e44ebe853124 e2b4ffd5c37d0c55
    6f897bf2745dbe72 b196163bfeb1de80 3512c725a706dc9b 942669cf74f19bc1
    d24af19ec1699be4 e3254f388647beef b5d58c8bc69dc10f 659cac77cca10c24
    75022b596f2ce92d 83e4a66eaa84744a d4fb41bddca9b05c b5531183da88f976
    abdf66ee52513e98 1032b42d6dc631a8 3f21fb98c82703b0 e40eefbec77f59bf
    c28fa83df30be0c6 25a70a934791a7d5 6f8203e05163ca06 706e0e0a67292914
    fc2fd246850ab727 26c9265c38211b2e ed2ac45afc6d2c4d dfb3959d130d3853
    de63af8b54730a65 a8b2773cbb0a6a76 e6aeed472ec9c281 3b358214852c7292
    6403f14ca1e8bfa2 013042bc4b661aa8 9197f8d0708b4bc2 30be5406a3516cc7
    1852efd619e892d1 10a96555240699d6 2a20715785350ef4 b8d1bb3270a06a10
    c8d0d2b816c1a419 53ab4151086c371e 99eb8edf4c774827 a8489be1b5bcb034
    635ac9c5b30c1c39 cb8a41e34aaad84e 73e363774fca9c5b a3b8b2d6f36f2e68
    fcb2ef5dee828f74 602f17436f63a578 72abf0a11478c884 ec39641a0802c78c
    281e6323faffbe90 e9bd82deeb6c50a4 1579c6b2f7a3f9be 2b5372e3f27871c6
    9c6126eace3e27ca 07c2c021c7b886d1 1eebe0cdd67ddaea 78d16eee7f4f7df5
    ba6f1772aa67f006 a698c8a2c57d630a ae0df9be04983f11 1b471c13350b711b
    847d0423f577db28 9324c7407babca32 bcbec9150abe9e3c 4c0d109cc4671d43
    b6423ecbbed4c54c 2a7e65fc9c297f59 ecfad63aab6fcb5f 1758474a8c19446c
`

/** Section 5.3.4. */
const START_384: Buffer = hex`
    d89e05c15d9dbbcb 07d57c362a299a62 17dd70305a015991 39590ef7d8ec2f15
    310bc0ff67263367 11155868874ab48e a78ff9640d2e0cdb a44ffabe1d48b547
`

/** Section 5.3.5. */
const START_512: Buffer = hex`
    08c9bcf367e6096a 3ba7ca8485ae67bb 2bf894fe72f36e3c f1361d5f3af54fa5
    d182e6ad7f520e51 1f6c3e2b8c68059b 6bbd41fbabd9831f 79217e1319cde05b
`

/**
 * Section 6.4.2. Words are in two halves, `h` and `l`.
 *
 * @param state eight words
 * @param w the block, sixteen words; overwritten
 * @param sum sixteen numbers, for use in here
 */
async function compress(
    state: Buffer,
    w: Buffer,
    sum: number[]
): Promise<void> {
    for (let i = 0; i < 16; i++) sum[i] = state.getAt(4 * i, "i32")
    let al = sum[0]
    let ah = sum[1]
    let bl = sum[2]
    let bh = sum[3]
    let cl = sum[4]
    let ch = sum[5]
    let dl = sum[6]
    let dh = sum[7]
    let el = sum[8]
    let eh = sum[9]
    let fl = sum[10]
    let fh = sum[11]
    let gl = sum[12]
    let gh = sum[13]
    let hl = sum[14]
    let hh = sum[15]
    for (let t = 0; t < ROUNDS; t++) {
        // w is a ring of the last sixteen words.
        const at = (t & 15) << 3
        let low = w.getAt(at, "u32")
        let high = w.getAt(at + 4, "i32")
        if (t >= 16) {
            const i = (at + 8) & 127
            let l = w.getAt(i, "i32")
            let h = w.getAt(i + 4, "i32")
            const j = (at + 72) & 127
            low =
                low +
                w.getAt(j, "u32") +
                ((((l >>> 1) | (h << 31)) ^
                    ((l >>> 8) | (h << 24)) ^
                    ((l >>> 7) | (h << 25))) >>>
                    0)
            high =
                high +
                w.getAt(j + 4, "i32") +
                (((h >>> 1) | (l << 31)) ^ ((h >>> 8) | (l << 24)) ^ (h >>> 7))
            const k = (at + 112) & 127
            l = w.getAt(k, "i32")
            h = w.getAt(k + 4, "i32")
            low =
                low +
                ((((l >>> 19) | (h << 13)) ^
                    ((h >>> 29) | (l << 3)) ^
                    ((l >>> 6) | (h << 26))) >>>
                    0)
            high =
                (high +
                    (((h >>> 19) | (l << 13)) ^
                        ((l >>> 29) | (h << 3)) ^
                        (h >>> 6)) +
                    ((low * CARRY) | 0)) |
                0
            low = low >>> 0
            w.setAt(at, "i32", low | 0)
            w.setAt(at + 4, "i32", high)
        }
        // T1
        low =
            low +
            K.getAt(8 * t, "u32") +
            (hl >>> 0) +
            ((gl ^ (el & (fl ^ gl))) >>> 0) +
            ((((el >>> 14) | (eh << 18)) ^
                ((el >>> 18) | (eh << 14)) ^
                ((eh >>> 9) | (el << 23))) >>>
                0)
        high =
            high +
            K.getAt(8 * t + 4, "i32") +
            hh +
            (gh ^ (eh & (fh ^ gh))) +
            (((eh >>> 14) | (el << 18)) ^
                ((eh >>> 18) | (el << 14)) ^
                ((el >>> 9) | (eh << 23))) +
            ((low * CARRY) | 0)
        low = low >>> 0
        hl = gl
        hh = gh
        gl = fl
        gh = fh
        fl = el
        fh = eh
        const e = low + (dl >>> 0)
        el = e | 0
        eh = (high + dh + ((e * CARRY) | 0)) | 0
        // T1 + T2
        low =
            low +
            (((al & bl) | ((al | bl) & cl)) >>> 0) +
            ((((al >>> 28) | (ah << 4)) ^
                ((ah >>> 2) | (al << 30)) ^
                ((ah >>> 7) | (al << 25))) >>>
                0)
        high =
            high +
            ((ah & bh) | ((ah | bh) & ch)) +
            (((ah >>> 28) | (al << 4)) ^
                ((al >>> 2) | (ah << 30)) ^
                ((al >>> 7) | (ah << 25))) +
            ((low * CARRY) | 0)
        dl = cl
        dh = ch
        cl = bl
        ch = bh
        bl = al
        bh = ah
        al = low | 0
        ah = high | 0
        if ((t & 15) === 15) await pace(SIXTEEN_OPCODES)
    }
    sum[0] = al
    sum[1] = ah
    sum[2] = bl
    sum[3] = bh
    sum[4] = cl
    sum[5] = ch
    sum[6] = dl
    sum[7] = dh
    sum[8] = el
    sum[9] = eh
    sum[10] = fl
    sum[11] = fh
    sum[12] = gl
    sum[13] = gh
    sum[14] = hl
    sum[15] = hh
    for (let i = 0; i < 16; i = i + 2) {
        const low = (sum[i] >>> 0) + state.getAt(4 * i, "u32")
        const high =
            sum[i + 1] + state.getAt(4 * i + 4, "i32") + ((low * CARRY) | 0)
        state.setAt(4 * i, "i32", low | 0)
        state.setAt(4 * i + 4, "i32", high | 0)
    }
}

/**
 * The digest of the parts: the first `length` bytes of the last state.
 *
 * @param parts gets the padding as one more
 */
async function digestOf(
    start: Buffer,
    length: number,
    parts: Buffer[]
): Promise<Buffer> {
    let total = 0
    for (const part of parts) total = total + part.length
    // Section 5.1.2: a bit 1, zeros, and the length in bits in 16 bytes. Nothing on a device has 2^24 bits.
    const padding = Buffer.alloc(17 + ((111 - total) & 127))
    padding[0] = 0x80
    writeUint24(padding, padding.length - 3, total << 3)
    parts.push(padding)

    const state = start.slice()
    const w = Buffer.alloc(BLOCK)
    const sum: number[] = []
    let used = 0
    for (const part of parts)
        for (let i = 0; i < part.length; i++) {
            // Big-endian words become little-endian ones.
            w[used ^ 7] = part[i]
            used++
            if (used === BLOCK) {
                await compress(state, w, sum)
                used = 0
            }
        }
    const digest = Buffer.alloc(length)
    for (let i = 0; i < length; i++) digest[i] = state[i ^ 7]
    return digest
}

/** SHA-384 as a part. */
export function sha384(): Hash {
    return {
        length: 48,
        digestInfo: hex`3041300d060960864801650304020205000430`,
        digest: async (...parts: Buffer[]) =>
            await digestOf(START_384, 48, parts),
    }
}

/** SHA-512 as a part. */
export function sha512(): Hash {
    return {
        length: 64,
        digestInfo: hex`3051300d060960864801650304020305000440`,
        digest: async (...parts: Buffer[]) =>
            await digestOf(START_512, 64, parts),
    }
}
