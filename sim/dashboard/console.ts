/** The console of a device as events: its lines, the handshake among them, and its panics. */
import type { Device } from "../vm/host"
import type { Display } from "./events"

const HANDSHAKE = /^tls: verified \S+ in (\d+) ms: (.*)$/
const PHASE = /^(.*) (\d+) ms$/

export function showConsole(device: Device, display: Display) {
    device.on("line", ({ level, text }) => {
        const handshake = HANDSHAKE.exec(text)
        if (handshake)
            display.show({
                type: "handshake",
                totalMs: Number(handshake[1]),
                phases: handshake[2].split(", ").map(phase => {
                    const [, name, ms] = PHASE.exec(phase) ?? ["", phase, "0"]
                    return { name, ms: Number(ms) }
                }),
            })
        else if (level === "log" || level === "error")
            display.show({ type: "device", level, text })
    })
    device.on("panic", ({ code, name }) =>
        display.show({ type: "panic", code, name })
    )
}
