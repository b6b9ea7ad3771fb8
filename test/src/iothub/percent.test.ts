import { describe, expect, test } from "@devicescript/test"
import { encodeComponent, encodeStrictly } from "../../../src/iothub/percent"

describe("percent-encoding", () => {
    test("letters, digits and the unreserved marks stay", () => {
        const plain =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"
        expect(encodeComponent(plain)).toBe(plain)
        expect(encodeStrictly(plain)).toBe(plain)
    })

    test("the five marks that JavaScript leaves are encoded in signatures, as Microsoft's SDK does", () => {
        expect(encodeComponent("!'()*")).toBe("!'()*")
        expect(encodeStrictly("!'()*")).toBe("%21%27%28%29%2a")
    })

    test("separators, spaces and control characters are encoded with capital digits", () => {
        expect(encodeComponent("a/b=c&d+e %;:@?#$,\n\u007f")).toBe(
            "a%2Fb%3Dc%26d%2Be%20%25%3B%3A%40%3F%23%24%2C%0A%7F"
        )
        expect(encodeComponent("\u0000")).toBe("%00")
    })

    test("text outside ASCII is encoded as UTF-8", () => {
        expect(encodeComponent("ä€😀")).toBe("%C3%A4%E2%82%AC%F0%9F%98%80")
    })

    test("nothing stays nothing", () => {
        expect(encodeComponent("")).toBe("")
    })
})
