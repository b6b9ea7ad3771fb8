/** Calls about what goes on: the gateway itself, which devices are connected and alive, and all events as they happen. */
import type { Gateway } from "../gateway/gateway"
import type { DeviceStatus, LifeState } from "../gateway/monitor"
import type { DeviceIdentity } from "../gateway/registry"
import { identities, known } from "./devices"
import {
    DEVICE_ID,
    list,
    object,
    operation,
    text,
    truth,
    whole,
    type OfDevice,
} from "./operation"
import { page, PAGE_PARAMETERS, type Page } from "./page"
import type { Follow } from "./tail"

const LIFE: readonly LifeState[] = ["alive", "late", "lost"]

const TIME = text("ISO 8601.", { format: "date-time" })

const HEARTBEAT = object(
    {
        receivedAt: TIME,
        intervalSec: whole("As the device named it.", 0),
        uptimeSec: whole("Since its start.", 0),
        boots: whole("How often it has started.", 0),
        dropped: whole("Readings that it had to drop.", 0),
        reconnects: whole("Since its start.", 0),
    },
    ["receivedAt"]
)

const STATE = object(
    {
        deviceId: text("The device."),
        enabled: truth("As the registry has it."),
        connected: truth("It has a connection now."),
        remote: text("Its address and port, if it is connected."),
        pendingMessages: whole("Cloud-to-device, not at their end.", 0),
        life: object(
            {
                state: { enum: LIFE },
                since: TIME,
                lastSeen: TIME,
                intervalSec: {
                    type: "number",
                    description: "Within this it is expected to send.",
                },
                lastHeartbeat: HEARTBEAT,
            },
            ["state", "since", "lastSeen", "intervalSec"],
            "Only of a device that has connected since the gateway's start."
        ),
    },
    ["deviceId", "enabled", "connected", "pendingMessages"]
)

const FORWARDING = object(
    {
        forwarded: whole("Messages that upstream has acknowledged.", 0),
        resent: whole("Messages that were sent again.", 0),
        lost: whole(
            "Messages that were stored, and went for want of room or time.",
            0
        ),
    },
    ["forwarded", "resent", "lost"],
    "Only of a gateway that forwards."
)

