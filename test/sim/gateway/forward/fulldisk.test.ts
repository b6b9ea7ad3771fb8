/** The message log on a disk that is full, for which a limit of the system on the size of files stands, and has room again. */
import assert from "node:assert/strict"
import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { test } from "node:test"
import { MessageLog } from "../../../../sim/gateway/forward/log"
import { needsPeer } from "../../../peers"

/** In the units of the shell's `ulimit -f`, 1,024 bytes. */
const LIMIT_KB = 300
/** Of each file then, in bytes: none can be opened anew with that, and nothing written. */
const NO_ROOM = 16

for (const bodyBytes of [100, 5000, 70_000])
    test(
        `what was acknowledged before the disk was full and after it had room again is there, with bodies of ${bodyBytes} bytes`,
        needsPeer("prlimit"),
        async t => {
            const folder = await mkdtemp(join(tmpdir(), "leaf-full-"))
            t.after(() => rm(folder, { recursive: true, force: true }))
            const child = spawn(
                "bash",
                [
                    "-c",
                    // Without the trap the signal would end the program, and no disk does that.
                    `trap '' XFSZ; ulimit -S -f ${LIMIT_KB}; exec "$0" "$@"`,
                    process.execPath,
                    join(__dirname, "fulldisk.js"),
                    folder,
                    String(bodyBytes),
                ],
                { stdio: ["pipe", "pipe", "inherit"] }
            )
            const stored: string[] = []
            const refused: string[] = []
            const limit = (bytes: number | "unlimited") => {
                execFileSync("prlimit", [
                    `--pid=${child.pid}`,
                    `--fsize=${bytes}:`,
                ])
                child.stdin.write("go on\n")
            }
            let atFull = 0
            createInterface(child.stdout).on("line", line => {
                const [word, n] = line.split(" ")
                if (word === "refused") refused.push(n)
                else if (word === "stored") stored.push(n)
                else if (word === "torn") limit(NO_ROOM)
                else {
                    atFull = stored.length
                    limit("unlimited")
                }
            })
            const [, signal] = (await once(child, "close")) as [number, string]
            assert.equal(signal, "SIGKILL")
            assert.equal(refused.length, 1 + 3)
            assert.equal(stored.length - atFull, 40, "it takes messages again")
            const log = await MessageLog.open({ folder })
            t.after(() => log.close())
            const found = (await log.read(0, 10_000)).map(
                ({ message }) => message.properties.n
            )
            assert.deepEqual(
                stored.filter(n => !found.includes(n)),
                [],
                "acknowledged, and not there"
            )
            assert.deepEqual(
                found.map(Number),
                found.map(Number).sort((a, b) => a - b),
                "in order"
            )
        }
    )
