/** All calls of the control API, by their names. */
import { authorityCalls } from "./authoritycalls"
import { devices } from "./devices"
import { faultCalls } from "./faultcalls"
import { messaging } from "./messaging"
import type { Operation } from "./operation"
import { registryCalls } from "./registrycalls"
import { states } from "./states"

export const operations = {
    ...states,
    ...devices,
    ...messaging,
    ...registryCalls,
    ...authorityCalls,
    ...faultCalls,
}

export type Operations = typeof operations
export type OperationName = keyof Operations
export type InputOf<Name extends OperationName> = Parameters<
    Operations[Name]["run"]
>[1]
export type OutputOf<Name extends OperationName> = Awaited<
    ReturnType<Operations[Name]["run"]>
>

/** The rows as whoever walks the table sees them. */
export const rows = Object.entries(operations) as [
    OperationName,
    Operation<unknown>,
][]
