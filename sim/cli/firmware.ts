/** The firmware that ships with the package. */
import { join } from "node:path"
import { compile, Image } from "../vm/compiler"

const PACKAGE = join(__dirname, "../../..")

/** Compiles `src/main.ts`; the first time takes some seconds. */
export function compileFirmware(): Promise<Image> {
    return compile(join(PACKAGE, "src/main.ts"), { root: PACKAGE })
}
