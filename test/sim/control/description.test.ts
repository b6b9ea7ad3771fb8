/** The control API's description: right by OpenAPI's own schema. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { describe } from "../../../sim/control/openapi"
import { api, type Loose } from "./api"

test("it is OpenAPI 3.1, each call has a name, a summary and its problems, and no parameter is left out", async () => {
    const { Validator } = await import("@seriousme/openapi-schema-validator")
    const result = await new Validator().validate(
        structuredClone(describe()) as never
    )
    assert.deepEqual(result.errors ?? [], [])
    const { paths } = describe() as {
        paths: Record<string, Record<string, Loose>>
    }
    for (const [path, methods] of Object.entries(paths))
        for (const one of Object.values(methods)) {
            assert(one.operationId && one.summary && one.responses["4XX"], path)
            const named = [...path.matchAll(/\{(\w+)\}/g)].map(
                ([, name]) => name
            )
            const described = one.parameters
                .filter((p: Loose) => p.in === "path")
                .map((p: Loose) => p.name)
            assert.deepEqual(described, named, path)
        }
})

test("the server serves it", async t => {
    const { server } = await api(t)
    const served = await (await fetch(`${server.url}/openapi.json`)).json()
    assert.deepEqual(served, describe())
})
