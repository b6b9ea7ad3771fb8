/** Ends in the way that the setting `how` names. */
import * as ds from "@devicescript/core"
import { readSetting } from "@devicescript/settings"

function deeper(n: number): number {
    return n === 0 ? 0 : deeper(n - 1) + 1
}

const how: string = await readSetting("how", "")
console.log(`ending by ${how}`)
await ds.sleep(20)
if (how === "restart") ds.restart()
if (how === "reboot") ds.reboot()
if (how === "exception") throw new Error("on purpose")
if (how === "steps") for (;;) {}
if (how === "depth") deeper(1000)
if (how === "memory") {
    const all: Buffer[] = []
    for (;;) all.push(Buffer.alloc(4000))
}
