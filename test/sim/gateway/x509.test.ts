/** Devices that prove themselves with a certificate: known by its thumbprint, or under a CA that is registered and verified. */
import assert from "node:assert/strict"
import { createHash, X509Certificate } from "node:crypto"
import { describe, test, type TestContext } from "node:test"
import type { ConnectionOptions, TLSSocket } from "node:tls"
import { Authorities } from "../../../sim/gateway/authorities"
import { judgePath } from "../../../sim/gateway/clientchain"
import { ManualClock } from "../../../sim/gateway/clock"
import type { RefusalReason } from "../../../sim/gateway/events"
import type { GatewayOptions } from "../../../sim/gateway/options"
import { SERVER_AUTH, type Certificate } from "../../../sim/pki/certificate"
import { generateKeys } from "../../../sim/pki/keys"
import { ca, DAY_MS, leaf, shows, type Change } from "./clientcertificate"
import { HUB, rig, tokenOf, until, type Rig } from "./rig"

const thumbprint = ({ der }: Certificate, hash = "sha1") =>
    createHash(hash).update(der).digest("hex")

interface Site extends Rig {
    authorities: Authorities
    /** Connects `deviceId` with what the client shows; gives the reason of a refusal. */
    tries(
        deviceId: string,
        tls: ConnectionOptions,
        password?: string
    ): Promise<RefusalReason | "accepted">
    /** Registers and verifies a CA. */
    trust(name: string, authority: Certificate): Promise<void>
}

async function site(
    t: TestContext,
    options: Partial<GatewayOptions> = {}
): Promise<Site> {
    const authorities = new Authorities(options.clock)
    const made = await rig(t, { authorities, ...options })
    return {
        ...made,
        authorities,
        async tries(deviceId, tls, password) {
            const client = await made.client(tls)
            client.send(
                made.connectPacket({
                    clientId: deviceId,
                    username: `${HUB}/${deviceId}/?api-version=2021-04-12`,
                    password:
                        password === undefined
                            ? undefined
                            : Buffer.from(password),
                })
            )
            const { returnCode } = await client.next("connack")
            const last = made.log.filter(({ name }) => name === "refused").pop()
            return returnCode === 0
                ? "accepted"
                : (last!.event as { reason: RefusalReason }).reason
        },
        async trust(name, authority) {
            await authorities.add(name, authority.pem)
            const code = await authorities.verificationCode(name)
            const proof = await leaf(code, 9, { issuer: authority })
            await authorities.verify(name, proof.pem)
        },
    }
}

for (const profile of ["edgehub", "hub"] as const)
    describe(`a device with a certificate, in the profile ${profile}`, () => {
        test("is let in by its thumbprint, primary or secondary, SHA-1 or SHA-256", async t => {
            const { registry, tries } = await site(t, { profile })
            const [one, two, other] = [
                await leaf("a", 1),
                await leaf("a", 2),
                await leaf("a", 3),
            ]
            registry.add({
                deviceId: "by-thumb",
                authentication: "selfSigned",
                primaryThumbprint: thumbprint(one),
                secondaryThumbprint: thumbprint(two, "sha256"),
            })
            assert.equal(await tries("by-thumb", shows(one)), "accepted")
            assert.equal(await tries("by-thumb", shows(two)), "accepted")
            assert.equal(
                await tries("by-thumb", shows(other)),
                "wrong-thumbprint"
            )
            assert.equal(await tries("by-thumb", {}), "no-certificate")
            assert.equal(
                await tries("by-thumb", shows(one), "x"),
                "wrong-authentication"
            )
            registry.change("by-thumb", { enabled: false })
            assert.equal(await tries("by-thumb", shows(one)), "disabled-device")
        })

        test("is let in under a verified CA, with CAs in between in any order, and only as who it is", async t => {
            const { registry, tries, trust, authorities } = await site(t, {
                profile,
            })
            const root = await ca("owner", 4)
            const middle = await ca("middle", 5, { issuer: root })
            const lower = await ca("lower", 6, { issuer: middle })
            const own = await leaf("by-ca", 1, { issuer: lower })
            registry.add({
                deviceId: "by-ca",
                authentication: "certificateAuthority",
            })
            registry.add({
                deviceId: "By-ca",
                authentication: "certificateAuthority",
            })
            assert.equal(
                await tries("by-ca", shows(own, lower, middle)),
                "untrusted-certificate"
            )
            await authorities.add("owner", root.pem)
            assert.equal(
                await tries("by-ca", shows(own, lower, middle)),
                "untrusted-certificate",
                "not verified"
            )
            await authorities.remove("owner")
            await trust("owner", root)
            assert.equal(
                await tries("by-ca", shows(own, lower, middle)),
                "accepted"
            )
            assert.equal(
                await tries("by-ca", shows(own, middle, lower)),
                "accepted"
            )
            assert.equal(
                await tries("by-ca", shows(own, lower, middle, root)),
                "accepted"
            )
            assert.equal(
                await tries("by-ca", shows(own, lower)),
                "untrusted-certificate"
            )
            assert.equal(
                await tries("By-ca", shows(own, lower, middle)),
                "wrong-common-name"
            )
            await trust("middle", middle)
            await authorities.remove("owner")
            assert.equal(
                await tries("by-ca", shows(own, lower)),
                "accepted",
                "a CA in the middle may be registered"
            )
        })
    })

