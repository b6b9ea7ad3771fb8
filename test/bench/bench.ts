/**
 * `npm run bench`: what the device's cryptography and its handshakes cost, in one run.
 *
 * Opcodes are counted exactly, in a VM that counts (`sim/vm/opcodes.ts`); milliseconds are taken in one that does not, of
 * several rounds after a warm-up the median; seconds on boards are estimates from the opcodes (`sim/vm/boards.ts`), for
 * arithmetic: what calls many functions takes longer there. Node's own TLS client does the same handshakes with the same
 * server, for comparison.
 */
import {
    BoardName,
    BOARDS,
    opcodesSeconds,
    operationSeconds,
} from "../../sim/vm/boards"
import { Image } from "../../sim/vm/compiler"
import { DeviceOptions, startDevice } from "../../sim/vm/host"
import { VirtualClock } from "../../sim/vm/virtualclock"
import { GATEWAY_NAME, Site } from "../site"
import { countOperations } from "../tries"
import { Measured, measure, median } from "./measure"
import { nodeHandshake, startServer, TLS } from "./nodeclient"

const NODE_ROUNDS = 9
const BOARD_NAMES = Object.keys(BOARDS) as BoardName[]

/** Opcodes from the one device, milliseconds from the other. */
async function both(
    start: (options: Partial<DeviceOptions>) => ReturnType<typeof startDevice>
): Promise<Map<string, Measured>> {
    const run = async (countOpcodes: boolean) => {
        const clock = new VirtualClock()
        const device = await start({ clock, countOpcodes })
        try {
            return await measure(device, clock)
        } finally {
            device.stop()
        }
    }
    const counted = await run(true)
    const timed = await run(false)
    for (const [name, { ms }] of timed) counted.get(name)!.ms = ms
    return counted
}

function table(head: string[], rows: string[][]): string {
    const widths = head.map((_, column) =>
        Math.max(...[head, ...rows].map(row => row[column].length))
    )
    const line = (row: string[]) =>
        row
            .map((cell, i) =>
                i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])
            )
            .join("  ")
    return [line(head), widths.map(n => "-".repeat(n)).join("  ")]
        .concat(rows.map(line))
        .join("\n")
}

const digits = (value: number) =>
    value.toFixed(value >= 100 ? 0 : value >= 1 ? 1 : 3)

const BOARD_HEADS = BOARD_NAMES.map(name => `${BOARDS[name].title}, s`)

/** By the operation's own table where it is in there, and by its opcodes otherwise. */
function boardSeconds(name: string, opcodes: number): string[] {
    return BOARD_NAMES.map(board => {
        try {
            return digits(operationSeconds(BOARDS[board], name))
        } catch {
            return digits(opcodesSeconds(BOARDS[board], opcodes))
        }
    })
}

async function operations(site: Site): Promise<void> {
    const image = await site.compile("test/firmware/operations.ts")
    const results = await both(options => startDevice({ image, ...options }))
    const rows = [...results].map(([name, { opcodes, ms }]) => [
        name,
        median(opcodes).toLocaleString("en"),
        digits(median(ms)),
        ...boardSeconds(name, median(opcodes)),
    ])
    console.log(table(["operation", "opcodes", "VM, ms", ...BOARD_HEADS], rows))
}

async function handshakes(site: Site): Promise<void> {
    const { server, port } = await startServer(site.serverFiles())
    const image: Image = await site.compile("test/firmware/handshakes.ts")
    const results = await both(options =>
        site.startDevice(image, { mqttPort: port }, {}, options)
    )
    const node = { full: [] as number[], resumed: [] as number[] }
    for (let i = 0; i <= NODE_ROUNDS; i++) {
        const { root } = site.chain
        const full = await nodeHandshake(
            port,
            GATEWAY_NAME,
            root.pem,
            undefined
        )
        const resumed = await nodeHandshake(
            port,
            GATEWAY_NAME,
            root.pem,
            full.session
        )
        // The first of each is the warm-up.
        if (i === 0) continue
        node.full.push(full.ms)
        node.resumed.push(resumed.ms)
    }
    const rows = (["full", "resumed"] as const).map(kind => {
        const { opcodes, ms, operations } = results.get(`${kind} handshake`)!
        const seconds = BOARD_NAMES.map(name => {
            const board = BOARDS[name]
            const known = operations.map(one => operationSeconds(board, one))
            return digits(known.reduce((sum, one) => sum + one, 0))
        })
        return [
            kind,
            median(opcodes).toLocaleString("en"),
            digits(median(ms)),
            digits(median(node[kind])),
            `${Math.round(median(ms) / median(node[kind]))} x`,
            ...seconds,
            countOperations(operations),
        ]
    })
    console.log(
        `\n${TLS.maxVersion}, ${TLS.ciphers}, ${TLS.ecdhCurve}, ` +
            "three RSA-4096 CAs and an RSA-2048 server (boards: the public-key operations alone)\n" +
            table(
                [
                    "handshake",
                    "opcodes",
                    "VM, ms",
                    "node, ms",
                    "ratio",
                    ...BOARD_HEADS,
                    "public-key operations",
                ],
                rows
            )
    )
    server.close()
}

async function main(): Promise<void> {
    const site = await Site.create(4096)
    try {
        await operations(site)
        await handshakes(site)
    } finally {
        await site.close()
    }
}

void main()
