/** `@devicescript/server` under Node: there is no Jacdac bus, so nothing can be started there; drivers can be read. */

export class SensorServer {}

export function startServer(): never {
    throw new Error("There is no Jacdac bus under Node.")
}
