/** Sessions of the device's client, kept in the memory of a test. */
import assert from "node:assert/strict"
import type { HostileServer } from "../../../sim/faults/hostile"
import { TicketKey } from "../../../sim/faults/tickets"
import { Buffer as DeviceBuffer } from "../../../sim/shim/buffer"
import { ClientOptions, OpenOptions, TlsSite } from "../tlssite"

const { Resumption } = require("../../../src/tls/session") as {
    Resumption: new (store: Store) => object
}

/** A SessionStore. */
export class Store {
    state: DeviceBuffer | null = null
    saves = 0

    get isEmpty(): boolean {
        return !this.state?.length
    }

    async load(): Promise<DeviceBuffer | null> {
        // The client wipes what it was given.
        return this.state && DeviceBuffer.from(this.state)
    }

    async save(state: DeviceBuffer): Promise<void> {
        this.saves++
        this.state = DeviceBuffer.from(state)
    }
}

/** A client with a store, and a server with tickets. */
export class Regular<Faults extends object, Server extends HostileServer> {
    readonly store = new Store()
    readonly tickets = new TicketKey()

    constructor(
        private readonly site: TlsSite<Faults, Server>,
        private readonly client: Partial<ClientOptions> = {}
    ) {}

    /** The options of its next connection. */
    options(
        client: Partial<ClientOptions> = {},
        server: OpenOptions["server"] = {},
        store = this.store
    ): OpenOptions {
        return {
            client: {
                ...this.client,
                ...client,
                resumption: new Resumption(store),
            },
            server: { tickets: this.tickets, ...server },
        }
    }

    /** Connects, reads and writes; so a ticket of TLS 1.3 is read too. @returns whether it resumed */
    async visits(
        client?: Partial<ClientOptions>,
        server?: OpenOptions["server"],
        faults?: Faults
    ): Promise<boolean> {
        const { resumed } = await this.site.accepts(
            faults,
            this.options(client, server)
        )
        return resumed
    }

    /** A full handshake, after which there is a session. */
    async beginsSession(): Promise<void> {
        assert.equal(await this.visits(), false)
        assert.ok(!this.store.isEmpty, "a session is stored")
    }

    /** With a session, a connection fails with this code and alert; then there is none, and the next one is full. */
    async isRefused(
        code: string,
        alert: number | undefined,
        faults: Faults,
        client?: Partial<ClientOptions>
    ): Promise<void> {
        if (this.store.isEmpty) await this.beginsSession()
        await this.site.refuses(code, alert, faults, this.options(client))
        assert.ok(this.store.isEmpty, "the session is forgotten")
    }
}
