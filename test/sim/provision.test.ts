/** Provisioning on the host: what is refused, and that what is written can be read back. */
import assert from "node:assert/strict"
import { X509Certificate } from "node:crypto"
import { before, test } from "node:test"
import { Failure } from "../../sim/cli/failure"
import { pemChain } from "../../sim/pki/certificate"
import { type Chain, makeChain } from "../../sim/pki/chain"
import {
    provision,
    ProvisioningOptions,
} from "../../sim/provisioning/provision"
import { FlashImage } from "../../sim/vm/flash"

const KEY = Buffer.from("0123456789abcdef0123456789abcdef").toString("base64")
const CONNECTION = `HostName=hub.azure-devices.net;DeviceId=leaf-1;SharedAccessKey=${KEY};GatewayHostName=gateway.test`
const OPTIONS: ProvisioningOptions = { provisionedSec: 1780272000 }

let rsa: Chain
let ec: Chain
before(async () => {
    rsa = await makeChain({ names: ["g.test"], caBits: 2048 })
    ec = await makeChain({ names: ["g.test"], keyType: "ec" })
})

const rootPem = () => rsa.root.pem

async function expectRefused(
    reason: RegExp,
    connection: string,
    anchors: (string | Uint8Array)[],
    options = OPTIONS
) {
    await assert.rejects(provision(connection, anchors, options), error => {
        assert.ok(error instanceof Failure, String(error))
        assert.match(error.message, reason)
        assert.match(error.message, /^[^\n]+\.$/, "one sentence")
        assert.ok(!error.message.includes(KEY.slice(0, 8)), "no secret")
        return true
    })
}

/** What the device would find pinned: name and key of a CA, in pieces. */
function anchorIn(flash: FlashImage, index: number): Buffer {
    const settings = flash.settings()
    return Buffer.concat(
        [..."abcde"].map(part =>
            Buffer.from(
                (settings[`anchor${index}${part}`] as string) ?? "",
                "base64"
            )
        )
    )
}

/** The same by OpenSSL's reading of the certificate. */
function keyOf(pem: string): Buffer {
    return new X509Certificate(pem).publicKey.export({
        type: "spki",
        format: "der",
    })
}

test("a connection string that is malformed or of something else is refused with its defect", async () => {
    const root = [rootPem()]
    for (const [connection, reason] of [
        ["", /no HostName/],
        ["x", /name=value/],
        [CONNECTION.replace(/HostName=[^;]*;/, ""), /no HostName/],
        [CONNECTION.replace(/DeviceId=[^;]*;/, ""), /no DeviceId/],
        [CONNECTION.replace(/SharedAccessKey=[^;]*;/, ""), /no SharedAccess/],
        [CONNECTION.replace("leaf-1", "leaf 1"), /device id/i],
        [CONNECTION.replace("leaf-1", ""), /no value/],
        [CONNECTION.replace(KEY, "%%%"), /base64/],
        [CONNECTION.replace(KEY, "AAAA"), /16 to 64 bytes/],
        [CONNECTION.replace("gateway.test", "gate way"), /host name/i],
        [`${CONNECTION};DeviceId=other`, /twice/],
        [`${CONNECTION};x509=true`, /X\.509/],
        [`${CONNECTION};ModuleId=m`, /module/],
        [`${CONNECTION};SharedAccessKeyName=iothubowner`, /policy/],
    ] as const)
        await expectRefused(reason, connection, root)
})

test("a CA that is no certificate is refused", async () => {
    const pem = rootPem()
    for (const anchor of [
        "",
        "x",
        "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        pem.slice(0, pem.length / 2),
        pem.replace(/\n[^\n]{64}\n/, "\n!!!!\n"),
        rsa.keyPem,
        Buffer.alloc(0),
        Buffer.from("30820400", "hex"),
        rsa.root.der.subarray(0, 300),
    ])
        await expectRefused(/no X\.509 certificate/, CONNECTION, [anchor])
})

test("the gateway's own certificate, which is renewed monthly, is not pinned", async () => {
    await expectRefused(/not of a CA/, CONNECTION, [rsa.server.pem])
})

test("a file with several certificates is refused, as only one of them would be pinned", async () => {
    await expectRefused(/several certificates/, CONNECTION, [
        pemChain(rsa.edgeCa, rsa.intermediate, rsa.root),
    ])
})

test("without a CA, or with three, a device is not provisioned", async () => {
    await expectRefused(/anchor/, CONNECTION, [])
    await expectRefused(/2 anchors/, CONNECTION, [
        rootPem(),
        rootPem(),
        rootPem(),
    ])
})

test("what the device would refuse is refused here", async () => {
    for (const options of [
        { provisionedSec: 0 },
        { ...OPTIONS, mqttPort: 0 },
        { ...OPTIONS, timePort: 65536 },
        { ...OPTIONS, telemetrySec: 0 },
        { ...OPTIONS, heartbeatSec: 86401 },
        { ...OPTIONS, alertC: NaN },
        { ...OPTIONS, gatewayAddress: "a b" },
    ])
        await expectRefused(
            /cannot be provisioned/,
            CONNECTION,
            [rootPem()],
            options
        )
})

test("settings can be read back from the flash image, also after a round trip through bytes", async () => {
    const flash = await provision(CONNECTION, [rootPem()], {
        ...OPTIONS,
        gatewayAddress: "127.0.0.1",
        mqttPort: 18883,
        timePort: 18443,
        telemetrySec: 3,
        heartbeatSec: 10,
        alertC: 24.5,
    })
    const settings = new FlashImage(flash.bytes).settings()
    const anchors = Object.keys(settings).filter(n => n.startsWith("anchor"))
    assert.deepEqual(
        Object.fromEntries(
            Object.entries(settings).filter(([n]) => !anchors.includes(n))
        ),
        {
            schema: 2,
            hubhost: "hub.azure-devices.net",
            deviceid: "leaf-1",
            devkey: KEY,
            gateway: "gateway.test",
            gwaddr: "127.0.0.1",
            gwport: 18883,
            timeport: 18443,
            telemetry: 3,
            heartbeat: 10,
            alertat: 24.5,
            provtime: 1780272000,
        }
    )
})

test("one anchor is the CA's name and key, from PEM, PEM with text around it, and DER", async () => {
    const pem = rootPem()
    const der = new Uint8Array(rsa.root.der)
    for (const anchor of [
        pem,
        `Bag Attributes: <none>\nsubject=CN = Owner Root CA\n${pem}\nmore text\n`,
        pem.replaceAll("\n", "\r\n"),
        der,
    ]) {
        const flash = await provision(CONNECTION, [anchor], OPTIONS)
        const pinned = anchorIn(flash, 1)
        const key = keyOf(pem)
        assert.deepEqual(pinned.subarray(-key.length), key)
        const name = pinned.subarray(0, -key.length)
        assert.equal(name[0], 0x30)
        assert.ok(Buffer.from(der).includes(name))
        assert.ok(name.includes("Edge Leaf Root CA"))
        assert.equal(anchorIn(flash, 2).length, 0)
    }
})

test("two anchors are both there, RSA-4096 and EC too", async () => {
    const big = await makeChain({ names: ["g.test"] })
    const pems = [big.root.pem, ec.root.pem]
    const flash = await provision(CONNECTION, pems, OPTIONS)
    for (const [i, pem] of pems.entries()) {
        const key = keyOf(pem)
        assert.deepEqual(anchorIn(flash, i + 1).subarray(-key.length), key)
    }
})
