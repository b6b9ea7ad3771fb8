/**
 * The power goes while the store of the runtime is written: tears of one write of the outbox, in the real VM.
 *
 * The image is saved once a write, so that the order is taken to be that of addresses: the entry, then the value. A tear leaves the bytes up to it as written, and those
 * behind it as they were, which is erased.
 */
import assert from "node:assert/strict"
import { join } from "node:path"
import { before, describe, test } from "node:test"
import { compile, Image } from "../../../sim/vm/compiler"
import { FlashImage } from "../../../sim/vm/flash"
import { Device, startDevice } from "../../../sim/vm/host"

/** An entry of the store: the name, then place and size of the value. */
const NAME_BYTES = 16
const ENTRY_BYTES = 24
/** Every tear takes a start of the VM; `TEARS=all` tries each. */
const STEP = process.env.TEARS === "all" ? 1 : 8
/** How long a start may take. */
const SILENCE_MS = 30000

const root = join(__dirname, "..", "..", "..", "..")

/** A flash that remembers each image that the runtime has saved. */
class RecordedFlash extends FlashImage {
    readonly saved: Buffer[] = []

    override replace(bytes: Uint8Array): void {
        super.replace(bytes)
        this.saved.push(this.bytes)
    }
}

/** Positions that differ, in the order in which they were written. */
function changes(images: Buffer[]): number[] {
    const order: number[] = []
    for (let i = 1; i < images.length; i++)
        for (let at = 0; at < images[i].length; at++)
            if (images[i][at] !== images[i - 1][at]) order.push(at)
    return order
}

describe("a power cut while a slot of the outbox is written", () => {
    let image: Image

    before(async () => {
        image = await compile(join(root, "test/firmware/keeper.ts"), { root })
    })

    /**
     * What the program says at its next start; "formatted" when the store has lost everything, the program with it; "silent" when it
     * starts and a read of the torn entry, whose place is half written, ends the runtime each time or never comes back.
     */
    async function next(
        device: Device,
        begin: () => Promise<void>
    ): Promise<string> {
        let timer: NodeJS.Timeout | undefined
        const outcome = new Promise<string>(resolve => {
            let found = ""
            device.on("runtime", text => {
                if (text.includes("formatting now")) resolve("formatted")
            })
            // There is no event for silence; a start takes a hundredth of this.
            timer = setTimeout(() => resolve("silent"), SILENCE_MS)
            device.on("line", ({ text }) => {
                if (text.startsWith("keeper found")) found = text
                else if (text.startsWith("keeper kept")) resolve(found)
            })
        })
        await begin()
        const result = await outcome
        clearTimeout(timer)
        device.removeAllListeners()
        return result
    }

    test("a tear in the name or the value leaves the old or the new state, or a formatted store, which is counted", async context => {
        const flash = new RecordedFlash()
        flash.set("key", "kept")
        const device = await startDevice({ image, flash })
        context.after(() => device.stop())
        const restart = () => device.powerCycle()
        assert.equal(await next(device, async () => {}), "keeper found 0 bad 0")
        const start = flash.bytes
        flash.saved.length = 0
        assert.equal(await next(device, restart), "keeper found 1 bad 0")
        const written = changes([start, ...flash.saved])
        const end = flash.bytes
        const outcomes = new Map<string, number>()
        let formats = 0
        for (let at = 0; at < written.length + STEP; at += STEP) {
            const cut = Math.min(at, written.length)
            // In the entry's place and size: see docs/outbox.md for what is not tried here.
            if (cut > NAME_BYTES && cut < ENTRY_BYTES) continue
            const torn = Buffer.from(start)
            for (const at of written.slice(0, cut)) torn[at] = end[at]
            flash.replace(torn)
            const outcome = await next(device, restart)
            outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
            if (cut > 0 && cut <= NAME_BYTES) formats++
        }
        console.log(
            `tears of ${written.length} bytes: ${JSON.stringify([...outcomes])}`
        )
        assert.equal(outcomes.get("formatted"), formats)
        assert.ok(outcomes.get("keeper found 1 bad 0")! > 0)
        assert.ok(outcomes.get("keeper found 2 bad 0")! > 0)
        for (const outcome of outcomes.keys())
            assert.match(outcome, /^keeper found [12] bad [01]$|^formatted$/)
    })
})
