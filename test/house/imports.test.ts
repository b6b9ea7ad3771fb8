import assert from "node:assert/strict"
import { readFileSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { brokenImports } from "./layers"

const root = join(__dirname, "..", "..", "..")

function deviceSources(): Map<string, string> {
    const names = readdirSync(join(root, "src"), {
        recursive: true,
    }) as string[]
    return new Map(
        names
            .filter(name => name.endsWith(".ts"))
            .map(name => `src/${name.replaceAll("\\", "/")}`)
            .map(name => [name, readFileSync(join(root, name), "utf8")])
    )
}

test("the imports of src point one way, and never to the host", () => {
    const sources = deviceSources()
    assert.ok(sources.size > 5)
    assert.deepEqual(brokenImports(sources), [])
})

/** A small tree in which only `file` is interesting. */
function tree(file: string, text: string): Map<string, string> {
    return new Map([
        ["src/bytes.ts", ""],
        ["src/transport.ts", ""],
        ["src/crypto/aead.ts", ""],
        ["src/tls/record.ts", ""],
        ["src/tls/index.ts", ""],
        ["src/app/leaf.ts", ""],
        ["src/drivers/sht30.ts", ""],
        ["src/index.ts", ""],
        [file, text],
    ])
}

for (const [what, file, text, complaint] of [
    [
        "a layer that imports one above it",
        "src/crypto/hash.ts",
        'import { Record } from "../tls/record"',
        "src/crypto/hash.ts (crypto) imports src/tls/record.ts (tls)",
    ],
    [
        "a re-export from above",
        "src/bytes.ts",
        'export * from "./crypto/aead"',
        "src/bytes.ts (base) imports src/crypto/aead.ts (crypto)",
    ],
    [
        "an import of types only",
        "src/net/tcp.ts",
        'import type { Leaf } from "../app/leaf"',
        "src/net/tcp.ts (net) imports src/app/leaf.ts (app)",
    ],
    [
        "an import of a folder",
        "src/x509/path.ts",
        'import "../tls"',
        "src/x509/path.ts (x509) imports src/tls/index.ts (tls)",
    ],
    [
        "a driver that imports the application",
        "src/drivers/bme680.ts",
        'import { Leaf } from "../app/leaf"',
        "src/drivers/bme680.ts (drivers) imports src/app/leaf.ts (app)",
    ],
    [
        "a layer that imports a driver",
        "src/app/sampler.ts",
        'import { Sht30 } from "../drivers/sht30"',
        "src/app/sampler.ts (app) imports src/drivers/sht30.ts (drivers)",
    ],
    [
        "an import of host code",
        "src/app/x.ts",
        'import { startDevice } from "../../sim/vm/host"',
        "src/app/x.ts imports ../../sim/vm/host, which is not a file of src",
    ],
    [
        "a Node module",
        "src/net/x.ts",
        'import { connect } from "node:net"',
        "src/net/x.ts imports node:net, which a device does not have",
    ],
    [
        "an npm package",
        "src/mqtt/x.ts",
        'import packet = require("mqtt-packet")',
        "src/mqtt/x.ts imports mqtt-packet, which a device does not have",
    ],
    [
        "a file in no layer",
        "src/stuff/x.ts",
        "",
        "src/stuff/x.ts belongs to no layer: see test/house/layers.ts",
    ],
] as const)
    test(`${what} is found`, () => {
        assert.deepEqual(brokenImports(tree(file, text)), [complaint])
    })

test("imports downwards, within a layer and of DeviceScript are in order", () => {
    const text = `
        import * as ds from "@devicescript/core"
        import { wipe } from "../bytes"
        import type { Aead } from "../crypto/aead"
        import { Record } from "./record"`
    assert.deepEqual(brokenImports(tree("src/tls/client.ts", text)), [])
    const top =
        'import { Sht30 } from "./drivers/sht30"\nexport * from "./index"'
    assert.deepEqual(brokenImports(tree("src/main.ts", top)), [])
})
