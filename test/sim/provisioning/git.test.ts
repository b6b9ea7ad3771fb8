/** Files with a device's key stay out of git: git itself is asked, in a work tree of the test's own. */
import assert from "node:assert/strict"
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync } from "node:fs"
import { after, before, test } from "node:test"
import { askGit } from "../../../sim/provisioning/secretfile"
import { issueCa } from "../../ca"
import { needsPeer } from "../../peers"
import { Desk, keys } from "./rig"

let desk: Desk
let ca: string
before(async () => {
    desk = new Desk({ askGit })
    const root = await issueCa("root", await keys.keys("root", { type: "ec" }))
    ca = desk.ca("root.pem", root)
})
after(() => desk.close())

const git = (...args: string[]) =>
    execFileSync("git", args, { cwd: desk.folder, stdio: "pipe" })

test(
    "what git would take along is not written, and outside of a work tree that is said",
    needsPeer("git"),
    async () => {
        const image = ["--flash-image", desk.file("leaf.flash")]
        const outside = await desk.provision("--ca", ca)
        assert.equal(outside.code, 0, outside.text)
        assert.match(outside.text, /\.env\.local: this is no git work tree/)

        git("init", "--quiet")
        const seen = await desk.provision("--ca", ca)
        assert.equal(seen.code, 1)
        assert.match(seen.text, /\.env\.local: git would take.*\.gitignore/)

        desk.write(".gitignore", ".env.local\n")
        const ignored = await desk.provision("--ca", ca)
        assert.equal(ignored.code, 0, ignored.text)
        assert.doesNotMatch(ignored.text, /git/)
        // The other file is looked at as well, before either is written.
        const both = await desk.provision("--ca", ca, ...image)
        assert.match(both.text, /leaf\.flash: git would take/)
        assert.ok(!existsSync(desk.file("leaf.flash")))

        git("add", "--force", ".env.local")
        const tracked = await desk.provision("--ca", ca)
        assert.match(tracked.text, /git rm --cached/)

        // By the rules of the folder that the file is in.
        mkdirSync(desk.file("below"))
        desk.write("below/.gitignore", "*\n")
        const below = ["--out", desk.file("below/leaf.env")]
        assert.equal((await desk.provision("--ca", ca, ...below)).code, 0)
    }
)

test("where there is no git, that is said", async () => {
    const other = new Desk({ askGit: () => "no-git" })
    const { code, text } = await other.provision("--ca", ca)
    assert.equal(code, 0, text)
    assert.match(text, /git is not here to be asked/)
    other.close()
})
