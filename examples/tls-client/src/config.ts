/** What is to be yours. */

/** Where to connect to, and the name in the server's certificate. */
export const ADDRESS = "192.168.1.10"
export const HOST = "gateway.example"
export const PORT = 443

/**
 * Name and key of the CA that the server's chain ends in, in Base64. The package makes it of your certificate:
 *
 *     node -e "console.log(require('devicescript-edge-leaf/built/sim/provisioning/provision').anchorText(require('fs').readFileSync('root.pem')))"
 */
export const CA = ""

/** Certificates that ended before this are refused while the time is unknown: Unix seconds of the day you build. */
export const FLOOR_SEC = 1750000000
