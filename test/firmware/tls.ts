/** Asks the runtime for a TLS socket of its own. */
import { connect } from "@devicescript/net"

try {
    await connect({ host: "127.0.0.1", port: 8883, proto: "tls" })
    console.log("open")
} catch (e: any) {
    console.log(`failed: ${e.message}`)
}
