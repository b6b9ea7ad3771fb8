/** The programs that interop tests talk to: found, started, and awaited; missing ones are skipped by name. */
import { ChildProcess, spawn } from "node:child_process"
import { randomInt } from "node:crypto"
import { accessSync, constants } from "node:fs"
import net from "node:net"
import { delimiter, join } from "node:path"

const FOLDERS = [
    ...(process.env.PATH ?? "").split(delimiter),
    "/usr/sbin",
    "/usr/local/sbin",
]

/** The program's path, or undefined if it is not installed. */
export function findPeer(name: string): string | undefined {
    return FOLDERS.map(folder => join(folder, name)).find(path => {
        try {
            accessSync(path, constants.X_OK)
            return true
        } catch {
            return false
        }
    })
}

/**
 * The options of a test that needs a program: skipped, with the reason, where it is missing. With REQUIRE_PEERS set, as
 * continuous integration has it, the test runs and fails.
 */
export function needsPeer(name: string): { skip?: string } {
    return findPeer(name) || process.env.REQUIRE_PEERS
        ? {}
        : { skip: `${name} is not installed` }
}

/** Below the ports that systems give to whoever asks for any: nobody else gets one between our look and its use. */
const LOWEST_PORT = 20000
const HIGHEST_PORT = 32000

/** A port that is free now. */
export async function freePort(): Promise<number> {
    for (;;) {
        const port = randomInt(LOWEST_PORT, HIGHEST_PORT)
        const server = net.createServer()
        const isFree = await new Promise<boolean>(resolve => {
            server.once("error", () => resolve(false))
            // All addresses, as some peers take them all.
            server.listen(port, () => resolve(true))
        })
        if (!isFree) continue
        await new Promise(resolve => server.close(resolve))
        return port
    }
}

const START_TIMEOUT_MS = 10000

/** A program that serves a port. */
export class Peer {
    output = ""

    private constructor(private readonly child: ChildProcess) {
        for (const stream of [child.stdout, child.stderr])
            stream?.on("data", data => (this.output += String(data)))
    }

    /** Starts the program and waits until it takes connections on the port. */
    static async start(
        name: string,
        args: string[],
        port: number
    ): Promise<Peer> {
        const program = findPeer(name)
        if (!program) throw new Error(`${name} is not installed`)
        // Its standard input stays open: some end with it.
        const peer = new Peer(spawn(program, args, { stdio: "pipe" }))
        const deadline = Date.now() + START_TIMEOUT_MS
        while (!(await accepts(port))) {
            if (peer.child.exitCode !== null || Date.now() > deadline) {
                await peer.stop()
                throw new Error(`${name} does not start: ${peer.output}`)
            }
            await new Promise(resolve => setTimeout(resolve, 50))
        }
        return peer
    }

    get pid(): number | undefined {
        return this.child.pid
    }

    /** What it ended with, if it did so by itself. */
    ending(): string | undefined {
        const { exitCode, signalCode } = this.child
        if (exitCode !== null) return `exit code ${exitCode}`
        return signalCode ?? undefined
    }

    async stop(): Promise<void> {
        if (this.child.exitCode !== null || this.child.signalCode !== null)
            return
        const ended = new Promise(resolve => this.child.once("exit", resolve))
        this.child.kill("SIGKILL")
        await ended
    }
}

function accepts(port: number): Promise<boolean> {
    return new Promise(resolve => {
        const socket = net.connect(port, "127.0.0.1")
        socket.once("connect", () => {
            socket.destroy()
            resolve(true)
        })
        socket.once("error", () => resolve(false))
    })
}
