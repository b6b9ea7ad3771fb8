/** Counts its starts in flash and prints two settings. */
import {
    deleteSetting,
    readSetting,
    writeSetting,
} from "@devicescript/settings"

const starts: number = (await readSetting("starts", 0)) + 1
await writeSetting("starts", starts)
const text: string = await readSetting("text", "none")
const list: number[] = await readSetting("list", [])
await deleteSetting("gone")
console.log(`starts ${starts} text ${text} list ${list.length}`)
