/**
 * One case, tried: a server of the case, and a device in the VM that connects to it three times. The first handshake is a
 * full one, the second resumes its session, the third that of the second.
 */
import assert from "node:assert/strict"
import { Image } from "../../sim/vm/compiler"
import { Line } from "../../sim/vm/host"
import { freePort, Peer } from "../peers"
import { GATEWAY_NAME, Site } from "../site"
import { countOperations } from "../tries"
import { Case } from "./cases"
import { ChainFiles } from "./chainfiles"
import { SERVERS } from "./servers"

const TIMEOUT_MS = 60_000
const ROUNDS = 3

/** What the device said of one connection. */
export interface Round {
    operations: string[]
    /** Of the answer. */
    lines: string[]
    /** Bytes of the answer, if it came to its end. */
    got: number | undefined
    failure: string | undefined
}

/** Sorts what `test/firmware/tlsclient.ts` says by connections. */
export function readRounds(lines: Line[]): Round[] {
    const rounds: Round[] = []
    for (const { text } of lines) {
        const [, kind, rest] = /^(crypto:|client: \w+) ?(.*)$/.exec(text) ?? []
        if (kind === "client: round")
            rounds.push({
                operations: [],
                lines: [],
                got: undefined,
                failure: undefined,
            })
        const round = rounds[rounds.length - 1]
        if (kind === "crypto:") round.operations.push(rest)
        if (kind === "client: line") round.lines.push(rest)
        if (kind === "client: got") round.got = Number(rest)
        if (kind === "client: failed") round.failure = rest
    }
    return rounds
}

/** Public-key operations of the connections: a full handshake's, and a resumed one's. */
export function expectedOperations(one: Case): {
    full: string[]
    resumed: string[]
} {
    const first = one.share === "fits" ? one.group : OTHER_GROUP[one.group]
    // The share of the hello, the one of the group that the server has, and what both come to.
    const exchange = [
        first,
        ...(one.share === "fits" ? [] : [one.group]),
        one.group,
    ]
    const signature = one.keys === "P-256" ? "ECDSA P-256" : one.keys
    const signatures = new Array<string>(one.depth + 1).fill(signature)
    return {
        full: [...exchange, ...signatures],
        resumed: one.version === "1.2" ? [] : exchange,
    }
}

const OTHER_GROUP = { X25519: "P-256", "P-256": "X25519" } as const

const sorted = (operations: string[]) => countOperations([...operations].sort())

export class Trials {
    private constructor(
        readonly site: Site,
        private readonly image: Image,
        private readonly chains: ChainFiles
    ) {}

    static async prepare(): Promise<Trials> {
        const site = await Site.create()
        return new Trials(
            site,
            await site.compile("test/firmware/tlsclient.ts"),
            new ChainFiles(site.folder)
        )
    }

    close(): Promise<void> {
        return this.site.close()
    }

    /** @throws AssertionError with what the device and the server said */
    async run(one: Case): Promise<void> {
        const server = SERVERS[one.peer]
        const files = await this.chains.write(one)
        const { root } = await this.chains.chain(one)
        const port = await freePort()
        const peer = await Peer.start(
            server.program,
            server.args(one, files, port),
            port
        )
        try {
            const isP256First =
                (one.group === "P-256") === (one.share === "fits")
            const device = await this.site.startDevice(
                this.image,
                { mqttPort: port },
                {
                    anchor: root.pem,
                    settings: {
                        p256first: isP256First,
                        rounds: new Array(ROUNDS).fill([port, GATEWAY_NAME]),
                    },
                }
            )
            try {
                await device.until("client: done", TIMEOUT_MS)
            } finally {
                device.stop()
            }
            assert.deepEqual(device.panics, [])
            this.check(one, readRounds(device.lines), peer)
        } finally {
            await peer.stop()
        }
    }

    private check(one: Case, rounds: Round[], peer: Peer): void {
        const server = SERVERS[one.peer]
        assert.equal(peer.ending(), undefined, peer.output.slice(-2000))
        assert.deepEqual(
            rounds.map(({ failure }) => failure),
            new Array(ROUNDS).fill(undefined)
        )
        for (const { got } of rounds)
            assert.ok(got && got > 0, `an answer of ${got} bytes`)
        const verdicts = server.verdicts(
            peer.output,
            rounds.flatMap(({ lines }) => lines)
        )
        assert.deepEqual(
            verdicts.map(({ resumed }) => resumed),
            [false, true, true],
            `in the server's words: ${JSON.stringify(verdicts)}`
        )
        const { full, resumed } = expectedOperations(one)
        assert.deepEqual(
            rounds.map(({ operations }) => sorted(operations)),
            [sorted(full), sorted(resumed), sorted(resumed)]
        )
        for (const pattern of server.evidence(one))
            assert.match(peer.output, pattern)
    }
}
