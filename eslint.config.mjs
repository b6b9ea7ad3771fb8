import tseslint from "typescript-eslint"

/** DeviceScript tests a double's truth wrongly (0.5 is falsy) and knows no `null`-safe numbers: conditions are explicit. */
const deviceRules = {
    "@typescript-eslint/strict-boolean-expressions": [
        "error",
        {
            allowNumber: false,
            allowNullableNumber: false,
            allowString: true,
            allowNullableString: true,
            allowNullableBoolean: true,
            allowAny: true,
            allowRuleToRunWithoutStrictNullChecksIKnowWhatIAmDoing: true,
        },
    ],
    "@typescript-eslint/no-explicit-any": "off",
    "@typescript-eslint/no-this-alias": ["error", { allowedNames: ["self"] }],
    // With strictNullChecks off (the compiler's own setting) the rule has no ground.
    "@typescript-eslint/no-floating-promises": "off",
    "no-restricted-syntax": [
        "error",
        {
            selector: "ArrowFunctionExpression ThisExpression",
            message:
                "DeviceScript has no `this` in arrow functions: use `const self = this`.",
        },
        {
            selector:
                ":matches(WhileStatement, ForStatement, IfStatement)[test.type='AssignmentExpression']",
            message: "Assign first, then test.",
        },
    ],
}

export default tseslint.config(
    {
        ignores: [
            "built/**",
            "node_modules/**",
            ".devicescript/**",
            ".leaf/**",
            "**/*.g.ts",
        ],
    },
    {
        files: ["sim/**/*.ts", "test/**/*.ts", "tools/**/*.ts"],
        ignores: ["test/src/**", "test/firmware/**"],
        extends: [tseslint.configs.recommended],
        languageOptions: {
            parserOptions: {
                project: "./tsconfig.json",
                tsconfigRootDir: import.meta.dirname,
            },
        },
        rules: {
            "@typescript-eslint/no-floating-promises": [
                "error",
                {
                    // describe() and test() of Node's runner are awaited by the runner.
                    allowForKnownSafeCalls: [
                        {
                            from: "package",
                            package: "node:test",
                            name: ["describe", "test", "it", "suite"],
                        },
                    ],
                },
            ],
            "@typescript-eslint/no-unused-vars": [
                "error",
                { argsIgnorePattern: "^_" },
            ],
            // Device modules are not for TypeScript's eyes here: Node's types are not theirs.
            "@typescript-eslint/no-require-imports": [
                "error",
                { allow: ["/src/"] },
            ],
        },
    },
    {
        files: ["src/**/*.ts", "test/src/**/*.ts", "test/firmware/**/*.ts"],
        extends: [tseslint.configs.recommended],
        languageOptions: {
            parserOptions: {
                project: "./src/tsconfig.json",
                tsconfigRootDir: import.meta.dirname,
            },
        },
        rules: deviceRules,
    }
)
