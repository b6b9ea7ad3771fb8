// What the VM has as globals, for device sources under Node (see build.mjs).
export { Buffer, hex } from "#shim/buffer"
