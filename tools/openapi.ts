/** Writes docs/openapi.json: the description of the control API, for whoever wants it without a gateway that runs. */
import { describe } from "../sim/control/openapi"

export function controlDescription(): string {
    return JSON.stringify(describe(), undefined, 2) + "\n"
}
