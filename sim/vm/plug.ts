/** A plug between a device and its Jacdac bus: pulled out, no frame gets through, and the sensors are not there. */
import type { JacdacPort } from "./host"

export class Plug implements JacdacPort {
    private plugged = true

    constructor(private readonly bus: JacdacPort) {}

    plugIn() {
        this.plugged = true
    }

    unplug() {
        this.plugged = false
    }

    attach(send: (frame: Uint8Array) => void) {
        this.bus.attach(frame => {
            if (this.plugged) send(frame)
        })
    }

    receive(frame: Uint8Array) {
        if (this.plugged) this.bus.receive(frame)
    }

    detach() {
        this.bus.detach()
    }
}
