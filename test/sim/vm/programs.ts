/** Compiled test programs and devices that end with their test. */
import { join } from "node:path"
import { TestContext } from "node:test"
import { Image, compile } from "../../../sim/vm/compiler"
import { Device, DeviceOptions, startDevice } from "../../../sim/vm/host"

/** The repository. */
export const root = join(__dirname, "..", "..", "..", "..")

/** Compiles `test/firmware/<name>.ts`. */
export function firmware(name: string): Promise<Image> {
    return compile(join(root, "test", "firmware", `${name}.ts`), { root })
}

/** Starts a device that is stopped when the test ends. */
export async function deviceFor(
    context: TestContext,
    options: DeviceOptions
): Promise<Device> {
    const device = await startDevice(options)
    context.after(() => device.stop())
    return device
}
