import { describe, expect, test } from "@devicescript/test"
import { PAGES, PAGE_BYTES, SPILL_BYTES } from "../../../src/app/flashoutbox"
import { TestStore, boot, idOf } from "./flashstore"

/** Readings that are in RAM at most before they move, and certainly do. */
const FEW = 5
const MANY = 14

describe("the outbox in flash", () => {
    test("an alert that is kept comes back after a restart, with all of it", async () => {
        const store = new TestStore()
        const device = await boot(store)
        expect(await device.alert("1-1")).toBe(true)
        const again = await boot(store)
        const message = await again.take()
        expect(message.topic).toBe(
            "devices/leaf-1/messages/events/%24.mid=1-1&temperatureAlert=true"
        )
        expect(message.payload.toString()).toBe(
            `{"messageId":"1-1","temperature":21.5}`
        )
        expect(message.qos).toBe(1)
        again.outbox.acknowledge(message)
        await again.flash.serve()
        expect(again.outbox.isEmpty()).toBe(true)
    })

    test("an alert does not go out before it is in flash", async () => {
        const device = await boot(new TestStore())
        device.add("1-1")
        device.add("1-2", true)
        expect(idOf(await device.take())).toBe("1-1")
        expect(await device.take()).toBe(undefined)
        await device.flash.keep()
        expect(idOf(await device.take())).toBe("1-2")
    })

    test("little telemetry stays in RAM, and causes no write", async () => {
        const store = new TestStore()
        const device = await boot(store)
        for (let i = 0; i < FEW; i++) device.add(`1-${i}`)
        await device.flash.keep()
        expect(device.flash.writes).toBe(0)
        expect(await device.drain()).toBe("1-0 1-1 1-2 1-3 1-4")
        expect(device.flash.writes).toBe(0)
    })

    test("much telemetry moves to flash, and comes back in order, what was made later behind it", async () => {
        const store = new TestStore()
        const device = await boot(store)
        for (let i = 0; i < MANY; i++) device.add(`1-${10 + i}`)
        await device.flash.keep()
        expect(device.outbox.movableBytes() <= SPILL_BYTES).toBe(true)
        expect(device.flash.writes > 0).toBe(true)
        const again = await boot(store)
        again.add("2-1")
        const ids = (await again.drain()).split(" ")
        expect(ids.length > 1).toBe(true)
        for (let i = 0; i < ids.length - 1; i++)
            expect(ids[i]).toBe(`1-${10 + i}`)
        expect(ids[ids.length - 1]).toBe("2-1")
        expect(store.longest <= PAGE_BYTES).toBe(true)
    })

    test("bytes that are no text come back as they were", async () => {
        const store = new TestStore()
        const device = await boot(store)
        device.outbox.add(
            {
                topic: "devices/leaf-1/messages/events/",
                payload: Buffer.from("00ff80c3bc0a", "hex"),
                qos: 1,
                packetId: 0,
                sent: false,
            },
            true
        )
        await device.flash.keep()
        const again = await boot(store)
        const message = await again.take()
        expect(message.payload.toString("hex")).toBe("00ff80c3bc0a")
        expect(message.topic).toBe("devices/leaf-1/messages/events/")
    })

    test("what was sent and not acknowledged goes first on the next connection, with its packet id", async () => {
        const device = await boot(new TestStore())
        device.add("1-1")
        const first = await device.take()
        first.packetId = 7
        await device.alert("1-2")
        const second = await device.take()
        expect(idOf(second)).toBe("1-2")
        second.packetId = 8
        device.outbox.rewind()
        const firstAgain = await device.take()
        expect(idOf(firstAgain)).toBe("1-1")
        expect(firstAgain.packetId).toBe(7)
        const secondAgain = await device.take()
        expect(idOf(secondAgain)).toBe("1-2")
        expect(secondAgain.packetId).toBe(8)
        expect(secondAgain.sent).toBe(true)
        expect(device.outbox.isUnacknowledged()).toBe(true)
        device.outbox.acknowledge(firstAgain)
        device.outbox.acknowledge(secondAgain)
        expect(device.outbox.isUnacknowledged()).toBe(false)
        await device.flash.serve()
        expect(device.outbox.isEmpty()).toBe(true)
    })

    test("nothing newer goes out while a page is not acknowledged", async () => {
        const device = await boot(new TestStore())
        await device.alert("1-1")
        const alert = await device.take()
        device.add("1-2")
        expect(await device.take()).toBe(undefined)
        device.outbox.acknowledge(alert)
        expect(idOf(await device.take())).toBe("1-2")
    })

    test("what was acknowledged does not come again after a restart, up to the page that was being sent", async () => {
        const store = new TestStore()
        const device = await boot(store)
        for (let i = 0; i < 30; i++) await device.alert(`1-${10 + i}`)
        const ids = (await device.drain(20)).split(" ")
        expect(ids.length).toBe(20)
        const again = await boot(store)
        const rest = (await again.drain()).split(" ")
        expect(rest[rest.length - 1]).toBe("1-39")
        const from = ids.indexOf(rest[0])
        expect(rest.length <= 10 + 16).toBe(true)
        for (let i = 0; i < rest.length; i++)
            expect(rest[i]).toBe(`1-${40 - rest.length + i}`)
        expect(from !== 0).toBe(true)
        const empty = await boot(store)
        expect(await empty.drain()).toBe("")
    })

    test("alerts one after the other share pages", async () => {
        const store = new TestStore()
        const device = await boot(store)
        for (let i = 0; i < 30; i++) await device.alert(`1-${10 + i}`)
        expect(device.outbox.dropped).toBe(0)
        const again = await boot(store)
        expect((await again.drain()).split(" ").length).toBe(30)
    })

    test("when all pages are full the oldest telemetry goes first, and each is counted", async () => {
        const device = await boot(new TestStore())
        await device.alert("1-0")
        let made = 0
        while (device.outbox.dropped === 0) {
            device.add(`2-${made++}`)
            await device.flash.keep()
        }
        // Several pages' worth of drops.
        for (let i = 0; i < 40; i++) {
            device.add(`2-${made++}`)
            await device.flash.keep()
        }
        const { dropped, droppedAlerts } = device.outbox
        expect(droppedAlerts).toBe(0)
        const ids = (await device.drain()).split(" ")
        expect(ids[0]).toBe("1-0")
        expect(ids.length).toBe(1 + made - dropped)
        for (let i = 1; i < ids.length; i++)
            expect(ids[i]).toBe(`2-${dropped + i - 1}`)
    })

    test("alerts whose telemetry has gone share pages, however far apart they are", async () => {
        const store = new TestStore()
        const device = await boot(store)
        const alerts: string[] = []
        for (let i = 0; i < 400; i++) {
            const id = `1-${1000 + i}`
            if (i % 40 === 39) {
                alerts.push(id)
                await device.alert(id)
            } else device.add(id)
            await device.flash.keep()
        }
        expect(device.outbox.droppedAlerts).toBe(0)
        const again = await boot(store)
        const ids = (await again.drain()).split(" ")
        for (const id of alerts) expect(ids.indexOf(id) >= 0).toBe(true)
        expect(ids.length >= alerts.length + 30).toBe(true)
    })

    test("when all pages are full of alerts the oldest of them go, and each is counted", async () => {
        const device = await boot(new TestStore())
        let made = 0
        while (device.outbox.droppedAlerts === 0) {
            await device.alert(`1-${made++}`)
            if (made === 3) device.add("telemetry")
        }
        const { dropped, droppedAlerts } = device.outbox
        expect(dropped).toBe(droppedAlerts + 1)
        const ids = (await device.drain()).split(" ")
        expect(ids.length).toBe(made - droppedAlerts)
        for (let i = 0; i < ids.length; i++)
            expect(ids[i]).toBe(`1-${droppedAlerts + i}`)
    })

    test("a flash that takes nothing costs no alert: it goes out from RAM", async () => {
        const store = new TestStore()
        const device = await boot(store)
        store.refuses = true
        expect(await device.alert("1-1")).toBe(false)
        expect(await device.drain()).toBe("1-1")
    })

    test("a message that fits no page goes out from RAM", async () => {
        const device = await boot(new TestStore())
        const digits: string[] = []
        for (let i = 0; i < 60; i++) digits.push(`${(i * 7919) % 99991}`)
        device.add("1-1", true, digits.join("-"))
        expect(await device.flash.keep()).toBe(false)
        await device.alert("1-2")
        const ids = await device.drain()
        expect(ids).toBe("1-2 1-1")
    })

    test("a page that was torn or altered is skipped and counted; the others are there", async () => {
        const store = new TestStore()
        const device = await boot(store)
        for (let i = 0; i < 30; i++) await device.alert(`1-${10 + i}`)
        const before = (await (await boot(store)).drain(0)).length
        expect(before).toBe(0)
        store.values[0][20] = store.values[0][20] ^ 1
        const again = await boot(store)
        expect(again.flash.bad).toBe(1)
        const ids = (await again.drain()).split(" ")
        expect(ids.length > 10).toBe(true)
        for (let i = 1; i < ids.length; i++)
            expect(
                parseInt(ids[i].slice(2)) > parseInt(ids[i - 1].slice(2))
            ).toBe(true)
    })

    test("power that goes in the middle of a write costs only what was being written", async () => {
        for (let cut = 0; cut < 2 * PAGES; cut++) {
            const store = new TestStore()
            const device = await boot(store)
            store.tearAfter = cut
            let kept = 0
            for (let i = 0; i < 40; i++)
                if (await device.alert(`1-${100 + i}`)) kept++
                else break
            const again = await boot(store)
            const ids = (await again.drain()).split(" ")
            if (kept === 0) expect(ids[0]).toBe("")
            else {
                expect(ids.length).toBe(kept)
                for (let i = 0; i < kept; i++)
                    expect(ids[i]).toBe(`1-${100 + i}`)
            }
        }
    })
})
