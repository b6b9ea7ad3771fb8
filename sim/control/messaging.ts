/** Calls to devices: cloud-to-device messages, direct methods, twins. */
import type {
    Acknowledgement,
    CloudMessage,
    CloudMessageRequest,
} from "../gateway/cloudmessage"
import type { Json, JsonObject } from "../gateway/twin"
import {
    DEVICE_ID,
    list,
    map,
    object,
    operation,
    text,
    whole,
    type OfDevice,
    type Schema,
} from "./operation"
import { known } from "./devices"
import { badRequest } from "./problem"

const ACKNOWLEDGEMENTS: readonly Acknowledgement[] = [
    "none",
    "positive",
    "negative",
    "full",
]

/** The request of a cloud-to-device message. */
export interface MessageBody extends Pick<
    CloudMessageRequest,
    | "properties"
    | "messageId"
    | "correlationId"
    | "userId"
    | "contentType"
    | "contentEncoding"
    | "ack"
> {
    body?: string
    bodyBase64?: string
    expirySec?: number
    waitSec?: number
}

const CLOUD_MESSAGE = object(
    {
        deviceId: text("Whom it is for."),
        messageId: text("As it was asked for, or made up."),
        sequence: whole("Counts the messages of a device.", 1),
        state: {
            enum: [
                "enqueued",
                "in-flight",
                "completed",
                "expired",
                "dead-lettered",
            ],
        },
        deliveryCount: whole("How often it was handed to the device.", 0),
        reason: {
            enum: ["delivery-count-exceeded", "rejected", "purged"],
            description: "Of dead-lettered.",
        },
        enqueuedAt: text("ISO 8601.", { format: "date-time" }),
        expiresAt: text("ISO 8601.", { format: "date-time" }),
    },
    [
        "deviceId",
        "messageId",
        "sequence",
        "state",
        "deliveryCount",
        "enqueuedAt",
        "expiresAt",
    ]
)

const SECTION: Schema = {
    type: "object",
    description: "Properties, with `$version`.",
    properties: { $version: whole("Counts the changes.", 1) },
    required: ["$version"],
}

const VERSION = object(
    { version: whole("The new version of the desired properties.", 1) },
    ["version"]
)

const PROPERTIES: Schema = {
    type: "object",
    description: "At most 32 KB, ten objects in one another.",
}

const BASE64 =
    /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

