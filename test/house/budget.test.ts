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
import { featureBytes } from "./features"
import { partBytes } from "./parts"

const root = join(__dirname, "..", "..", "..")

for (const [entry, set] of [
    ["main.ts", "rsa"],
    ["mainec.ts", "ec"],
    ["mainall.ts", "all"],
    ["mainfield.ts", "rsa"],
    ["mainthermostat.ts", "rsa"],
    ["maintokenservice.ts", "rsa"],
    ["mainthermostatec.ts", "ec"],
])
    test(`${entry} with the set ${set} keeps to its budgets`, async () => {
        const image = await compile(join(root, "src", entry), { root })
        console.log(`src/${entry}, bytes\n${sizeTable(image)}`)
        assert.deepEqual(exceeded(image), [])
        // What a set does not name is not in its image.
        const codeOf = (file: RegExp) =>
            image.modules
                .filter(module => file.test(module.file))
                .reduce((sum, { bytes }) => sum + bytes, 0)
        // Constants of a file stay, of no size.
        assert.equal(x25519Bytes(image) > 100, set !== "ec")
        assert.equal(codeOf(/crypto\/montgomery/) > 100, set !== "ec")
        assert.equal(codeOf(/crypto\/p256/) > 100, set !== "rsa")
        assert.equal(codeOf(/crypto\/ecdsa/) > 100, set !== "rsa")
    })

test("a part that is left out leaves its code out of the image", async () => {
    const rows = await partBytes(root)
    console.log(
        [
            "TLS parts, bytes of code that go with each",
            ...rows.map(
                ({ name, bytes }) => `${String(bytes).padStart(7)}  ${name}`
            ),
        ].join("\n")
    )
    for (const { name, bytes } of rows)
        assert.ok(bytes > 150, `${name}: ${bytes} bytes`)
})

test("each feature of the leaf keeps to its budget, and costs nothing where it is not used", async () => {
    const { bare, rows } = await featureBytes(root)
    console.log(
        [
            "features of the leaf, bytes of code that go with each, of its budget",
            ...rows.map(
                ({ name, bytes, budget }) =>
                    `${String(bytes).padStart(7)}  ${name}, of ${budget}`
            ),
        ].join("\n")
    )
    for (const { name, bytes, budget } of rows) {
        assert.ok(bytes > 20, `${name}: ${bytes} bytes`)
        assert.ok(
            bytes <= budget,
            `${name}: ${bytes} bytes are ${bytes - budget} more than the budget of ${budget}`
        )
    }
    const left = bare.modules.filter(({ file }) =>
        /(cloudmessages?|methods|twin|operations|fieldsettings|factoryreset|tokenservice|tokenrequest|net\/http)\.ts$/.test(
            file
        )
    )
    assert.deepEqual(left, [])
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
            "code: 62001 bytes are 1 more than the budget of 62000",
            "image: 104001 bytes are 1 more than the budget of 104000",
            "X25519: 2401 bytes are 1 more than the budget of 2400",
        ]
    )
})

test("a heap at its budget is in order; one word more, or a watch that saw nothing, is not", () => {
    const peak = {
        live: MAX_HEAP_BYTES,
        least: 0,
        largestFree: 0,
        garbageBytes: 512,
        samples: 1,
    }
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
