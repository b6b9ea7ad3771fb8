/** Settings files: read as DeviceScript reads them, and what it would drop is an error. */
import assert from "node:assert/strict"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, test } from "node:test"
import {
    SettingsError,
    readLines,
    readSettingsFiles,
} from "../../../sim/boards/settings"
import { loadCompiler } from "../../../sim/vm/cli"
import { seededRandom } from "../../random"

const folder = mkdtempSync(join(tmpdir(), "leaf-settings-"))
after(() => rmSync(folder, { recursive: true }))

/** What DeviceScript's own compiler reads, as JSON texts by name. */
function asDeviceScript(files: Record<string, string>): Record<string, string> {
    const compiler = loadCompiler()
    const config = compiler.resolveBuildConfig({ hwInfo: {} })
    const libraries = compiler.preludeFiles(config)
    const result = compiler.compileWithHost("main.ts", {
        write: () => undefined,
        read: name => {
            const text =
                files[name.replace("./", "")] ??
                libraries[name.replace(/^\//, "")] ??
                (name.endsWith("main.ts") ? "" : undefined)
            if (text === undefined) throw new Error(`no file ${name}`)
            return text
        },
        resolvePath: name => name,
        relativePath: name => name,
        log: () => undefined,
        isBasicOutput: () => true,
        error: () => undefined,
        getFlags: () => ({}),
        getConfig: () => config,
        verifyBytecode: () => undefined,
    }) as unknown as { settings: Record<string, Uint8Array | undefined> }
    const found: Record<string, string> = {}
    for (const [name, value] of Object.entries(result.settings))
        if (value) found[name] = Buffer.from(value).toString("utf8")
    return found
}

function read(files: Record<string, string>) {
    for (const name of [".env.defaults", ".env.local"])
        writeFileSync(join(folder, name), files[name] ?? "")
    return readSettingsFiles(folder)
}

test("random settings come out as DeviceScript's compiler has them", () => {
    const random = seededRandom("settings")
    const values = [
        "text",
        '"in quotes"',
        "1234",
        "1e3",
        "true",
        "null",
        "{}",
        '{"a": [1, null]}',
        "",
        "a=b==",
        "'single'",
        " spaces ",
        '"\\u0023"',
        "é€",
        "-",
    ]
    const line = () =>
        random.pick([
            () =>
                `${random.pick(["a", "b.c", "D-1", "e_2"])}=${random.pick(values)}`,
            () => `${random.pick(["f", "g", "h"])}=${random.pick(values)}`,
            () => "# a comment",
            () => "",
        ])()
    const text = (eol: string) =>
        Array.from({ length: 30 }, line).join(eol) + eol
    const files = { ".env.defaults": text("\n"), ".env.local": text("\r\n") }
    const found = Object.fromEntries(
        [...read(files).values].map(([name, value]) => [
            name,
            JSON.stringify(value),
        ])
    )
    assert.deepEqual(found, asDeviceScript(files))
    assert.ok(Object.keys(found).length > 3)
})

test("what DeviceScript drops or garbles without a word is an error that names the line, not the value", () => {
    for (const [text, why] of [
        ["a=1\nkey=s3cret#s3cret", /line 2: .*drops a line with a "#"/],
        ["s3cret", /line 1: it is not of the form NAME=value/],
        ["=s3cret", /line 1: it is not of the form/],
        ["a =s3cret", /without spaces/],
        ["export a=s3cret", /not of the form/],
    ] as const)
        assert.throws(
            () => readLines(text, ".env.local"),
            error =>
                error instanceof SettingsError &&
                why.test(error.message) &&
                !error.message.includes("s3cret")
        )
    assert.throws(
        () => read({ ".env.local": "fourteen_chars=s3cret" }),
        /more than 13 characters/
    )
})

test("the Wi-Fi network is taken out of the settings, and judged", () => {
    const { wifi, values } = read({
        ".env.defaults": "WIFI_SSID=yard\nWIFI_PWD=12345678",
        ".env.local": 'WIFI_SSID="the barn"\na=1',
    })
    assert.deepEqual(wifi, { ssid: "the barn", password: "12345678" })
    assert.deepEqual([...values], [["a", 1]])
    assert.deepEqual(read({ ".env.local": "WIFI_SSID=007" }).wifi, {
        ssid: "007",
        password: "",
    })
    assert.equal(read({ ".env.local": "a=1" }).wifi, undefined)
    for (const [text, why] of [
        ["WIFI_PWD=s3cret-s3cret", /WIFI_PWD without WIFI_SSID/],
        ["WIFI_SSID=a\nWIFI_PWD=s3cret", /8 to 63 printable/],
        [`WIFI_SSID=a\nWIFI_PWD=${"s3cret".repeat(11)}`, /8 to 63/],
        ["WIFI_SSID=a\nWIFI_PWD=s3cretü-s3cret", /ASCII/],
        [`WIFI_SSID=${"é".repeat(17)}`, /has 34 bytes/],
    ] as const)
        assert.throws(
            () => read({ ".env.local": text }),
            error =>
                error instanceof SettingsError &&
                why.test(error.message) &&
                !error.message.includes("s3cret")
        )
})