test("a device with keys proves itself by them, whatever certificate it shows", async t => {
    const { device, tries } = await site(t)
    const own = await leaf("leaf-1", 1)
    assert.equal(await tries("leaf-1", shows(own)), "no-token")
    assert.equal(await tries("leaf-1", shows(own), tokenOf(device)), "accepted")
})

test("a path with anything wrong in it lets nobody in", async t => {
    const clock = new ManualClock()
    const { registry, tries, trust } = await site(t, { clock })
    registry.add({ deviceId: "d", authentication: "certificateAuthority" })
    const root = await ca("owner", 4, {
        basicConstraints: { ca: true, pathLen: 1, critical: true },
    })
    await trust("owner", root)
    const past = new Date(clock.now() - DAY_MS)
    const future = new Date(clock.now() + DAY_MS)
    const above = (change: Change = {}) =>
        ca("middle", 5, { issuer: root, ...change })
    const own = async (change: Change = {}) =>
        leaf("d", 1, { issuer: await above(), ...change })
    const untrusted: [string, Certificate, Certificate[]][] = [
        [
            "another root",
            await leaf("d", 1, { issuer: await ca("owner", 7) }),
            [],
        ],
        ["self-signed", await leaf("d", 1), []],
        [
            "a wrong signature",
            await own({
                signingKey: (await generateKeys({ type: "ec" })).privateKey,
            }),
            [await above()],
        ],
        ["a CA as a device", await ca("d", 1, { issuer: root }), []],
        [
            "for servers",
            await own({ extendedKeyUsage: [SERVER_AUTH] }),
            [await above()],
        ],
        [
            "in between no CA",
            await own(),
            [await above({ basicConstraints: { ca: false } })],
        ],
        [
            "in between without basicConstraints",
            await own(),
            [await above({ basicConstraints: null })],
        ],
        [
            "in between that may not sign",
            await own(),
            [await above({ keyUsage: ["digitalSignature"] })],
        ],
        [
            "with an extension that cannot be read",
            await own({
                extendedKeyUsage: null,
                extraExtensions: [
                    {
                        oid: "2.5.29.37",
                        critical: false,
                        value: Buffer.from("rubbish"),
                    },
                ],
            }),
            [await above()],
        ],
        [
            "with a critical extension that nobody knows",
            await own({
                extraExtensions: [
                    {
                        oid: "1.2.3.4",
                        critical: true,
                        value: Buffer.from([5, 0]),
                    },
                ],
            }),
            [await above()],
        ],
    ]
    for (const [what, certificate, others] of untrusted)
        assert.equal(
            await tries("d", shows(certificate, ...others)),
            "untrusted-certificate",
            what
        )
    // OpenSSL's clients do not even show such certificates.
    const weak = await generateKeys({ type: "rsa", bits: 1024 })
    for (const [change, message] of [
        [{ hash: "SHA-1" }, /over SHA-1/],
        [{ keys: weak }, /fewer than 2048 bits/],
    ] as [Change, RegExp][]) {
        const [certificate, issuer, top] = [
            await own(change),
            await above(),
            root,
        ].map(({ pem }) => new X509Certificate(pem))
        const verdict = judgePath(certificate, [issuer], [top], clock.now())
        assert(!verdict.ok && message.test(verdict.message))
    }
    const low = await ca("low", 6, { issuer: await above() })
    assert.equal(
        await tries(
            "d",
            shows(await leaf("d", 1, { issuer: low }), low, await above())
        ),
        "untrusted-certificate",
        "a path longer than the root allows"
    )
    for (const change of [
        { notAfter: past, notBefore: new Date(0) },
        { notBefore: future },
    ]) {
        assert.equal(
            await tries("d", shows(await own(change), await above())),
            "expired-certificate"
        )
        assert.equal(
            await tries("d", shows(await own(), await above(change))),
            "expired-certificate"
        )
    }
    assert.equal(
        await tries("d", shows(await own(), await above())),
        "accepted"
    )
})

