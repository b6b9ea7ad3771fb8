/** What happens at a gateway, as shown events. */
import type { Gateway } from "../gateway/gateway"
import type { Display } from "./events"

/** @param accepted called after each telemetry message that was shown, with their number */
export function showGateway(
    gateway: Gateway,
    display: Display,
    accepted: (count: number) => void = () => undefined
): void {
    let count = 0
    const tls = new Map<number, string>()
    gateway.on("secured", ({ connection, protocol, cipher }) =>
        tls.set(connection, `${protocol} ${cipher}`)
    )
    gateway.on("authenticated", event =>
        display.show({
            type: "connected",
            deviceId: event.deviceId,
            protocol: tls.get(event.connection) ?? "",
            tokenExpiry: new Date(event.tokenExpirySec * 1000).toISOString(),
        })
    )
    gateway.on("telemetry", event => {
        count++
        display.show({
            type: "telemetry",
            count,
            deviceId: event.deviceId,
            body: event.body.toString(),
            properties: event.properties,
            systemProperties: event.systemProperties,
            duplicate: event.duplicate,
        })
        accepted(count)
    })
    gateway.on("heartbeat", ({ deviceId, message }) =>
        display.show({
            type: "heartbeat",
            deviceId,
            properties: message.properties,
        })
    )
    gateway.on("cloudMessage", event =>
        display.show({
            type: "cloudMessage",
            deviceId: event.deviceId,
            messageId: event.messageId,
            state: event.state,
            deliveryCount: event.deliveryCount,
            reason: event.reason,
        })
    )
    showOperations(gateway, display)
    gateway.on("fault", ({ fault, at, count, deviceId }) =>
        display.show({ type: "fault", deviceId, fault, at, count })
    )
    gateway.on("dropped", ({ deviceId, topic, reason }) =>
        display.show({ type: "dropped", deviceId, topic, reason })
    )
    gateway.on("late", event =>
        display.show({
            type: "overdue",
            deviceId: event.deviceId,
            silentSec: Math.round((event.atMs - event.lastSeenMs) / 1000),
            expectedSec: event.expectedIntervalMs / 1000,
        })
    )
    gateway.on("lost", ({ deviceId, atMs, lastSeenMs }) =>
        display.show({
            type: "lost",
            deviceId,
            silentSec: Math.round((atMs - lastSeenMs) / 1000),
        })
    )
    gateway.on("alive", ({ deviceId }) =>
        display.show({ type: "alive", deviceId })
    )
    gateway.on("refused", ({ deviceId = "?", message }) =>
        display.show({ type: "refused", deviceId, reason: message })
    )
    gateway.on("tlsFailed", ({ remote, reason }) =>
        display.show({ type: "refused", deviceId: remote, reason })
    )
    gateway.on("disconnected", ({ connection, deviceId, message }) => {
        tls.delete(connection)
        if (deviceId !== undefined)
            display.show({ type: "disconnected", deviceId, reason: message })
    })
}

function showOperations(gateway: Gateway, display: Display): void {
    gateway.on("reported", ({ deviceId, version, patch }) =>
        display.show({ type: "reported", deviceId, version, patch })
    )
    gateway.on("reportRefused", ({ deviceId, reason: failure }) =>
        display.show({ type: "reported", deviceId, failure })
    )
    gateway.on("desiredSent", ({ deviceId, version, patch }) =>
        display.show({ type: "desired", deviceId, version, patch })
    )
    gateway.on("methodCalled", ({ deviceId, name, payload }) =>
        display.show({ type: "method", deviceId, name, payload })
    )
    gateway.on("methodAnswered", ({ deviceId, name, status, payload }) =>
        display.show({ type: "method", deviceId, name, status, payload })
    )
    gateway.on("methodFailed", ({ deviceId, name, message: failure }) =>
        display.show({ type: "method", deviceId, name, failure })
    )
}
