import assert from "node:assert/strict"
import { join } from "node:path"
import { test } from "node:test"
import { Image, compile } from "../../sim/vm/compiler"
import {
    MAX_CODE_BYTES,
    MAX_HEAP_BYTES,
    MAX_IMAGE_BYTES,
    MAX_X25519_BYTES,
    assertHeapBudget,
    exceeded,
    sizeTable,
    x25519Bytes,
} from "./budgets"

const root = join(__dirname, "..", "..", "..")

test("the firmware keeps to its budgets", async () => {
    const image = await compile(join(root, "src", "main.ts"), { root })
    console.log(`src/main.ts, bytes\n${sizeTable(image)}`)
    assert.deepEqual(exceeded(image), [])
    assert.ok(x25519Bytes(image) > 0, "no code of X25519 was found")
})

function imageOf(
    imageBytes: number,
    codeBytes: number,
    modules: Image["modules"]
): Image {
    return {
        binary: Buffer.alloc(imageBytes),
        codeBytes,
        modules,
        trace: { functions: [], files: [], entries: [] },
    }
}

test("an image at its budgets is in order, and one byte more of each is not", () => {
    const x25519 = (bytes: number) => [
        { file: "src/crypto/x25519.ts", bytes: 1000 },
        { file: "src/crypto/field25519.g.ts", bytes: bytes - 1000 },
        { file: "src/tls/x25519group.ts", bytes: 5000 },
    ]
    assert.deepEqual(
        exceeded(
            imageOf(MAX_IMAGE_BYTES, MAX_CODE_BYTES, x25519(MAX_X25519_BYTES))
        ),
        []
    )
    assert.deepEqual(
        exceeded(
            imageOf(
                MAX_IMAGE_BYTES + 1,
                MAX_CODE_BYTES + 1,
                x25519(MAX_X25519_BYTES + 1)
            )
        ),
        [
            "code: 64001 bytes are 1 more than the budget of 64000",
            "image: 100001 bytes are 1 more than the budget of 100000",
            "X25519: 6145 bytes are 1 more than the budget of 6144",
        ]
    )
})

test("a heap at its budget is in order; one word more, or a watch that saw nothing, is not", () => {
    const peak = { live: MAX_HEAP_BYTES, garbageBytes: 512, samples: 1 }
    assertHeapBudget(peak)
    assert.throws(
        () => assertHeapBudget({ ...peak, live: peak.live + 4 }),
        /peak heap: 40964 bytes are 4 more than the budget/
    )
    assert.throws(
        () => assertHeapBudget({ ...peak, samples: 0 }),
        /was never looked at/
    )
})
