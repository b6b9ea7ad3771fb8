/** Many devices at one gateway that lose it, or their power, at the same moment: see `storm.ts`. `DEVICES=200 SEED=7` for others. */
import { join } from "node:path"
import { test } from "node:test"
import { compile } from "../../sim/vm/compiler"
import { judgeStorms } from "./judge"
import { plotStorm, runStorms } from "./storm"

const DEVICES = Number(process.env.DEVICES ?? 8)
const SEED = Number(process.env.SEED ?? 1)

const root = join(__dirname, "..", "..", "..")

test(`${DEVICES} devices whose gateway restarts, or whose power fails, are all back soon and do not come at once`, async t => {
    const image = await compile(join(root, "src/main.ts"), { root })
    const result = await runStorms(image, DEVICES, SEED)
    for (const storm of result.storms) t.diagnostic(plotStorm(storm))
    judgeStorms(result)
})
