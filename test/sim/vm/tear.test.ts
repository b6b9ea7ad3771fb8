/**
 * The power goes while the runtime writes its store: tears of one write of the outbox, in the real VM.
 *
 * The image is saved once a write, so the order is taken to be that of addresses: the entry, then the value. A tear leaves the bytes up
 * to it as written, and those behind it as they were, which is erased.
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
/** Every tear takes a start of the VM: all in place and size, of the others one in so many; `TEARS=all` tries each. */
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

    /** What the program says at its next start; "formatted" when the store has lost everything, the program with it. */
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

    test("leaves the state before or after it, or a page that is known to be bad; in the entry's name it costs the whole store", async context => {
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
        for (let cut = 0; cut <= written.length; cut++) {
            const isInPlace = cut > NAME_BYTES && cut < ENTRY_BYTES
            if (cut % STEP > 0 && cut < written.length && !isInPlace) continue
            const torn = Buffer.from(start)
            for (const at of written.slice(0, cut)) torn[at] = end[at]
            flash.replace(torn)
            const outcome = await next(device, restart)
            outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
            if (cut > 0 && cut <= NAME_BYTES) formats++
            if (isInPlace) assert.equal(outcome, "keeper found 1 bad 0")
        }
        console.log(
            `tears of ${written.length} bytes: ${JSON.stringify([...outcomes])}`
        )
        assert.equal(outcomes.get("formatted"), formats)
        assert.deepEqual([...outcomes.keys()].sort(), [
            "formatted",
            "keeper found 1 bad 0",
            "keeper found 1 bad 1",
            "keeper found 2 bad 0",
        ])
    })
})
