/** Azure's SDK for devices with tokens of shared access policies, signed by its own library. */
import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { Message, SharedAccessSignature } from "azure-iot-common"
import { Client } from "azure-iot-device"
import { Mqtt } from "azure-iot-device-mqtt"
import { Policies } from "../../sim/gateway/policies"
import type { ProfileName } from "../../sim/gateway/profiles"
import { DEVICE_ID, ownAddress, sdkSite } from "./azuresdk"

const IN_AN_HOUR_SEC = Math.floor(Date.now() / 1000) + 3600

for (const profile of ["edgehub", "hub"] as ProfileName[])
    describe(`the official SDK with a policy's token, and ${profile}`, () => {
        const signed = async (
            t: Parameters<typeof sdkSite>[0],
            policy: string
        ) => {
            const host = ownAddress()
            const policies = Policies.builtIn()
            const site = await sdkSite(t, {
                profile,
                host,
                gatewayName: host,
                policies,
            })
            const signature = SharedAccessSignature.create(
                encodeURIComponent(`${host}/devices/${DEVICE_ID}`),
                policy,
                policies.get(policy)!.primaryKey,
                IN_AN_HOUR_SEC
            ).toString()
            const client = await site.client(
                Client.fromSharedAccessSignature(signature, Mqtt)
            )
            return { site, policies, client }
        }

        test("sends messages until the policy is gone", async t => {
            const { site, policies, client } = await signed(t, "device")
            await client.open()
            await client.sendEvent(new Message("hello"))
            assert.equal(String(site.gateway.messages[0].body), "hello")
            const [{ tokenExpirySec }] = site.told("authenticated")
            assert.equal(tokenExpirySec, IN_AN_HOUR_SEC)
            const end = site.gateway.waitFor("disconnected")
            policies.remove("device")
            assert.equal((await end).reason, "identity-changed")
        })

        test("is refused with a policy that does not permit devices to connect", async t => {
            const service = await signed(t, "service")
            await assert.rejects(service.client.open(), /[Nn]ot authorized/)
            assert.equal(
                service.site.told("refused")[0].reason,
                "not-permitted"
            )
        })
    })
