import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { once } from "node:events"
import {
    mkdtempSync,
    readdirSync,
    rmSync,
    statSync,
    writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, test, type TestContext } from "node:test"
import { Database } from "../../../sim/gateway/database"
import { Registry } from "../../../sim/gateway/registry"

/** A folder that is not there yet. */
function freshFolder(t: TestContext): string {
    const parent = mkdtempSync(join(tmpdir(), "edge-leaf-"))
    t.after(() => rmSync(parent, { recursive: true }))
    return join(parent, "database")
}

const all = (registry: Registry) =>
    registry.deviceIds.map(id => registry.get(id))

const SHA1 = "AB".repeat(20)

describe("a registry in a database", () => {
    test("is the same after it was closed and opened again", async t => {
        const folder = freshFolder(t)
        const database = await Database.open(folder)
        const registry = await Registry.open(database)
        await registry.create({ deviceId: "z" })
        await registry.create({ deviceId: "__proto__", enabled: false })
        await registry.create({
            deviceId: "a",
            authentication: "selfSigned",
            primaryThumbprint: SHA1,
        })
        await registry.create({ deviceId: "gone" })
        await registry.update("z", { statusReason: "a spare one" })
        await registry.delete("gone")
        const before = all(registry)
        await database.close()
        const again = await Database.open(folder)
        const reopened = await Registry.open(again)
        await again.close()
        assert.deepEqual(all(reopened), before)
        assert.deepEqual(reopened.deviceIds, ["z", "__proto__", "a"])
    })

    test("has every change that was answered when the process is killed right after it", async t => {
        const folder = freshFolder(t)
        const child = spawn(process.execPath, [
            "-e",
            `const { Database } = require(${JSON.stringify(join(__dirname, "../../../sim/gateway/database.js"))})
            const { Registry } = require(${JSON.stringify(join(__dirname, "../../../sim/gateway/registry.js"))})
            Database.open(process.argv[1]).then(async database => {
                const registry = await Registry.open(database)
                for (let i = 0; ; i++) {
                    await registry.create({ deviceId: "leaf-" + i })
                    require("fs").writeSync(1, "leaf-" + i + "\\n")
                }
            })`,
            folder,
        ])
        let answered = ""
        child.stdout.on("data", data => {
            answered += String(data)
            if (answered.split("\n").length > 20) child.kill("SIGKILL")
        })
        const [, signal] = (await once(child, "close")) as [unknown, string]
        assert.equal(signal, "SIGKILL")
        const database = await Database.open(folder)
        const registry = await Registry.open(database)
        await database.close()
        const ids = answered.split("\n").slice(0, -1)
        assert.ok(ids.length >= 20)
        assert.deepEqual(registry.deviceIds.slice(0, ids.length), ids)
        // At most the one that was on its way.
        assert.ok(registry.deviceIds.length <= ids.length + 1)
    })

    test("undoes what could not be written, and changes nothing any more", async t => {
        const database = await Database.open(freshFolder(t))
        const registry = await Registry.open(database)
        await registry.create({ deviceId: "kept" })
        await database.close()
        await assert.rejects(registry.create({ deviceId: "lost" }), {
            code: "closed",
        })
        assert.deepEqual(registry.deviceIds, ["kept"])
        assert.throws(() => registry.remove("kept"), { code: "closed" })
        assert.ok(registry.get("kept"))
    })
})

describe("a database", () => {
    test("is its owner's alone", async t => {
        const folder = freshFolder(t)
        const database = await Database.open(folder)
        await database.write([{ table: "t", key: "k", value: "secret" }])
        const mode = (path: string) => statSync(path).mode & 0o777
        assert.equal(mode(folder), 0o700)
        for (const name of readdirSync(folder))
            assert.equal(mode(join(folder, name)), 0o600, name)
        await database.close()
    })

    test("is one gateway's at a time", async t => {
        const folder = freshFolder(t)
        const database = await Database.open(folder)
        await assert.rejects(Database.open(folder), {
            code: "database-in-use",
            message: /another gateway/,
        })
        await database.close()
        await (await Database.open(folder)).close()
    })

    test("says that its folder cannot be written", async t => {
        const file = freshFolder(t)
        writeFileSync(file, "")
        await assert.rejects(Database.open(join(file, "below")), {
            code: "database-not-writable",
        })
    })

    test("says that it is damaged, in its files or in a record", async t => {
        const folder = freshFolder(t)
        const database = await Database.open(folder)
        await database.write([
            { table: "devices", key: "d", value: { deviceId: "e" } },
        ])
        await assert.rejects(Registry.open(database), {
            code: "database-damaged",
        })
        await database.close()
        for (const name of readdirSync(folder))
            if (name.startsWith("MANIFEST"))
                writeFileSync(join(folder, name), "garbage")
        await assert.rejects(Database.open(folder), {
            code: "database-damaged",
        })
    })
})

describe("an identity", () => {
    test("has another etag after each change, and is not changed by who knows an old one", () => {
        const registry = new Registry()
        const first = registry.add({ deviceId: "d" })
        const second = registry.change(
            "d",
            { enabled: false },
            { ifMatch: first.etag }
        )
        assert.notEqual(second.etag, first.etag)
        assert.equal(second.generationId, first.generationId)
        for (const act of [
            () => registry.change("d", {}, { ifMatch: first.etag }),
            () => registry.remove("d", { ifMatch: first.etag }),
        ])
            assert.throws(act, { code: "precondition-failed" })
        assert.equal(registry.get("d"), second)
        assert.ok(registry.remove("d", { ifMatch: "*" }))
        const later = registry.add({ deviceId: "d" })
        assert.notEqual(later.generationId, first.generationId)
    })

    test("has the secrets of its type of authentication and no others", () => {
        const registry = new Registry()
        registry.add({ deviceId: "d" })
        const thumbprint = "ab:".repeat(31) + "ab"
        const signed = registry.change("d", {
            authentication: "selfSigned",
            primaryThumbprint: thumbprint,
        })
        assert.equal(signed.primaryKey + signed.secondaryKey, "")
        assert.equal(signed.primaryThumbprint, "AB".repeat(32))
        const issued = registry.change("d", {
            authentication: "certificateAuthority",
        })
        assert.equal(issued.primaryThumbprint, "")
        assert.notEqual(
            registry.change("d", { authentication: "sas" }).primaryKey,
            ""
        )
        for (const change of [
            { authentication: "selfSigned" as const },
            { primaryThumbprint: SHA1 },
            { authentication: "none" as "sas" },
            {
                authentication: "selfSigned" as const,
                primaryThumbprint: "AB".repeat(21),
            },
        ])
            assert.throws(() => registry.change("d", change), {
                code: "bad-identity",
            })
    })
})