export const messaging = {
    sendMessage: operation({
        method: "POST",
        path: "/devices/{deviceId}/messages",
        permissions: ["ServiceConnect"],
        summary: "Puts a message into a device's queue",
        description:
            "It is delivered when the device is connected and has subscribed. With waitSec the answer comes when the message has come to its end, or that time is over; its state tells which.",
        parameters: { deviceId: DEVICE_ID },
        body: object({
            body: text("Text; or bodyBase64."),
            bodyBase64: text("Bytes, in place of body."),
            properties: map(
                text("Its value."),
                "Application properties; names do not begin with $."
            ),
            messageId: text("Told to the device."),
            correlationId: text("Told to the device."),
            userId: text("Told to the device."),
            contentType: text("Told to the device."),
            contentEncoding: text("Told to the device."),
            expirySec: whole("From now on; an hour.", 1, 172_800),
            ack: {
                enum: ACKNOWLEDGEMENTS,
                description: "What the event `feedback` is asked for.",
            },
            waitSec: whole("For its end; not at all.", 0, 300),
        }),
        status: 202,
        answer: CLOUD_MESSAGE,
        async run(
            { gateway: { cloudMessages } },
            { deviceId, body: request }: OfDevice & { body: MessageBody }
        ) {
            const { waitSec = 0, expirySec, bodyBase64, ...rest } = request
            const message = cloudMessages.send(deviceId, {
                ...rest,
                body: bodyOf(rest.body, bodyBase64),
                ...(expirySec && { expiryMs: expirySec * 1000 }),
            })
            await within(waitSec * 1000, message.settled)
            return shown(message)
        },
    }),
    listMessages: operation({
        method: "GET",
        path: "/devices/{deviceId}/messages",
        permissions: ["ServiceConnect"],
        summary:
            "Lists the messages to a device that have not come to their end",
        parameters: { deviceId: DEVICE_ID },
        answer: object({ messages: list(CLOUD_MESSAGE) }, ["messages"]),
        run({ gateway }, { deviceId }: OfDevice) {
            known(gateway.registry, deviceId)
            return {
                messages: gateway.cloudMessages.pending(deviceId).map(shown),
            }
        },
    }),
    purgeMessages: operation({
        method: "DELETE",
        path: "/devices/{deviceId}/messages",
        permissions: ["ServiceConnect"],
        summary: "Gives up the messages to a device that are not in flight",
        parameters: { deviceId: DEVICE_ID },
        status: 200,
        answer: object({ purged: whole("Their number.", 0) }, ["purged"]),
        run({ gateway }, { deviceId }: OfDevice) {
            known(gateway.registry, deviceId)
            return { purged: gateway.cloudMessages.purge(deviceId) }
        },
    }),
    invokeMethod: operation({
        method: "POST",
        path: "/devices/{deviceId}/methods/{methodName}",
        permissions: ["ServiceConnect"],
        summary: "Calls a direct method and waits for the device's answer",
        parameters: {
            deviceId: DEVICE_ID,
            methodName: {
                in: "path",
                description: "As the device knows it.",
                schema: text("A method.", { minLength: 1, maxLength: 128 }),
            },
        },
        body: object({
            payload: { description: "Any JSON; nothing is sent without it." },
            timeoutSec: whole("For the answer: 30.", 5, 300),
        }),
        answer: object(
            {
                status: { type: "integer", description: "The device's own." },
                payload: {
                    description: "Any JSON; null, too, if it gave none.",
                },
            },
            ["status", "payload"]
        ),
        run: (
            { gateway: { methods } },
            {
                deviceId,
                methodName,
                body: { payload, timeoutSec = 30 },
            }: OfDevice & {
                methodName: string
                body: { payload?: Json; timeoutSec?: number }
            }
        ) =>
            methods.invoke(deviceId, methodName, payload, {
                timeoutMs: timeoutSec * 1000,
            }),
    }),
    getTwin: operation({
        method: "GET",
        path: "/devices/{deviceId}/twin",
        permissions: ["ServiceConnect"],
        summary: "Reads a twin",
        parameters: { deviceId: DEVICE_ID },
        answer: object({ desired: SECTION, reported: SECTION }, [
            "desired",
            "reported",
        ]),
        run: ({ gateway: { twins } }, { deviceId }: OfDevice) =>
            twins.get(deviceId),
    }),
    patchTwin: operation({
        method: "PATCH",
        path: "/devices/{deviceId}/twin",
        permissions: ["ServiceConnect"],
        summary: "Merges a patch into the desired properties",
        description: "null deletes a property (RFC 7396). The device is told.",
        parameters: { deviceId: DEVICE_ID },
        body: object({ desired: PROPERTIES }, ["desired"]),
        answer: VERSION,
        run: (
            { gateway: { twins } },
            { deviceId, body }: OfDevice & { body: { desired: JsonObject } }
        ) => ({ version: twins.patchDesired(deviceId, body.desired) }),
    }),
    replaceDesired: operation({
        method: "PUT",
        path: "/devices/{deviceId}/twin/desired",
        permissions: ["ServiceConnect"],
        summary: "Puts these in place of all desired properties",
        description: "The device is told of the difference.",
        parameters: { deviceId: DEVICE_ID },
        body: PROPERTIES,
        answer: VERSION,
        run: (
            { gateway: { twins } },
            { deviceId, body }: OfDevice & { body: JsonObject }
        ) => ({ version: twins.replaceDesired(deviceId, body) }),
    }),
}

function bodyOf(plain: string | undefined, base64: string | undefined) {
    if (base64 === undefined) return plain
    if (plain !== undefined)
        throw badRequest(
            "the message has body and bodyBase64: give one of them"
        )
    if (!BASE64.test(base64))
        throw badRequest("bodyBase64 is no base64 (RFC 4648, with padding)")
    return Buffer.from(base64, "base64")
}

/** Waits for it, but not longer; real time, whatever the gateway's clock says. */
async function within(ms: number, end: Promise<unknown>): Promise<void> {
    if (ms === 0) return
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise(resolve => (timer = setTimeout(resolve, ms)))
    await Promise.race([end, timeout])
    clearTimeout(timer)
}

function shown(message: CloudMessage) {
    const { deviceId, messageId, sequence, state, deliveryCount, reason } =
        message
    return {
        deviceId,
        messageId,
        sequence,
        state,
        deliveryCount,
        ...(reason && { reason }),
        enqueuedAt: new Date(message.enqueuedAtMs).toISOString(),
        expiresAt: new Date(message.expiresAtMs).toISOString(),
    }
}
