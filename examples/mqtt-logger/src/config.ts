/** What is to be yours. */

/** An MQTT broker without TLS, in your own network. */
export const ADDRESS = "192.168.1.10"
export const PORT = 1883
export const CLIENT_ID = "logger"
export const USERNAME = ""
export const PASSWORD = ""
export const TOPIC = "attic/climate"
export const INTERVAL_MS = 10000
