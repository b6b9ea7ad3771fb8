/** The device's ready-made sets, as far as tests change them. */

export interface Parts {
    versions: { code: number }[]
    groups: { code: number }[]
    suites: { code: number }[]
    schemes: { code: number }[]
}
export const { rsaSet, ecSet, allSet } =
    require("../../../src/tls/sets") as Record<
        "rsaSet" | "ecSet" | "allSet",
        () => Parts
    >
