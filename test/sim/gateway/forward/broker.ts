/** A broker that is driven by hand: it notes what it gets, and answers as it is told. */
import { createServer, type AddressInfo, type Socket } from "node:net"
import type { TestContext } from "node:test"
import {
    generate,
    parser,
    type IConnectPacket,
    type IPublishPacket,
} from "mqtt-packet"

export class Broker {
    readonly connects: IConnectPacket[] = []
    readonly received: IPublishPacket[] = []
    /** PINGREQs that came. */
    pings = 0
    returnCode = 0
    /** Whether it acknowledges and answers. */
    answers = true
    port = 0
    private readonly sockets = new Set<Socket>()
    private readonly server = createServer(socket => {
        this.sockets.add(socket)
        socket.on("error", () => undefined)
        socket.on("close", () => this.sockets.delete(socket))
        const reader = parser({ protocolVersion: 4 })
        reader.on("packet", packet => {
            if (packet.cmd === "connect") {
                this.connects.push(packet)
                const { returnCode } = this
                socket.write(
                    generate({
                        cmd: "connack",
                        returnCode,
                        sessionPresent: false,
                    })
                )
                if (returnCode !== 0) socket.end()
            } else if (packet.cmd === "publish") {
                this.received.push(packet)
                const { messageId } = packet
                if (this.answers)
                    socket.write(generate({ cmd: "puback", messageId }))
            } else if (packet.cmd === "pingreq") {
                this.pings++
                if (this.answers) socket.write(generate({ cmd: "pingresp" }))
            }
        })
        socket.on("data", bytes => reader.parse(bytes))
    })

    static async start(t: TestContext): Promise<Broker> {
        const broker = new Broker()
        await broker.listen(0)
        t.after(() => broker.stop())
        return broker
    }

    async listen(port = this.port): Promise<void> {
        await new Promise<void>(resolve =>
            this.server.listen(port, "127.0.0.1", resolve)
        )
        this.port = (this.server.address() as AddressInfo).port
    }

    /** Breaks connections, and refuses new ones until it listens again. */
    async stop(): Promise<void> {
        const closed = new Promise(resolve => this.server.close(resolve))
        this.breakAll()
        await closed
    }

    breakAll(): void {
        for (const socket of this.sockets) socket.resetAndDestroy()
    }

    get connections(): number {
        return this.sockets.size
    }
}
