/** What the tests of the session share: a session over a pipe, and notes of what its handlers were told. */
import { sleep } from "@devicescript/core"
import type { ConnectOptions, OutgoingMessage } from "../../../src/mqtt/session"
import type { IncomingPublish } from "../../../src/mqtt/packet"
import { Session } from "../../../src/mqtt/session"
import { Pipe } from "../pipe"

export class Rig {
    readonly pipe = new Pipe()
    readonly session: Session
    /** `received {topic} {payload in hex, or a long one's length}`, `acknowledged {topic}` and `wrote {bytes in hex}`, as they happened. */
    readonly log: string[] = []
    /** What `received` does after its note, with the message. */
    onReceived: (message: IncomingPublish) => void = message => {
        message.isHandled = true
    }

    constructor() {
        const self = this
        this.session = new Session(this.pipe, {
            acknowledged: message => {
                self.log.push(`acknowledged ${message.topic}`)
            },
            received: message => {
                const { topic, payload } = message
                self.log.push(
                    payload.length > 100
                        ? `received ${topic} ${payload.length} bytes${message.isCut ? ", cut" : ""}`
                        : `received ${topic} ${payload.toString("hex")}`
                )
                self.onReceived(message)
            },
        })
        this.pipe.onWrite = data => {
            self.log.push(`wrote ${data.toString("hex")}`)
        }
    }

    /** The notes so far, and forgets them. */
    takeLog(): string {
        let text = ""
        while (this.log.length > 0) {
            const line = this.log.shift()
            text += text === "" ? line : `, ${line}`
        }
        return text
    }

    /** Has the session handle all that the peer has sent. */
    async handleAll(): Promise<void> {
        while (this.pipe.waiting() > 0) await this.session.poll(0)
        // What is left of the last piece.
        await this.session.poll(0)
    }

    /** Polls so often that a test which waits for an error that does not come ends. */
    async pollUntilError(): Promise<void> {
        for (let i = 0; i < 1000; i++) await this.session.poll(20)
    }
}

export function connectOptions(): ConnectOptions {
    return {
        clientId: "dev",
        username: "u",
        password: "p",
        keepAliveSec: 120,
        cleanSession: false,
        will: hex``,
        connackTimeoutMs: 60000,
    }
}

/** A session whose CONNECT was accepted, with nothing in its log. */
export async function connectedRig(): Promise<Rig> {
    const rig = new Rig()
    rig.pipe.send(hex`20020000`)
    await rig.session.connect(connectOptions())
    // What is done next is done in a later millisecond than the CONNACK came in, also on a machine that stalls.
    await sleep(2)
    rig.takeLog()
    return rig
}

/** A message that was not sent before, with QoS 1. */
export function message(topic: string): OutgoingMessage {
    return { topic, payload: hex`07`, qos: 1, packetId: 0, sent: false }
}
