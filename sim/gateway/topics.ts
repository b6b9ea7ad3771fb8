/** The topics that a leaf uses: telemetry with its property bag, and the filters that it may subscribe to. */

export interface TelemetryTopic {
    properties: Record<string, string>
    systemProperties: Record<string, string>
}

/**
 * Reads `devices/{id}/messages/events/{bag}`; the last slash may be missing where the bag is empty.
 *
 * @returns a text with what is wrong, for the log
 */
export function parseTelemetryTopic(
    topic: string,
    deviceId: string
): TelemetryTopic | string {
    const prefix = `devices/${deviceId}/messages/events`
    if (topic !== prefix && !topic.startsWith(prefix + "/"))
        return "it is not this device's topic for telemetry"
    const properties: [string, string][] = []
    const systemProperties: [string, string][] = []
    const bag = topic.slice(prefix.length + 1)
    for (const pair of bag ? bag.replace(/\/$/, "").split("&") : []) {
        const equals = pair.indexOf("=")
        let name: string
        let value: string
        try {
            name = decodeURIComponent(equals < 0 ? pair : pair.slice(0, equals))
            value = equals < 0 ? "" : decodeURIComponent(pair.slice(equals + 1))
        } catch {
            return "its property bag is not percent-encoded"
        }
        if (!name) return "a property has no name"
        if (name.startsWith("$.")) systemProperties.push([name.slice(2), value])
        else properties.push([name, value])
    }
    // Not by assignment: a property may be called __proto__.
    return {
        properties: Object.fromEntries(properties),
        systemProperties: Object.fromEntries(systemProperties),
    }
}

/** Whether a device may subscribe to this filter. */
export function isDeviceFilter(filter: string, deviceId: string): boolean {
    return [
        `devices/${deviceId}/messages/devicebound/#`,
        "$iothub/methods/POST/#",
        "$iothub/twin/res/#",
        "$iothub/twin/PATCH/properties/desired/#",
    ].includes(filter)
}

/**
 * Reads a user name, `{host}/{deviceId}/?api-version=…`. The host is not checked, as edgeHub does not.
 *
 * @returns a text with what is wrong
 */
export function parseUsername(username: string): { deviceId: string } | string {
    const match = /^([^/]+)\/([^/]+)\/\?(.*)$/.exec(username)
    if (!match) return "the user name is not {hub}/{device id}/?api-version=…"
    if (!new URLSearchParams(match[3]).get("api-version"))
        return "the user name has no api-version"
    return { deviceId: match[2] }
}
