/** Calls about identities: IoT Hub's registry, without keys in any answer but the one that is asked for them. */
import {
    AUTHENTICATION_TYPES,
    type DeviceIdentity,
    type IdentityChange,
} from "../gateway/registry"
import {
    DEVICE_ID,
    list,
    object,
    operation,
    text,
    truth,
    type OfDevice,
    type Schema,
} from "./operation"
import { page, PAGE_PARAMETERS, type Page } from "./page"
import { notFound } from "./problem"

/** An identity as anybody sees it who may read the registry. */
export type ShownIdentity = Omit<DeviceIdentity, "primaryKey" | "secondaryKey">

interface Conditional {
    ifMatch?: string
}

const CHANGE = {
    authentication: {
        enum: AUTHENTICATION_TYPES,
        description:
            "How it proves itself. With another type the keys or thumbprints of the old one go.",
    },
    primaryThumbprint: text(
        "SHA-1 or SHA-256 of its certificate, hexadecimal; for selfSigned."
    ),
    secondaryThumbprint: text('As primaryThumbprint, or "".'),
    enabled: truth("A disabled device is not let in, and is put out."),
    statusReason: text("Why it is enabled or disabled; for people."),
    parent: {
        type: ["string", "null"],
        description:
            "The Edge device whose child it is. edgeHub lets its own children in.",
    },
} satisfies Record<string, Schema>

const KEYS = {
    primaryKey: text("Base64 of 16-64 bytes; for sas."),
    secondaryKey: text("As primaryKey."),
} satisfies Record<string, Schema>

const IDENTITY: Schema = object(
    {
        deviceId: text("Its id."),
        ...CHANGE,
        etag: text("Another one after each change."),
        generationId: text(
            "Tells the device from an earlier one of the same id."
        ),
    },
    ["deviceId", "authentication", "enabled", "parent", "etag", "generationId"]
)

export const devices = {
    listDevices: operation({
        method: "GET",
        path: "/devices",
        permissions: ["RegistryRead"],
        summary: "Lists the devices, in the order in which they were added",
        parameters: PAGE_PARAMETERS,
        answer: object(
            { devices: list(IDENTITY), next: PAGE_PARAMETERS.after.schema },
            ["devices"]
        ),
        run({ gateway: { registry } }, input: Page) {
            const { items, next } = page(identities(registry), input)
            return { devices: items.map(shown), ...(next && { next }) }
        },
    }),
    createDevice: operation({
        method: "POST",
        path: "/devices",
        permissions: ["RegistryWrite"],
        summary: "Adds a device",
        description:
            "It is enabled, a child of this gateway, and has random keys, unless told otherwise; getKeys gives them.",
        body: object(
            {
                deviceId: text("1-128 letters, digits or -.%_*?!(),:=@$'"),
                ...CHANGE,
                ...KEYS,
            },
            ["deviceId"]
        ),
        status: 201,
        answer: IDENTITY,
        run: async (
            { gateway: { registry } },
            { body }: { body: OfDevice & IdentityChange }
        ) => shown(await registry.create(body)),
    }),
    getDevice: operation({
        method: "GET",
        path: "/devices/{deviceId}",
        permissions: ["RegistryRead"],
        summary: "Reads a device",
        parameters: { deviceId: DEVICE_ID },
        answer: IDENTITY,
        run: ({ gateway: { registry } }, { deviceId }: OfDevice) =>
            shown(known(registry, deviceId)),
    }),
    updateDevice: operation({
        method: "PATCH",
        path: "/devices/{deviceId}",
        permissions: ["RegistryWrite"],
        summary: "Changes what is given of a device and keeps the rest",
        parameters: { deviceId: DEVICE_ID },
        isConditional: true,
        body: object({ ...CHANGE, ...KEYS }),
        answer: IDENTITY,
        run: async (
            { gateway: { registry } },
            {
                deviceId,
                ifMatch,
                body,
            }: OfDevice & Conditional & { body: IdentityChange }
        ) => shown(await registry.update(deviceId, body, { ifMatch })),
    }),
    deleteDevice: operation({
        method: "DELETE",
        path: "/devices/{deviceId}",
        permissions: ["RegistryWrite"],
        summary: "Removes a device, with its twin and what waits for it",
        parameters: { deviceId: DEVICE_ID },
        isConditional: true,
        run: (
            { gateway: { registry } },
            { deviceId, ifMatch }: OfDevice & Conditional
        ) => registry.delete(deviceId, { ifMatch }),
    }),
    getKeys: operation({
        method: "GET",
        path: "/devices/{deviceId}/keys",
        permissions: ["RegistryWrite"],
        summary: "Reads a device's keys, and its connection string",
        description:
            "The one answer with secrets in it. Who may set keys may read them; who may only read the registry may not.",
        parameters: { deviceId: DEVICE_ID },
        answer: object(
            {
                primaryKey: text('Base64; "" unless the type is sas.'),
                secondaryKey: text("As primaryKey."),
                connectionString: text(
                    "With the primary key; only of a device of type sas. GatewayHostName is for whoever knows the gateway's name to add."
                ),
            },
            ["primaryKey", "secondaryKey"]
        ),
        run({ gateway: { registry, hubName } }, { deviceId }: OfDevice) {
            const { primaryKey, secondaryKey } = known(registry, deviceId)
            return {
                primaryKey,
                secondaryKey,
                ...(primaryKey && {
                    connectionString: `HostName=${hubName};DeviceId=${deviceId};SharedAccessKey=${primaryKey}`,
                }),
            }
        },
    }),
}

interface Identities {
    readonly deviceIds: string[]
    get(deviceId: string): DeviceIdentity | undefined
}

/** All of them, as a list. */
export function identities(registry: Identities): DeviceIdentity[] {
    return registry.deviceIds.map(id => registry.get(id) as DeviceIdentity)
}

/** Throws what becomes 404. */
export function known(registry: Identities, deviceId: string): DeviceIdentity {
    const identity = registry.get(deviceId)
    if (!identity)
        throw notFound(
            `there is no device ${deviceId}: add it first, or correct the id (letter case counts)`
        )
    return identity
}

function shown(identity: DeviceIdentity): ShownIdentity {
    // Named one by one: what is added to an identity later is not shown by mistake.
    const { deviceId, authentication, enabled, statusReason, parent } = identity
    const { primaryThumbprint, secondaryThumbprint } = identity
    const { etag, generationId } = identity
    return {
        deviceId,
        authentication,
        primaryThumbprint,
        secondaryThumbprint,
        enabled,
        statusReason,
        parent,
        etag,
        generationId,
    }
}
