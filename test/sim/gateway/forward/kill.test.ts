/** A gateway that is killed in the middle of its work; the whole proof is `npm run test:storeforward`. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { seededRandom } from "../../../random"
import { runPlan } from "./killing"

const whole = process.env.WHOLE === "1"
const plan = whole
    ? { sdkDevices: 5, vmDevices: 5, messagesEach: 200, kills: 3, outages: 3 }
    : { sdkDevices: 4, vmDevices: 2, messagesEach: 25, kills: 1, outages: 1 }

for (let run = 1; run <= (whole ? 3 : 1); run++)
    test(`run ${run}: what was acknowledged comes to the hub, in order and as it was sent, though the gateway is killed and the hub goes away`, async () => {
        const { faults, ...figures } = await runPlan(
            plan,
            seededRandom("killing")
        )
        console.log(JSON.stringify(figures))
        assert.deepEqual(faults, [])
        assert.equal(figures.arrived, figures.sent)
    })
