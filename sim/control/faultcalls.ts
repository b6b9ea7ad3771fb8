/** Calls that make things go wrong: the gateway's faults (`gateway/faultoptions.ts`), switched on and off, timed and counted. */
import type { FaultOptions } from "../gateway/faultoptions"
import type { Fault, Faults } from "../gateway/faults"
import {
    list,
    object,
    operation,
    truth,
    whole,
    type Parameter,
    type Schema,
} from "./operation"
import { notFound } from "./problem"

const OPTIONS: Schema = {
    type: "object",
    description:
        "What happens (do) at which occasion (at), after how many, how often (times, 0: always), from when (inMs) and for how long (forMs); sim/gateway/faultoptions.ts has the whole table.",
    properties: { do: { type: "string" }, at: { type: "string" } },
    required: ["do", "at"],
}

const FAULT = object(
    {
        id: whole("Counts the faults that were added.", 1),
        options: OPTIONS,
        count: whole("How often it has happened.", 0),
        isOver: truth("It happens no more."),
    },
    ["id", "options", "count", "isOver"]
)

const FAULT_ID: Parameter = {
    in: "path",
    description: "As addFault gave it.",
    schema: whole("Its number.", 1),
}

interface OfFault {
    faultId: number
}

export const faultCalls = {
    listFaults: operation({
        method: "GET",
        path: "/faults",
        permissions: ["ServiceConnect"],
        summary:
            "Lists the faults that can happen, and the last hundred that are over",
        answer: object({ faults: list(FAULT) }, ["faults"]),
        run: ({ gateway }) => ({ faults: gateway.faults.all.map(shown) }),
    }),
    addFault: operation({
        method: "POST",
        path: "/faults",
        permissions: ["RegistryWrite"],
        summary: "Switches a fault on",
        body: OPTIONS,
        status: 201,
        answer: FAULT,
        run: ({ gateway }, { body }: { body: FaultOptions }) =>
            shown(gateway.faults.add(body)),
    }),
    clearFaults: operation({
        method: "DELETE",
        path: "/faults",
        permissions: ["RegistryWrite"],
        summary: "Switches all faults off",
        run: ({ gateway }) => gateway.faults.clear(),
    }),
    getFault: operation({
        method: "GET",
        path: "/faults/{faultId}",
        permissions: ["ServiceConnect"],
        summary: "How often a fault has happened, and whether it still can",
        parameters: { faultId: FAULT_ID },
        answer: FAULT,
        run: ({ gateway }, { faultId }: OfFault) =>
            shown(find(gateway.faults, faultId)),
    }),
    removeFault: operation({
        method: "DELETE",
        path: "/faults/{faultId}",
        permissions: ["RegistryWrite"],
        summary: "Switches a fault off",
        parameters: { faultId: FAULT_ID },
        status: 200,
        answer: FAULT,
        run({ gateway }, { faultId }: OfFault) {
            const fault = find(gateway.faults, faultId)
            fault.remove()
            return shown(fault)
        },
    }),
}

function find(faults: Faults, id: number): Fault {
    const fault = faults.all.find(one => one.id === id)
    if (!fault)
        throw notFound(
            `there is no fault ${id}, or it is over for long: GET /faults lists them`
        )
    return fault
}

function shown({ id, options, count, isOver }: Fault) {
    return { id, options, count, isOver }
}
