/** Calls about X.509 CAs whose devices are let in: registered, and verified by a proof of possession (`gateway/authorities.ts`). */
import {
    list,
    object,
    operation,
    text,
    truth,
    type Parameter,
} from "./operation"
import { notFound } from "./problem"

const AUTHORITY = object(
    {
        name: text("As it was registered."),
        certificate: text("PEM."),
        thumbprint: text("SHA-256, hexadecimal."),
        subject: text("As the certificate has it."),
        notAfter: text("ISO 8601.", { format: "date-time" }),
        isVerified: truth("Only a verified CA lets devices in."),
        etag: text("Another one after each change."),
    },
    [
        "name",
        "certificate",
        "thumbprint",
        "subject",
        "notAfter",
        "isVerified",
        "etag",
    ]
)

const NAME: Parameter = {
    in: "path",
    description: "The name of the CA.",
    schema: text("A name.", { minLength: 1, maxLength: 64 }),
}

const PEM = text("One certificate, PEM.", { maxLength: 65_536 })

interface OfAuthority {
    name: string
    ifMatch?: string
}

export const authorityCalls = {
    listAuthorities: operation({
        method: "GET",
        path: "/authorities",
        permissions: ["RegistryRead"],
        summary: "Lists the registered CAs",
        answer: object({ authorities: list(AUTHORITY) }, ["authorities"]),
        run: ({ gateway }) => ({ authorities: gateway.authorities.list() }),
    }),
    addAuthority: operation({
        method: "POST",
        path: "/authorities",
        permissions: ["RegistryWrite"],
        summary: "Registers a CA, unverified",
        body: object(
            {
                name: text("1-64 letters, digits or -._"),
                certificate: PEM,
            },
            ["name", "certificate"]
        ),
        status: 201,
        answer: AUTHORITY,
        run: (
            { gateway: { authorities } },
            {
                body: { name, certificate },
            }: { body: { name: string; certificate: string } }
        ) => authorities.add(name, certificate),
    }),
    getAuthority: operation({
        method: "GET",
        path: "/authorities/{name}",
        permissions: ["RegistryRead"],
        summary: "Reads a CA",
        parameters: { name: NAME },
        answer: AUTHORITY,
        run({ gateway: { authorities } }, { name }: OfAuthority) {
            const authority = authorities.get(name)
            if (!authority)
                throw notFound(`there is no CA ${name}: add it first`)
            return authority
        },
    }),
    getVerificationCode: operation({
        method: "POST",
        path: "/authorities/{name}/code",
        permissions: ["RegistryWrite"],
        summary: "Makes a verification code",
        description:
            "The proof is a certificate with this CN, signed by the CA. A code counts until the next one is made.",
        parameters: { name: NAME },
        isConditional: true,
        status: 200,
        answer: object({ verificationCode: text("50 hexadecimal digits.") }, [
            "verificationCode",
        ]),
        run: async (
            { gateway: { authorities } },
            { name, ifMatch }: OfAuthority
        ) => ({
            verificationCode: await authorities.verificationCode(name, {
                ifMatch,
            }),
        }),
    }),
    verifyAuthority: operation({
        method: "POST",
        path: "/authorities/{name}/verify",
        permissions: ["RegistryWrite"],
        summary: "Verifies a CA by a proof of possession",
        parameters: { name: NAME },
        isConditional: true,
        body: object({ certificate: PEM }, ["certificate"]),
        answer: AUTHORITY,
        run: (
            { gateway: { authorities } },
            {
                name,
                ifMatch,
                body,
            }: OfAuthority & { body: { certificate: string } }
        ) => authorities.verify(name, body.certificate, { ifMatch }),
    }),
    removeAuthority: operation({
        method: "DELETE",
        path: "/authorities/{name}",
        permissions: ["RegistryWrite"],
        summary: "Removes a CA; its devices are put out",
        parameters: { name: NAME },
        isConditional: true,
        run: ({ gateway: { authorities } }, { name, ifMatch }: OfAuthority) =>
            authorities.remove(name, { ifMatch }),
    }),
}
