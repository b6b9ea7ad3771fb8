/**
 * The gateway's own store on disk: tables of JSON records in a folder (LevelDB, through `level`).
 *
 * A write resolves when it is synced to disk, and is whole or not there at all. Writes happen in the order in which they were asked
 * for; those that wait while another one is under way go to disk together, as one. After a write has failed nobody knows what is on
 * disk: every later one fails too, until the folder is opened again.
 *
 * The folder is its owner's alone (0700), and so are the files (0600): there are keys in them. One process at a time can have it.
 */
import { chmodSync, mkdirSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { Level } from "level"
import { GatewayError } from "./errors"

const OWNER_ONLY_FOLDER = 0o700
const OWNER_ONLY_FILE = 0o600

/** The form of the records: a later one that this program does not know is not touched. */
const FORMAT_KEY = "!format"
const FORMAT = "edge-leaf-1"

/** Between the table's name and the record's; no table has it in its name. */
const SEPARATOR = "/"

/** Everything else is of no use here: the values are text. */
type Text = Level<string, string>
type Operation =
    { type: "put"; key: string; value: string } | { type: "del"; key: string }

export interface Write {
    table: string
    key: string
    /** Any JSON; `undefined` deletes the record. */
    value: unknown
}

interface Waiting {
    operations: Operation[]
    promise: Promise<void>
}

export class Database {
    private waiting: Waiting | undefined
    private last: Promise<void> = Promise.resolve()
    private failure: GatewayError | undefined

    private constructor(
        readonly folder: string,
        private readonly level: Text
    ) {}

    /** Opens a folder, and makes it if there is none; throws a `GatewayError` that says why it cannot. */
    static async open(folder: string): Promise<Database> {
        let level: Text
        try {
            mkdirSync(folder, { recursive: true, mode: OWNER_ONLY_FOLDER })
            chmodSync(folder, OWNER_ONLY_FOLDER)
            level = new Level<string, string>(folder, { valueEncoding: "utf8" })
            await level.open()
        } catch (error) {
            throw openError(error, folder)
        }
        const database = new Database(folder, level)
        try {
            await database.checkFormat()
            database.closeToOthers()
        } catch (error) {
            await level.close()
            throw error instanceof GatewayError
                ? error
                : openError(error, folder)
        }
        return database
    }

    /** All records of a table, by the order of their names. */
    async read(table: string): Promise<{ key: string; value: unknown }[]> {
        const from = table + SEPARATOR
        const records: { key: string; value: unknown }[] = []
        try {
            for await (const [key, text] of this.level.iterator({
                gte: from,
                lt: `${from}\u{10ffff}`,
            }))
                records.push({
                    key: key.slice(from.length),
                    value: JSON.parse(text) as unknown,
                })
        } catch {
            throw damaged(this.folder)
        }
        return records
    }

    /** Resolves when all of it is on disk. */
    write(writes: readonly Write[]): Promise<void> {
        if (this.failure) return rejected(this.failure)
        const operations = writes.map(({ table, key, value }): Operation => {
            const name = table + SEPARATOR + key
            return value === undefined
                ? { type: "del", key: name }
                : { type: "put", key: name, value: JSON.stringify(value) }
        })
        if (this.waiting) {
            this.waiting.operations.push(...operations)
            return this.waiting.promise
        }
        const waiting: Waiting = { operations, promise: this.last }
        waiting.promise = this.last.then(async () => {
            this.waiting = undefined
            await this.sync(waiting.operations)
        })
        this.waiting = waiting
        // Whoever asked hears of a failure; what comes behind it must not fail twice.
        this.last = waiting.promise.catch(() => undefined)
        return waiting.promise
    }

    /** Waits for what is being written, and gives the folder back. */
    async close(): Promise<void> {
        await this.last
        this.failure ??= new GatewayError(
            "closed",
            "database: it was closed: open it again before writing"
        )
        await this.level.close()
        this.closeToOthers()
    }

    private async sync(operations: Operation[]): Promise<void> {
        if (this.failure) throw this.failure
        try {
            await this.level.batch(operations, { sync: true })
            this.closeToOthers()
        } catch {
            this.failure = new GatewayError(
                "database-failed",
                "database: a write has failed: see whether the disk is full or gone, and start the gateway again"
            )
            throw this.failure
        }
    }

    private async checkFormat(): Promise<void> {
        const format = await this.level.get(FORMAT_KEY)
        if (format === FORMAT) return
        if (format !== undefined)
            throw new GatewayError(
                "database-damaged",
                `database: the folder ${this.folder} was written by another version of this program: use that one, or another folder`
            )
        const others = await this.level.keys({ limit: 1 }).all()
        if (others.length) throw foreign(this)
        await this.level.put(FORMAT_KEY, FORMAT, { sync: true })
    }

    // LevelDB makes its files as the process's umask says; the folder alone keeps others out of those that are newer than this.
    private closeToOthers(): void {
        for (const name of readdirSync(this.folder))
            try {
                chmodSync(join(this.folder, name), OWNER_ONLY_FILE)
            } catch (error) {
                // It has deleted one meanwhile.
                if ((error as NodeJS.ErrnoException).code !== "ENOENT")
                    throw error
            }
    }
}

function rejected(error: GatewayError): Promise<void> {
    return Promise.reject(error)
}

function foreign({ folder }: Database): GatewayError {
    return new GatewayError(
        "database-damaged",
        `database: the folder ${folder} holds the database of another program: choose another folder`
    )
}

/** For whoever finds a record that it cannot have written. */
export function damaged(folder: string): GatewayError {
    return new GatewayError(
        "database-damaged",
        `database: the folder ${folder} is damaged: put a copy in its place, or start with another folder and import an export`
    )
}

function openError(error: unknown, folder: string): GatewayError {
    const { code, cause } = error as {
        code?: string
        cause?: { code?: string }
    }
    const why = cause?.code ?? code ?? "unknown"
    if (why === "LEVEL_LOCKED")
        return new GatewayError(
            "database-in-use",
            `database: the folder ${folder} is in use by another gateway: end that one, or choose another folder`
        )
    if (why === "LEVEL_CORRUPTION") return damaged(folder)
    return new GatewayError(
        "database-not-writable",
        `database: the folder ${folder} cannot be used (${why}): choose one in which this user may write`
    )
}
