/** What the documents tell people to type exists. */
import assert from "node:assert/strict"
import { existsSync, readFileSync, readdirSync } from "node:fs"
import { dirname, join } from "node:path"
import { test } from "node:test"

const root = join(__dirname, "..", "..", "..")

const documents = ["", "docs/", "examples/", "boards/"]
    .filter(folder => existsSync(join(root, folder)))
    .flatMap(folder =>
        readdirSync(join(root, folder)).map(name => folder + name)
    )
    .filter(name => name.endsWith(".md"))
const read = (name: string) => readFileSync(join(root, name), "utf8")

test("each npm script that a document names is in package.json", () => {
    const { scripts } = JSON.parse(read("package.json")) as {
        scripts: Record<string, string>
    }
    let named = 0
    for (const document of documents)
        for (const [, script] of read(document).matchAll(/npm run ([\w:]+)/g)) {
            named++
            assert.ok(
                script in scripts,
                `${document}: there is no "npm run ${script}"`
            )
        }
    assert.ok(named > 5, "the documents name no scripts")
})

test("each file of the repository that a document names is there", () => {
    let named = 0
    for (const document of documents)
        for (const [, file] of read(document).matchAll(
            /[`(]((?:src|sim|test|tools|docs)\/[\w./-]+\.(?:ts|md|json))[`)]/g
        )) {
            named++
            assert.ok(
                existsSync(join(root, file)),
                `${document}: there is no ${file}`
            )
        }
    assert.ok(named > 20, "the documents name no files")
})

test("each link from a document to a file leads to one", () => {
    let links = 0
    for (const document of documents)
        for (const [, target] of read(document).matchAll(
            /\]\(([^)#:]+)[)#]/g
        )) {
            links++
            assert.ok(
                existsSync(join(root, dirname(document), target)),
                `${document}: there is no ${target}`
            )
        }
    assert.ok(links > 30, "the documents have no links")
})