test("a session that is resumed counts for what its certificate is worth now", async t => {
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
        const { registry, authorities, trust, client, connectPacket, log } =
            await site(t)
        registry.add({ deviceId: "d", authentication: "certificateAuthority" })
        const root = await ca("owner", 4)
        await trust("owner", root)
        const middle = await ca("middle", 5, { issuer: root })
        const shown = shows(await leaf("d", 1, { issuer: middle }), middle)
        let session: Buffer | undefined
        const visit = async () => {
            const one = await client({
                ...shown,
                maxVersion,
                ...(session && { session }),
            })
            const socket: TLSSocket = one.socket
            socket.on("session", kept => (session = kept))
            one.send(
                connectPacket({
                    clientId: "d",
                    username: `${HUB}/d/?api-version=2021-04-12`,
                    password: undefined,
                })
            )
            const { returnCode } = await one.next("connack")
            const resumed = socket.isSessionReused()
            // Of TLS 1.2 it came before anybody listened.
            if (maxVersion === "TLSv1.2") session = socket.getSession()
            await until(() => session !== undefined)
            one.destroy()
            return { returnCode, resumed }
        }
        assert.deepEqual(await visit(), { returnCode: 0, resumed: false })
        assert.deepEqual(
            await visit(),
            { returnCode: 0, resumed: true },
            maxVersion
        )
        await authorities.remove("owner")
        assert.deepEqual(await visit(), { returnCode: 5, resumed: true })
        const refusal = log.filter(({ name }) => name === "refused").pop()!
        assert.equal(
            (refusal.event as { reason: string }).reason,
            "untrusted-certificate"
        )
    }
})

test("a connection ends when its CA goes, its thumbprint changes, or its certificate expires", async t => {
    const clock = new ManualClock()
    const { registry, trust, authorities, gateway, client, connectPacket } =
        await site(t, { clock, profile: "hub" })
    const root = await ca("owner", 4)
    await trust("owner", root)
    registry.add({ deviceId: "d", authentication: "certificateAuthority" })
    const connect = async (own: Certificate) => {
        const one = await client(shows(own))
        one.send(
            connectPacket({
                clientId: "d",
                username: `${HUB}/d/?api-version=2021-04-12`,
                password: undefined,
                keepalive: 0,
            })
        )
        assert.equal((await one.next("connack")).returnCode, 0)
        return one
    }
    const notAfter = new Date(Math.floor(clock.now() / 1000) * 1000 + 60_000)
    const brief = await connect(await leaf("d", 1, { issuer: root, notAfter }))
    clock.advance(notAfter.getTime() - clock.now())
    assert.equal(gateway.connected.length, 1, "in its last second it is good")
    const expired = gateway.waitFor("disconnected")
    clock.advance(1000)
    assert.equal((await expired).reason, "token-expired")
    await brief.closed
    const own = await leaf("d", 2, { issuer: root })
    await connect(own)
    const removed = gateway.waitFor("disconnected")
    await authorities.remove("owner")
    assert.equal((await removed).reason, "identity-changed")
    registry.change("d", {
        authentication: "selfSigned",
        primaryThumbprint: thumbprint(own),
    })
    await connect(own)
    const changed = gateway.waitFor("disconnected")
    registry.change("d", { primaryThumbprint: "00".repeat(20) })
    assert.equal((await changed).reason, "identity-changed")
})
