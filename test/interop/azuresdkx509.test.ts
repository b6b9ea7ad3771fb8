/** Azure's SDK for devices, unmodified, with a client certificate in place of a key. */
import assert from "node:assert/strict"
import { createHash } from "node:crypto"
import { test } from "node:test"
import { Message } from "azure-iot-device"
import { Authorities } from "../../sim/gateway/authorities"
import { ca, leaf, shows } from "../sim/gateway/clientcertificate"
import { sdkSite } from "./azuresdk"

for (const profile of ["edgehub", "hub"] as const)
    test(`Azure's SDK sends with a certificate, known by its thumbprint or under a registered CA, in the profile ${profile}`, async t => {
        const authorities = new Authorities()
        const site = await sdkSite(t, { profile, authorities })
        const { registry } = site.gateway
        const root = await ca("owner", 4)
        await authorities.add("owner", root.pem)
        const code = await authorities.verificationCode("owner")
        await authorities.verify(
            "owner",
            (await leaf(code, 9, { issuer: root })).pem
        )
        const alone = await leaf("thumb", 1)
        registry.add({
            deviceId: "thumb",
            authentication: "selfSigned",
            primaryThumbprint: createHash("sha1")
                .update(alone.der)
                .digest("hex"),
        })
        registry.add({
            deviceId: "under",
            authentication: "certificateAuthority",
        })
        const middle = await ca("middle", 5, { issuer: root })
        for (const [deviceId, shown] of [
            ["thumb", shows(alone)],
            [
                "under",
                shows(await leaf("under", 2, { issuer: middle }), middle),
            ],
        ] as const) {
            const client = await site.client(
                // With certificates the SDK knows of no GatewayHostName.
                `HostName=${site.host};DeviceId=${deviceId};x509=true`
            )
            await client.setOptions({ ca: site.root, ...shown })
            await client.open()
            await client.sendEvent(new Message(deviceId))
        }
        assert.deepEqual(
            site
                .told("telemetry")
                .map(({ deviceId, body }) => [deviceId, body.toString()]),
            [
                ["thumb", "thumb"],
                ["under", "under"],
            ]
        )
    })