export const states = {
    getGateway: operation({
        method: "GET",
        path: "/",
        permissions: ["ServiceConnect"],
        summary: "What the gateway is, and how much goes on",
        answer: object(
            {
                profile: { enum: ["edgehub", "hub"] },
                hubName: text("The host that tokens are for."),
                gatewayId: text("The Edge device that it is."),
                mqttPort: whole("MQTT on TLS.", 0, 65_535),
                httpsPort: whole("The time; 0: there is none.", 0, 65_535),
                time: TIME,
                devices: whole("In the registry.", 0),
                connected: whole("Of them.", 0),
                forwarding: FORWARDING,
            },
            [
                "profile",
                "hubName",
                "gatewayId",
                "mqttPort",
                "httpsPort",
                "time",
                "devices",
                "connected",
            ]
        ),
        run: ({ gateway, tail }) => ({
            profile: gateway.profile.name,
            hubName: gateway.hubName,
            gatewayId: gateway.registry.gatewayId,
            mqttPort: gateway.port,
            httpsPort: gateway.httpsPort,
            time: iso(tail.now()),
            devices: gateway.registry.deviceIds.length,
            connected: gateway.connected.length,
            ...(gateway.forward?.upstream && {
                forwarding: {
                    forwarded: gateway.forward.upstream.counts.forwarded,
                    resent: gateway.forward.upstream.counts.resent,
                    lost:
                        gateway.forward.log.counts.expired +
                        gateway.forward.log.counts.dropped +
                        gateway.forward.log.counts.damaged,
                },
            }),
        }),
    }),
    listStates: operation({
        method: "GET",
        path: "/states",
        permissions: ["ServiceConnect"],
        summary: "Lists which devices are connected, alive, late or lost",
        parameters: {
            ...PAGE_PARAMETERS,
            life: {
                in: "query",
                description: "Only those in this state.",
                schema: { enum: LIFE },
            },
            connected: {
                in: "query",
                description: "Only those that are connected, or are not.",
                schema: truth("true or false."),
            },
        },
        answer: object(
            { states: list(STATE), next: PAGE_PARAMETERS.after.schema },
            ["states"]
        ),
        run(
            { gateway },
            {
                life,
                connected,
                ...input
            }: Page & { life?: LifeState; connected?: boolean }
        ) {
            const fitting = identities(gateway.registry).filter(
                ({ deviceId }) =>
                    (life === undefined ||
                        gateway.monitor.status(deviceId)?.state === life) &&
                    (connected === undefined ||
                        Boolean(gateway.connection(deviceId)) === connected)
            )
            const { items, next } = page(fitting, input)
            return {
                states: items.map(one => stateOf(gateway, one)),
                ...(next && { next }),
            }
        },
    }),
    getState: operation({
        method: "GET",
        path: "/devices/{deviceId}/state",
        permissions: ["ServiceConnect"],
        summary: "Whether a device is connected, alive, late or lost",
        parameters: { deviceId: DEVICE_ID },
        answer: STATE,
        run: ({ gateway }, { deviceId }: OfDevice) =>
            stateOf(gateway, known(gateway.registry, deviceId)),
    }),
    disconnect: operation({
        method: "POST",
        path: "/devices/{deviceId}/disconnect",
        permissions: ["RegistryWrite"],
        summary: "Breaks a device's connection without a word",
        parameters: { deviceId: DEVICE_ID },
        status: 200,
        answer: object({ disconnected: truth("There was one.") }, [
            "disconnected",
        ]),
        run({ gateway }, { deviceId }: OfDevice) {
            known(gateway.registry, deviceId)
            const disconnected = gateway.connection(deviceId) !== undefined
            gateway.drop(deviceId)
            return { disconnected }
        },
    }),
    followEvents: operation({
        method: "GET",
        path: "/events",
        permissions: ["ServiceConnect"],
        summary: "Telemetry and all other events, as they happen",
        description:
            "Server-sent events: `event` is the name, `data` JSON. With the header Last-Event-ID the last thousand are looked through for what came after it; the event `missed` says that there may have been more.",
        parameters: {
            names: {
                in: "query",
                description:
                    "Only events of these names, separated by commas, such as telemetry,heartbeat.",
                schema: text("Names.", {
                    pattern: "^[A-Za-z]{1,32}(,[A-Za-z]{1,32}){0,63}$",
                }),
            },
            deviceId: {
                in: "query",
                description: "Only those of this device.",
                schema: DEVICE_ID.schema,
            },
            limit: {
                in: "query",
                description: "The answer ends after so many.",
                schema: whole("A number of events.", 1, 1_000_000),
            },
        },
        answer: "text/event-stream",
        run: (
            _context,
            { names, ...filter }: Omit<Follow, "names"> & { names?: string }
        ): Follow => ({
            ...filter,
            ...(names !== undefined && { names: names.split(",") }),
        }),
    }),
}

function stateOf(
    gateway: Gateway,
    { deviceId, enabled }: Pick<DeviceIdentity, "deviceId" | "enabled">
) {
    const connection = gateway.connection(deviceId)
    const status = gateway.monitor.status(deviceId)
    return {
        deviceId,
        enabled,
        connected: connection !== undefined,
        ...(connection && { remote: connection.link.remote }),
        pendingMessages: gateway.cloudMessages.pending(deviceId).length,
        ...(status && { life: lifeOf(status) }),
    }
}

function lifeOf(status: DeviceStatus) {
    const { state, sinceMs, lastSeenMs, intervalMs, lastHeartbeat } = status
    return {
        state,
        since: iso(sinceMs),
        lastSeen: iso(lastSeenMs),
        intervalSec: intervalMs / 1000,
        ...(lastHeartbeat && { lastHeartbeat: heartbeatOf(lastHeartbeat) }),
    }
}

function heartbeatOf({
    receivedAtMs,
    intervalSec,
    uptimeSec,
    boots,
    dropped,
    reconnects,
}: NonNullable<DeviceStatus["lastHeartbeat"]>) {
    return {
        receivedAt: iso(receivedAtMs),
        intervalSec,
        uptimeSec,
        boots,
        dropped,
        reconnects,
    }
}

function iso(ms: number): string {
    return new Date(ms).toISOString()
}
