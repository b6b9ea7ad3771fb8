/** The Wycheproof files (https://github.com/C2SP/wycheproof) as suites, through the device's cryptography. */
import { Suite } from "./suite"

export const wycheproof: Suite[] = []
