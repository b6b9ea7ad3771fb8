// Compiles the TypeScript of both worlds to `built/`, file by file, for Node.
//
// - `sim/`, `test/` and `tools/` are host code: TypeScript in, CommonJS out.
// - `src/` and `test/src/` are DeviceScript. They run here too, through the shim in `sim/shim`: imports of
//   `@devicescript/*` go to it, and the globals `Buffer` and `hex` are the shim's, which behave as the VM's do.
// - `test/firmware/` are programs for tests that only ever run in the VM: not built here.
//
// Types are not checked here; `npm run lint` does that.
import { build } from "esbuild"
import { existsSync, readdirSync, rmSync } from "node:fs"
import { join } from "node:path"

const sources = folder =>
    readdirSync(folder, { recursive: true })
        .filter(name => name.endsWith(".ts") && !name.endsWith(".d.ts"))
        .map(name => join(folder, name))

/** Leaves every import as it is written, but for the built-in modules of DeviceScript. */
const importsOfTheShim = {
    name: "imports-of-the-shim",
    setup(context) {
        context.onResolve({ filter: /^(\.|#|@|[a-z])/ }, args =>
            args.kind === "import-statement"
                ? {
                      path: args.path.replace(/^@devicescript\//, "#shim/"),
                      external: true,
                  }
                : undefined
        )
    },
}

const common = {
    outdir: "built",
    outbase: ".",
    format: "cjs",
    platform: "node",
    target: "node20",
    sourcemap: "inline",
    sourcesContent: false,
    logLevel: "warning",
    tsconfigRaw: {
        compilerOptions: { target: "es2022", experimentalDecorators: true },
    },
}

const files = ["src", "sim", "test", "tools"]
    .flatMap(sources)
    .map(file => file.replaceAll("\\", "/"))
    .filter(file => !file.startsWith("test/firmware/"))
const isDeviceSource = file => /^(src|test\/src)\//.test(file)

// What has no source any more must not be found by a test or an import.
const outputs = new Set(files.map(file => file.replace(/ts$/, "js")))
for (const name of existsSync("built")
    ? readdirSync("built", { recursive: true })
    : [])
    if (name.endsWith(".js") && !outputs.has(name)) rmSync(join("built", name))

await Promise.all([
    build({
        ...common,
        entryPoints: files.filter(file => !isDeviceSource(file)),
    }),
    build({
        ...common,
        entryPoints: files.filter(isDeviceSource),
        bundle: true,
        plugins: [importsOfTheShim],
        inject: ["tools/inject.js"],
        // Math.idiv and the like are there in every file.
        banner: { js: 'require("#shim/core");' },
    }),
])
