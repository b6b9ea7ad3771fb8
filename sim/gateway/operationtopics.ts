/**
 * The topics of twins and direct methods, `$iothub/…`: reading those that a device publishes to, building those that it gets.
 *
 * They end in a bag `?$rid=…&$version=…` that is not percent-encoded: a request id is given back as it came. Read as edgeHub's
 * `TwinAddressHelper` does; what it raises an exception for is `unsupported` here.
 */

/** What a device asks for, or answers. */
export type DeviceOperation =
    | { kind: "read-twin"; rid: string }
    /** Without a request id it is not answered. `version`: the one that the device expects, as it wrote it. */
    | { kind: "report"; rid?: string; version?: string }
    /** `status` if it is a number of a status's size. */
    | { kind: "method-reply"; rid: string; status?: number }
    /** A request about the twin for which a gateway closes the connection. */
    | { kind: "unsupported"; reason: string }

const TWIN = "$iothub/twin/"
const GET = `${TWIN}GET/`
const REPORTED = `${TWIN}PATCH/properties/reported/`
const METHOD_REPLY = "$iothub/methods/res/"

/** An answer's topic is longer than the request's by a few dozen bytes at most, and no topic has more than 65,535. */
const MAX_REQUEST_BYTES = 65_000

/** Reads a topic; nothing if it is none of these. */
export function readOperation(topic: string): DeviceOperation | undefined {
    if (topic.startsWith(METHOD_REPLY))
        return readMethodReply(topic.slice(METHOD_REPLY.length))
    if (!topic.startsWith(TWIN)) return undefined
    if (Buffer.byteLength(topic) > MAX_REQUEST_BYTES)
        return unsupported("a topic that is too long to be answered")
    if (topic.startsWith(GET)) {
        const rid = readBag(topic.slice(GET.length))?.get("$rid")
        return rid
            ? { kind: "read-twin", rid }
            : unsupported("a GET of the twin without a request id")
    }
    if (topic.startsWith(REPORTED)) {
        const bag = readBag(topic.slice(REPORTED.length))
        return bag
            ? {
                  kind: "report",
                  rid: bag.get("$rid") || undefined,
                  version: bag.get("$version"),
              }
            : unsupported("reported properties on a topic with more to it")
    }
    return unsupported("no operation of a twin")
}

function unsupported(reason: string): DeviceOperation {
    return { kind: "unsupported", reason }
}

function readMethodReply(rest: string): DeviceOperation | undefined {
    const [status, bag, ...more] = rest.split("/")
    const rid = more.length ? undefined : readBag(bag ?? "")?.get("$rid")
    if (!rid) return undefined
    return /^-?\d{1,9}$/.test(status)
        ? { kind: "method-reply", rid, status: Number(status) }
        : { kind: "method-reply", rid }
}

/** `?key=value&key=value`, or nothing; undefined for any other text, and if a key is there twice. */
function readBag(text: string): Map<string, string> | undefined {
    const bag = new Map<string, string>()
    if (text === "") return bag
    if (!text.startsWith("?")) return undefined
    for (const pair of text.slice(1).split("&")) {
        if (pair === "") continue
        const at = pair.indexOf("=")
        const key = at < 0 ? pair : pair.slice(0, at)
        if (bag.has(key)) return undefined
        bag.set(key, at < 0 ? "" : pair.slice(at + 1))
    }
    return bag
}

/** Where the answer to a device's request about its twin goes. */
export function twinAnswerTopic(
    status: number,
    rid: string,
    version?: number
): string {
    const bag = version === undefined ? "" : `&$version=${version}`
    return `${TWIN}res/${status}/?$rid=${rid}${bag}`
}

/** Where a device is told of new desired properties. */
export function desiredTopic(version: number): string {
    return `${TWIN}PATCH/properties/desired/?$version=${version}`
}

/** Where a method is called. */
export function methodTopic(name: string, rid: string): string {
    return `$iothub/methods/POST/${name}/?$rid=${rid}`
}
