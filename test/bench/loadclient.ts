/** A plain MQTT client over TLS, as lean as it can be, so that the server is what is measured: QoS 1, a window of messages at a time. */
import { connect, type TLSSocket } from "node:tls"
import { generate, parser, type Packet } from "mqtt-packet"

export interface LoadClientOptions {
    port: number
    /** PEM of the CA, and the name in the server's certificate. */
    ca: string
    servername: string
    clientId: string
    username: string
    password: string
    clean: boolean
}

export class LoadClient {
    private readonly waiting: {
        resolve: (packet: Packet) => void
        reject: (error: Error) => void
    }[] = []
    private constructor(
        private readonly socket: TLSSocket,
        private readonly clientId: string
    ) {
        const packets = parser({ protocolVersion: 4 })
        packets.on("packet", packet => this.waiting.shift()?.resolve(packet))
        socket.on("data", bytes => void packets.parse(bytes))
        socket.on("close", () => {
            for (const { reject } of this.waiting.splice(0))
                reject(new Error(`${clientId}: the connection was closed`))
        })
    }

    /** Shakes hands, and waits for the CONNACK. */
    static async open(options: LoadClientOptions): Promise<LoadClient> {
        const { port, ca, servername, clientId } = options
        const socket = connect({ host: "127.0.0.1", port, ca, servername })
        await new Promise<void>((resolve, reject) =>
            socket.once("secureConnect", resolve).once("error", reject)
        )
        socket.setNoDelay(true)
        const client = new LoadClient(socket, clientId)
        const connack = await client.request({
            cmd: "connect",
            protocolId: "MQTT",
            protocolVersion: 4,
            clean: options.clean,
            clientId,
            keepalive: 0,
            username: options.username,
            password: Buffer.from(options.password),
        })
        if (connack.cmd !== "connack" || connack.returnCode)
            throw new Error(`${clientId}: ${JSON.stringify(connack)}`)
        return client
    }

    /** Sends so many messages, `window` unacknowledged at most; gives the waits for each PUBACK in ms. */
    async publish(
        count: number,
        window: number,
        payload: Buffer
    ): Promise<number[]> {
        const waits: number[] = []
        let next = 0
        const lane = async () => {
            while (next < count) {
                const messageId = (next++ % 65_535) + 1
                const sentMs = performance.now()
                const answer = await this.request({
                    cmd: "publish",
                    topic: `devices/${this.clientId}/messages/events/`,
                    payload,
                    qos: 1,
                    messageId,
                    dup: false,
                    retain: false,
                })
                // Acknowledgements come in the order of the messages (MQTT 3.1.1, 4.6).
                if (answer.cmd !== "puback" || answer.messageId !== messageId)
                    throw new Error(`no PUBACK: ${JSON.stringify(answer)}`)
                waits.push(performance.now() - sentMs)
            }
        }
        await Promise.all(Array.from({ length: window }, lane))
        return waits
    }

    async subscribe(filter: string): Promise<void> {
        await this.request({
            cmd: "subscribe",
            messageId: 1,
            subscriptions: [{ topic: filter, qos: 1 }],
        })
    }

    close(): void {
        this.socket.destroy()
    }

    private request(packet: Packet): Promise<Packet> {
        return new Promise((resolve, reject) => {
            this.waiting.push({ resolve, reject })
            this.socket.write(generate(packet))
        })
    }
}
