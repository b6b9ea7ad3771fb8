/** Long lists a page at a time: the next page begins after the last device of this one, even if that is gone by then. */
import type { DeviceIdentity } from "../gateway/registry"
import { text, whole, type Parameter } from "./operation"

export interface Page {
    limit?: number
    after?: string
}

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1000

export const PAGE_PARAMETERS = {
    limit: {
        in: "query",
        description: `The most that are listed: ${DEFAULT_LIMIT}.`,
        schema: whole("A number of devices.", 1, MAX_LIMIT),
    },
    after: {
        in: "query",
        description: "`next` of the page before.",
        schema: text("A place in the list.", { pattern: "^[0-9]{1,16}$" }),
    },
} satisfies Record<string, Parameter>

/** `next`: what the next page is asked for with; none after the last one. */
export function page<T extends Pick<DeviceIdentity, "generationId">>(
    all: readonly T[],
    { limit = DEFAULT_LIMIT, after = "0" }: Page
): { items: T[]; next?: string } {
    // Generations grow in the order in which devices are added.
    const rest = all.filter(one => Number(one.generationId) > Number(after))
    const items = rest.slice(0, limit)
    return rest.length > items.length
        ? { items, next: items[items.length - 1].generationId }
        : { items }
}
