/** A device's outbox with flash, without the device: for unit tests. */
import { FlashOutbox, type PageStore } from "../../../src/app/flashoutbox"
import type { Leaf } from "../../../src/app/leaf"
import { Outbox } from "../../../src/app/outbox"
import type { OutgoingMessage } from "../../../src/mqtt/session"

export const START = "devices/leaf-1/messages/events/"
const PRESET = `%24.mid=&temperatureAlert=false{"messageId":"","temperature":21.5}`

/** Flash as the store would keep it, with ways to spoil it. */
export class TestStore implements PageStore {
    readonly names: string[] = []
    readonly values: Buffer[] = []
    longest = 0
    /** Whether the store is full, or the power goes before anything is written. */
    refuses = false
    /** The write after so many is cut in the middle, and nothing is written from then on; -1: none is. */
    tearAfter = -1

    async read(name: string): Promise<Buffer> {
        const at = this.names.indexOf(name)
        return at < 0 ? hex`` : this.values[at].slice(0)
    }

    async write(name: string, bytes: Buffer): Promise<void> {
        this.longest = Math.max(this.longest, bytes.length)
        if (this.refuses) return
        let written = bytes.slice(0)
        if (this.tearAfter === 0) {
            this.refuses = true
            written = bytes.slice(0, bytes.length >> 1)
        }
        this.tearAfter--
        let at = this.names.indexOf(name)
        if (at < 0) {
            at = this.names.length
            this.names.push(name)
        }
        this.values[at] = written
    }

    /** Power is back. */
    mend(): void {
        this.refuses = false
        this.tearAfter = -1
    }
}

/** What the flash side needs of a leaf. */
class TestLeaf {
    readonly outbox = new Outbox(START)

    wake(): void {}
}

/** A device between two starts. */
export class TestDevice {
    readonly leaf = new TestLeaf()
    readonly outbox = this.leaf.outbox
    readonly flash: FlashOutbox

    constructor(readonly store: TestStore) {
        this.flash = new FlashOutbox(this.leaf as any as Leaf, store, PRESET)
        this.outbox.older = this.flash
    }

    /** Adds a message. Readings take some 90 bytes of RAM, and some 25 of flash. */
    add(id: string, isAlert: boolean = false, body: string = ""): void {
        this.outbox.add(
            {
                topic: `${START}%24.mid=${id}&temperatureAlert=${isAlert}`,
                payload: Buffer.from(
                    body || `{"messageId":"${id}","temperature":21.5}`
                ),
                qos: 1,
                packetId: 0,
                sent: false,
            },
            isAlert
        )
    }

    async alert(id: string): Promise<boolean> {
        this.add(id, true)
        return await this.flash.keep()
    }

    /** What goes out next, if anything does. */
    async take(): Promise<OutgoingMessage> {
        await this.flash.serve()
        const message = this.outbox.take()
        if (message !== undefined) message.sent = true
        return message
    }

    /** Sends and acknowledges up to `most` messages over one connection. @returns their ids */
    async drain(most: number = 1000): Promise<string> {
        this.outbox.rewind()
        let ids = ""
        for (let i = 0; i < most; i++) {
            const next = await this.take()
            if (next === undefined) break
            ids += idOf(next) + " "
            this.outbox.acknowledge(next)
        }
        await this.flash.serve()
        return ids.trim()
    }
}

export function idOf(message: OutgoingMessage): string {
    const from = message.topic.indexOf("mid=") + 4
    return message.topic.slice(from, message.topic.indexOf("&"))
}

/** A device that has just been switched on. */
export async function boot(store: TestStore): Promise<TestDevice> {
    store.mend()
    const device = new TestDevice(store)
    await device.flash.restore()
    return device
}
