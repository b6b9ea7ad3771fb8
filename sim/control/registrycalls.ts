/**
 * Calls about the registry as a whole: export and import (`gateway/registryfile.ts`), shared access policies, enrolment with the token
 * service. Policies are for a policy that has every permission itself: no other could give away what it has not.
 */
import { PERMISSIONS, type Permission } from "../gateway/policies"
import { exportRegistry, importRegistry } from "../gateway/registryfile"
import { known } from "./devices"
import {
    DEVICE_ID,
    list,
    object,
    operation,
    text,
    whole,
    type OfDevice,
    type Parameter,
    type Schema,
} from "./operation"
import { notFound } from "./problem"

const MAX_IMPORT_BYTES = 16 * 1024 * 1024

const ENTRY: Schema = {
    type: "object",
    description:
        "As IoT Hub's ExportImportDevice: id, eTag, importMode, status, statusReason, authentication; and parent.",
}

const ENTRIES = object({ devices: list(ENTRY) }, ["devices"])

const PERMISSION_LIST = list({ enum: PERMISSIONS }, "Each once.")

const POLICY = object(
    {
        name: text("Stands in each of its tokens (skn)."),
        permissions: PERMISSION_LIST,
        primaryKey: text("Base64."),
        secondaryKey: text("Base64."),
    },
    ["name", "permissions", "primaryKey", "secondaryKey"]
)

const POLICY_NAME: Parameter = {
    in: "path",
    description: "The name of the policy.",
    schema: text("A name.", { minLength: 1, maxLength: 64 }),
}

interface OfPolicy {
    policyName: string
}

export const registryCalls = {
    exportDevices: operation({
        method: "GET",
        path: "/registry",
        permissions: ["RegistryRead"],
        summary: "Exports all devices, without their keys",
        answer: ENTRIES,
        run: ({ gateway: { registry } }) => ({
            devices: exportRegistry(registry),
        }),
    }),
    exportDevicesWithKeys: operation({
        method: "GET",
        path: "/registry/keys",
        permissions: ["RegistryWrite"],
        summary: "Exports all devices with their keys",
        answer: ENTRIES,
        run: ({ gateway: { registry } }) => ({
            devices: exportRegistry(registry, { withKeys: true }),
        }),
    }),
    importDevices: operation({
        method: "POST",
        path: "/registry",
        permissions: ["RegistryWrite"],
        summary: "Imports devices: all that is in the list, or nothing",
        maxBodyBytes: MAX_IMPORT_BYTES,
        body: ENTRIES,
        status: 200,
        answer: object(
            {
                created: whole("Devices.", 0),
                updated: whole("Devices.", 0),
                deleted: whole("Devices.", 0),
            },
            ["created", "updated", "deleted"]
        ),
        run: (
            { gateway: { registry } },
            { body }: { body: { devices: unknown[] } }
        ) => importRegistry(registry, body.devices),
    }),
    enrol: operation({
        method: "PUT",
        path: "/devices/{deviceId}/enrolment",
        permissions: ["RegistryWrite"],
        summary: "Enrols a device with the token service",
        description:
            "Gives its enrolment secret, in place of an earlier one: random, unless one is given. Only of a gateway with a token service.",
        parameters: { deviceId: DEVICE_ID },
        body: object({ secret: text("Base64 of 16-64 bytes.") }),
        answer: object({ secret: text("Base64.") }, ["secret"]),
        async run(
            { gateway: { enrolments, registry } },
            { deviceId, body }: OfDevice & { body: { secret?: string } }
        ) {
            known(registry, deviceId)
            if (!enrolments) throw notFound("this gateway has no token service")
            const secret = enrolments.set(deviceId, body.secret)
            await enrolments.saved()
            return { secret }
        },
    }),
    listPolicies: operation({
        method: "GET",
        path: "/policies",
        permissions: PERMISSIONS,
        summary: "Lists the shared access policies with their keys",
        answer: object({ policies: list(POLICY) }, ["policies"]),
        run: ({ gateway: { policies } }) => ({ policies: policies.list() }),
    }),
    putPolicy: operation({
        method: "PUT",
        path: "/policies/{policyName}",
        permissions: PERMISSIONS,
        summary: "Adds a policy, or changes one",
        description: "Keys are random, or stay, unless they are given.",
        parameters: { policyName: POLICY_NAME },
        body: object(
            {
                permissions: PERMISSION_LIST,
                primaryKey: text("Base64 of 16-64 bytes."),
                secondaryKey: text("Base64 of 16-64 bytes."),
            },
            ["permissions"]
        ),
        answer: POLICY,
        async run(
            { gateway: { policies } },
            {
                policyName: name,
                body,
            }: OfPolicy & {
                body: {
                    permissions: Permission[]
                    primaryKey?: string
                    secondaryKey?: string
                }
            }
        ) {
            const policy = policies.get(name)
                ? policies.change(name, body)
                : policies.add({ name, ...body })
            await policies.saved()
            return policy
        },
    }),
    removePolicy: operation({
        method: "DELETE",
        path: "/policies/{policyName}",
        permissions: PERMISSIONS,
        summary: "Removes a policy; its tokens are worth nothing then",
        parameters: { policyName: POLICY_NAME },
        async run({ gateway: { policies } }, { policyName }: OfPolicy) {
            if (!policies.remove(policyName))
                throw notFound(`there is no policy ${policyName}`)
            await policies.saved()
        },
    }),
}
