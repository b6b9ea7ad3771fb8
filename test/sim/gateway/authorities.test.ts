/** Registering CAs: who has a CA's key proves it, and nobody else can. */
import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { Authorities } from "../../../sim/gateway/authorities"
import { ManualClock } from "../../../sim/gateway/clock"
import { Database } from "../../../sim/gateway/database"
import { Enrolments } from "../../../sim/gateway/enrolment"
import { Policies } from "../../../sim/gateway/policies"
import { ca, DAY_MS, leaf } from "./clientcertificate"

test("a CA is verified by a certificate with its code, signed by it, and by no other", async () => {
    const clock = new ManualClock()
    const authorities = new Authorities(clock)
    const root = await ca("owner", 4)
    const other = await ca("owner", 7)
    const added = await authorities.add("owner", root.der)
    assert.deepEqual([added.isVerified, added.subject], [false, "CN=owner"])
    assert.equal(authorities.verified.length, 0)
    const proof = (code: string, issuer = root, change = {}) =>
        leaf(code, 9, { issuer, ...change })
    const refused = async (certificate: { pem: string }, message: RegExp) =>
        assert.rejects(authorities.verify("owner", certificate.pem), {
            code: "bad-proof",
            message,
        })
    await refused(await proof("x"), /ask for one first/)
    const old = await authorities.verificationCode("owner")
    const code = await authorities.verificationCode("owner")
    assert.match(code, /^[0-9A-F]{50}$/)
    await refused(await proof(old), /CN is not the verification code/)
    await refused(await proof(code.toLowerCase()), /CN is not/)
    await refused(await proof(code, other), /not signed by owner/)
    await refused(await leaf(code, 9), /not signed by owner/)
    await refused(root, /the CA itself/)
    await refused(
        await proof(code, root, {
            notAfter: new Date(clock.now() - DAY_MS),
            notBefore: new Date(0),
        }),
        /expired/
    )
    assert.equal(authorities.get("owner")!.isVerified, false)
    const verified = await authorities.verify("owner", (await proof(code)).pem)
    assert.equal(verified.isVerified, true)
    assert.equal(authorities.verified.length, 1)
    await refused(await proof(code), /ask for one first/)
    assert(!("code" in authorities.get("owner")!))
})

test("what is no CA, or is there already, is not registered", async () => {
    const clock = new ManualClock()
    const authorities = new Authorities(clock)
    const root = await ca("owner", 4)
    const refused = async (
        name: string,
        certificate: string | Uint8Array,
        message: RegExp,
        code = "bad-authority"
    ) => assert.rejects(authorities.add(name, certificate), { code, message })
    await refused("a b", root.pem, /a name has/)
    await refused("a", "no certificate", /no X.509 certificate/)
    await refused("a", root.pem + root.pem, /several/)
    await refused("a", Buffer.alloc(100_000), /no X.509 certificate/)
    await refused("a", (await leaf("a", 1)).pem, /no CA/)
    await refused(
        "a",
        (await ca("a", 1, { keyUsage: ["digitalSignature"] })).pem,
        /may not sign/
    )
    await refused(
        "a",
        (
            await ca("a", 1, {
                notAfter: new Date(clock.now() - DAY_MS),
                notBefore: new Date(0),
            })
        ).pem,
        /expired/
    )
    await authorities.add("owner", root.pem)
    await refused(
        "owner",
        (await ca("b", 5)).pem,
        /owner is there already: remove/,
        "duplicate-authority"
    )
    await refused(
        "again",
        root.pem,
        /the same certificate/,
        "duplicate-authority"
    )
    await assert.rejects(authorities.verificationCode("nobody"), {
        code: "unknown-authority",
    })
    const { etag } = authorities.get("owner")!
    await authorities.verificationCode("owner", { ifMatch: etag })
    await assert.rejects(authorities.remove("owner", { ifMatch: etag }), {
        code: "precondition-failed",
    })
    for (let i = 1; i < 25; i++)
        await authorities.add(`ca-${i}`, (await ca(`ca-${i}`, 5)).pem)
    await refused("one-more", (await ca("one more", 6)).pem, /25 already/)
})

test("CAs, policies and enrolments are there again after a restart", async t => {
    const folder = mkdtempSync(join(tmpdir(), "leaf-kept-"))
    t.after(() => rmSync(folder, { recursive: true }))
    const root = await ca("owner", 4)
    const first = await Database.open(folder)
    const authorities = await Authorities.open(first)
    await authorities.add("owner", root.pem)
    await authorities.add("gone", (await ca("gone", 5)).pem)
    await authorities.remove("gone")
    const code = await authorities.verificationCode("owner")
    const policies = await Policies.open(first)
    policies.change("service", { permissions: ["RegistryRead"] })
    policies.remove("device")
    policies.add({ name: "mine", permissions: ["DeviceConnect"] })
    const enrolments = await Enrolments.open(first)
    const secret = enrolments.set("leaf-1")
    enrolments.set("leaf-2")
    enrolments.remove("leaf-2")
    await Promise.all([policies.saved(), enrolments.saved()])
    const before = policies.toJSON()
    await first.close()
    const second = await Database.open(folder)
    const again = await Authorities.open(second)
    assert.deepEqual(again.list(), authorities.list())
    await again.verify("owner", (await leaf(code, 9, { issuer: root })).pem)
    const kept = await Policies.open(second)
    const byName = (one: { name: string }, other: { name: string }) =>
        one.name < other.name ? -1 : 1
    assert.deepEqual(kept.toJSON().sort(byName), before.sort(byName))
    assert.deepEqual((await Enrolments.open(second)).toJSON(), {
        "leaf-1": secret,
    })
    for (const { name } of kept.list()) kept.remove(name)
    await kept.saved()
    await second.close()
    const third = await Database.open(folder)
    assert.equal((await Authorities.open(third)).verified.length, 1)
    assert.deepEqual(
        (await Policies.open(third)).list(),
        [],
        "who has removed all has none"
    )
    await third.write([
        { table: "authorities", key: "owner", value: { name: "owner" } },
    ])
    await assert.rejects(Authorities.open(third), { code: "database-damaged" })
    await third.close()
})
