/** Registries as JSON: what goes out comes in again, and what is wrong changes nothing. */
import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import fc from "fast-check"
import { Database } from "../../../sim/gateway/database"
import { Registry } from "../../../sim/gateway/registry"
import {
    exportRegistry,
    importRegistry,
} from "../../../sim/gateway/registryfile"
import { seededRandom } from "../../random"

const KEY = Buffer.alloc(32, 1).toString("base64")

function filled(): Registry {
    const registry = new Registry()
    registry.add({ deviceId: "leaf-1", primaryKey: KEY })
    registry.add({
        deviceId: "leaf-2",
        enabled: false,
        statusReason: "lost",
        parent: null,
    })
    registry.add({
        deviceId: "leaf-3",
        authentication: "selfSigned",
        primaryThumbprint: "ab".repeat(20),
    })
    registry.add({ deviceId: "leaf-4", authentication: "certificateAuthority" })
    return registry
}

/** All but what is each registry's own. */
const content = (registry: Registry) =>
    exportRegistry(registry, { withKeys: true }).map(
        ({ eTag: _eTag, ...entry }) => entry
    )

test("an export is in IoT Hub's form, and has keys only if they are asked for", () => {
    const registry = filled()
    const [first, , third] = exportRegistry(registry, { withKeys: true })
    assert.deepEqual(first, {
        id: "leaf-1",
        eTag: registry.get("leaf-1")!.etag,
        status: "enabled",
        statusReason: "",
        parent: "edge-gateway",
        authentication: {
            type: "sas",
            symmetricKey: {
                primaryKey: KEY,
                secondaryKey: registry.get("leaf-1")!.secondaryKey,
            },
        },
    })
    assert.deepEqual(third.authentication, {
        type: "selfSigned",
        x509Thumbprint: {
            primaryThumbprint: "AB".repeat(20),
            secondaryThumbprint: "",
        },
    })
    const text = JSON.stringify(exportRegistry(registry))
    for (const id of registry.deviceIds)
        if (registry.get(id)!.primaryKey)
            assert(!text.includes(registry.get(id)!.primaryKey))
})

test("an import makes another registry the same, on disk too, and once more changes nothing", async t => {
    const folder = mkdtempSync(join(tmpdir(), "leaf-import-"))
    t.after(() => rmSync(folder, { recursive: true }))
    const file = JSON.parse(
        JSON.stringify(exportRegistry(filled(), { withKeys: true }))
    )
    const database = await Database.open(folder)
    const registry = await Registry.open(database)
    assert.deepEqual(await importRegistry(registry, file), {
        created: 4,
        updated: 0,
        deleted: 0,
    })
    assert.deepEqual(await importRegistry(registry, file), {
        created: 0,
        updated: 4,
        deleted: 0,
    })
    await database.close()
    const again = await Database.open(folder)
    assert.deepEqual(
        content(await Registry.open(again)),
        file.map(({ eTag: _eTag, ...entry }: { eTag: string }) => entry)
    )
    await again.close()
})

test("each mode does what it says, and only then", async () => {
    const registry = filled()
    const { etag } = registry.get("leaf-1")!
    const refused = (entry: object, code: string) =>
        assert.rejects(importRegistry(registry, [entry]), { code })
    await refused({ id: "leaf-1", importMode: "create" }, "duplicate-identity")
    await refused({ id: "leaf-9", importMode: "update" }, "unknown-identity")
    await refused({ id: "leaf-9", importMode: "delete" }, "unknown-identity")
    await refused(
        { id: "leaf-1", importMode: "updateIfMatchETag" },
        "bad-identity"
    )
    await refused(
        { id: "leaf-1", importMode: "deleteIfMatchETag", eTag: "x" },
        "precondition-failed"
    )
    await importRegistry(registry, [
        {
            id: "leaf-1",
            importMode: "updateIfMatchETag",
            eTag: etag,
            status: "disabled",
        },
    ])
    assert.deepEqual(
        [registry.get("leaf-1")!.enabled, registry.get("leaf-1")!.primaryKey],
        [false, KEY]
    )
    const counts = await importRegistry(registry, [
        { id: "leaf-1", importMode: "delete" },
        { id: "leaf-2" },
        { id: "leaf-5", importMode: "create" },
    ])
    assert.deepEqual(counts, { created: 1, updated: 1, deleted: 1 })
    assert.deepEqual(registry.deviceIds, [
        "leaf-2",
        "leaf-3",
        "leaf-4",
        "leaf-5",
    ])
})

test("one wrong entry, and nothing is imported; it is named, and no key is", async () => {
    const registry = filled()
    const before = content(registry)
    const good = {
        id: "leaf-8",
        authentication: { type: "sas", symmetricKey: { primaryKey: KEY } },
    }
    const wrong: [unknown, RegExp][] = [
        [7, /^import: entry 2: the entry: an object/],
        [{ id: 7 }, /entry 2: id: the device id/],
        [{ id: "a", colour: "red" }, /entry 2 \(a\): the entry: id, eTag/],
        [{ id: "a", importMode: "merge" }, /importMode: one of create/],
        [{ id: "a", status: true }, /status: one of enabled/],
        [{ id: "a", parent: 7 }, /a parent is/],
        [{ id: "a", authentication: [] }, /authentication: an object/],
        [
            { id: "a", authentication: { type: "none" } },
            /authentication.type: one of sas/,
        ],
        [
            { id: "a", authentication: { symmetricKey: { primaryKey: 7 } } },
            /primaryKey: a text/,
        ],
        [
            {
                id: "a",
                authentication: { symmetricKey: { primaryKey: "c2hvcnQ=" } },
            },
            /a key is base64/,
        ],
        [
            { id: "a", authentication: { type: "selfSigned" } },
            /primary thumbprint/,
        ],
        [{ id: "a b" }, /device id has/],
        [good, /entry 2 \(leaf-8\): leaf-8 is in the list twice/],
    ]
    for (const [entry, message] of wrong) {
        await assert.rejects(
            importRegistry(registry, [good, entry]),
            (error: Error) => {
                assert.match(error.message, message)
                assert(
                    !error.message.includes(KEY) &&
                        !error.message.includes("c2hvcnQ=")
                )
                return true
            }
        )
        assert.deepEqual(content(registry), before)
    }
    await assert.rejects(
        importRegistry(registry, {}),
        /a list of at most 10000/
    )
})

test("any JSON is imported whole, or refused with a code", async () => {
    const { seed } = seededRandom("imports")
    const entry = fc.record(
        {
            id: fc.constantFrom("a", "b", "leaf-1", "__proto__", 7, ""),
            importMode: fc.constantFrom(
                "create",
                "update",
                "delete",
                "createOrUpdate",
                "x"
            ),
            status: fc.constantFrom("enabled", "disabled", null),
            eTag: fc.constantFrom("*", "x", 1),
            authentication: fc.anything({ maxDepth: 2 }),
        },
        { requiredKeys: [] }
    )
    await fc.assert(
        fc.asyncProperty(
            fc.array(fc.oneof(entry, fc.jsonValue()), { maxLength: 4 }),
            async entries => {
                const registry = filled()
                const before = content(registry)
                try {
                    await importRegistry(registry, entries)
                } catch (error) {
                    assert.equal(
                        (error as Error).name,
                        "GatewayError",
                        String(error)
                    )
                    assert.deepEqual(content(registry), before)
                }
            }
        ),
        { seed, numRuns: 300 }
    )
})
