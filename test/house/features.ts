/**
 * What each feature of the leaf costs: a firmware with all of them is compiled, and then again without each.
 *
 * Code that two features share (JSON, the topics of operations) costs nothing in the row of either: it goes only with the last of
 * them, as in the row that takes both away.
 */
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { type Image, compile } from "../../sim/vm/compiler"

/** By name: the statement that uses it, and the most code that it may cost, in bytes. */
const FEATURES: Record<string, { use: string; budget: number }> = {
    "messages from the cloud": {
        use: "leaf.onMessage(async message => { console.log(message.body.length) })",
        budget: 1600,
    },
    "direct methods": {
        use: 'leaf.onMethod("a", async payload => ({ status: 200, payload }))',
        budget: 1050,
    },
    twin: {
        use: "leaf.twin().onDesired(async desired => { await leaf.twin().report(desired) })",
        budget: 1500,
    },
    "last will": { use: "leaf.setWill({ a: 1 })", budget: 180 },
    "a planned end": { use: "leaf.stop()", budget: 60 },
}

/** What is built on other features: it is measured on top of all of them. */
const ON_TOP: typeof FEATURES = {
    "settings in the field, on top of methods": {
        use: "await allowFieldSettings(leaf, new ds.Wifi()); await finishReset()",
        budget: 3350,
    },
    "tokens from the token service": {
        use: "useTokenService(leaf)",
        budget: 1500,
    },
    "watchdog and safe mode, on top of the twin": {
        use: "reportHealth(leaf, await watchHealth(leaf))",
        budget: 1300,
    },
}

/** Features that are left out together, and what they may cost. */
const TOGETHER = [{ names: ["direct methods", "twin"], budget: 3200 }]

export interface FeatureRow {
    name: string
    bytes: number
    budget: number
}

function source(names: string[]): string {
    return [
        'import * as ds from "@devicescript/core"',
        'import { Leaf, allowFieldSettings, finishReset, gatewayLink, readSettings, reportHealth, rsaSet, storeSetting, useTokenService, watchHealth } from "../../src/index"',
        "async function main(): Promise<void> {",
        "    const leaf = new Leaf(await readSettings(), gatewayLink(rsaSet()), storeSetting)",
        ...names.map(name => `    ${(FEATURES[name] ?? ON_TOP[name]).use}`),
        "    leaf.start()",
        "    leaf.send({ a: 1 })",
        "}",
        "main.start()",
        "",
    ].join("\n")
}

/** The image of a leaf without any feature, and what each costs. */
export async function featureBytes(
    root: string
): Promise<{ bare: Image; rows: FeatureRow[] }> {
    // Compiled sources are below the project's folder; this one is ignored by git.
    const folder = join(root, ".devicescript", "features")
    mkdirSync(folder, { recursive: true })
    const measure = (names: string[], file: string) => {
        const entry = join(folder, file)
        writeFileSync(entry, source(names))
        return compile(entry, { root })
    }
    const names = Object.keys(FEATURES)
    const all = await measure(names, "all.ts")
    const rows: FeatureRow[] = []
    for (const [i, without] of [
        ...names.map(name => ({
            names: [name],
            budget: FEATURES[name].budget,
        })),
        ...TOGETHER,
    ].entries()) {
        const image = await measure(
            names.filter(name => !without.names.includes(name)),
            `without${i}.ts`
        )
        rows.push({
            name: without.names.join(", "),
            bytes: all.codeBytes - image.codeBytes,
            budget: without.budget,
        })
    }
    for (const [name, { budget }] of Object.entries(ON_TOP)) {
        const more = await measure([...names, name], "more.ts")
        rows.push({ name, bytes: more.codeBytes - all.codeBytes, budget })
    }
    return { bare: await measure([], "none.ts"), rows }
}
