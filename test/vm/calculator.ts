/** A device in the VM that calculates what it is asked to: runs test/firmware/calculator.ts. */
import { once } from "node:events"
import { AddressInfo, createServer, Server, Socket } from "node:net"
import { join } from "node:path"
import { compile } from "../../sim/vm/compiler"
import { Device, DeviceOptions, startDevice } from "../../sim/vm/host"
import { Answer, Calculate, readAnswer, uint16 } from "../oracle/calculate"

const root = join(__dirname, "..", "..", "..")

export class Calculator {
    private constructor(
        readonly device: Device,
        private readonly server: Server,
        private readonly connection: Socket
    ) {}

    static async start(
        options: Partial<DeviceOptions> = {}
    ): Promise<Calculator> {
        const image = await compile(join(root, "test/firmware/calculator.ts"), {
            root,
        })
        const server = createServer()
        server.listen(0, "127.0.0.1")
        await once(server, "listening")
        const { port } = server.address() as AddressInfo
        const connected = once(server, "connection")
        const device = await startDevice({
            image,
            resolve: () => ({ host: "127.0.0.1", port }),
            ...options,
        })
        const connection = (await connected)[0] as Socket
        return new Calculator(device, server, connection)
    }

    /** Asks the device; one question at a time. Rejects when the device panics. */
    readonly calculate: Calculate = (operation, ...fields) => {
        const { connection, device } = this
        const body = Buffer.concat([
            Buffer.from([operation]),
            ...fields.flatMap(field => [uint16(field.length), field]),
        ])
        return new Promise<Answer>((resolve, reject) => {
            let received = Buffer.alloc(0)
            const settle = (end: () => void) => {
                connection.off("data", onData)
                device.off("panic", onPanic)
                end()
            }
            const onData = (piece: Buffer) => {
                received = Buffer.concat([received, piece])
                if (received.length < 2) return
                const answer = received.subarray(2)
                if (answer.length < received.readUInt16BE(0)) return
                settle(() => resolve(readAnswer(answer)))
            }
            const onPanic = ({ code, name }: { code: number; name: string }) =>
                settle(() => {
                    const lines = device.lines.map(({ text }) => text)
                    reject(new Error([`${code} ${name}`, ...lines].join("\n")))
                })
            connection.on("data", onData)
            device.on("panic", onPanic)
            connection.write(Buffer.concat([uint16(body.length), body]))
        })
    }

    stop(): void {
        this.connection.destroy()
        this.device.stop()
        this.server.close()
    }
}
