/** Writes what is generated: `npm run generate`. One generator a file; `test/house/generated.test.ts` compares. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { aesTables } from "./aestables"
import { field25519 } from "./field25519"
import { fieldp256 } from "./fieldp256"
import { montgomery } from "./montgomery"
import { controlDescription } from "./openapi"
import { poly1305 } from "./poly1305"

/** The text of each generated file, by its path from the root of the repository. */
export const generators: Record<string, () => string> = {
    "src/crypto/aestables.g.ts": aesTables,
    "src/crypto/field25519.g.ts": field25519,
    "src/crypto/fieldp256.g.ts": fieldp256,
    "src/crypto/montgomery.g.ts": montgomery,
    "src/crypto/poly1305.g.ts": poly1305,
}

/** As `generators`, for what is no source. */
export const documents: Record<string, () => string> = {
    "docs/openapi.json": controlDescription,
}

if (require.main === module)
    for (const [path, generate] of Object.entries({
        ...generators,
        ...documents,
    }))
        writeFileSync(join(__dirname, "../..", path), generate())
