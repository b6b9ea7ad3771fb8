/** Faults that tests of every family put together, for both versions. */
import type {
    CommonFaults,
    Fragment,
    HostileServer,
    Step,
} from "../../../sim/faults/hostile"
import type { TlsServer13 } from "../../../sim/faults/tlsserver13"
import { Content } from "../../../sim/faults/wire"

/** Sends other contents in the place of a step's, or none. */
export function replacing(
    name: Step,
    replace: (message: Buffer) => Buffer[]
): CommonFaults {
    return {
        message: (sent, message) =>
            sent === name ? replace(message) : [message],
    }
}

/** Sends records before or behind a step's own. */
export function around(
    name: Step,
    before: Fragment[],
    behind: Fragment[] = []
): CommonFaults {
    return {
        fragments: (sent, fragments) =>
            sent === name ? [...before, ...fragments, ...behind] : fragments,
    }
}

/** Sends a record in the middle of a step's. */
export function inside(name: Step, fragment: Fragment, at = 2): CommonFaults {
    return {
        fragments: (sent, [whole]) =>
            sent === name
                ? [
                      { ...whole, content: whole.content.subarray(0, at) },
                      fragment,
                      { ...whole, content: whole.content.subarray(at) },
                  ]
                : [whole],
    }
}

/** Does something once the handshake is complete. */
export function afterwards(then: (server: HostileServer) => void): {
    afterHandshake: (server: HostileServer) => void
} {
    return { afterHandshake: then }
}

/** As `afterwards`, at a server of TLS 1.3. */
export function afterwards13(then: (server: TlsServer13) => void): {
    afterHandshake: (server: HostileServer) => void
} {
    return afterwards(server => then(server as TlsServer13))
}

/** A ChangeCipherSpec record, which is never protected here. */
export function ccs(content = Buffer.from([1])): Fragment {
    return { type: Content.ChangeCipherSpec, content, plain: true }
}

export function data(text: string, plain = false): Fragment {
    return { type: Content.ApplicationData, content: Buffer.from(text), plain }
}

export function alert(...content: number[]): Fragment {
    return { type: Content.Alert, content: Buffer.from(content) }
}

/** Pieces of so many bytes. */
export function cut(content: Buffer, bytes: number): Buffer[] {
    const parts: Buffer[] = []
    for (let at = 0; at < content.length; at += bytes)
        parts.push(content.subarray(at, at + bytes))
    return parts
}

/** Cuts every step into records of so many bytes. */
export function cutting(bytes: number): CommonFaults {
    return {
        fragments: (_, fragments) =>
            fragments.flatMap(fragment =>
                cut(fragment.content, bytes).map(content => ({
                    ...fragment,
                    content,
                }))
            ),
    }
}

/** Does something with each item, eight at a time: a client sleeps now and then. */
export async function eight<T>(
    items: Iterable<T>,
    use: (item: T) => Promise<void>
): Promise<void> {
    const rest = items[Symbol.iterator]()
    const worker = async () => {
        for (let next = rest.next(); !next.done; next = rest.next())
            await use(next.value)
    }
    await Promise.all(Array.from({ length: 8 }, worker))
}
