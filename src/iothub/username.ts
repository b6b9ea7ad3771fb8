/** The user name of an MQTT connection to IoT Hub or a gateway. The client id is the device id itself. */
import { encodeComponent } from "./percent"

/** The version of the service's interface that we speak; a gateway accepts any, but wants one. */
const API_VERSION = "2021-04-12"

/**
 * `{hub}/{device}/?api-version=…[&DeviceClientType=…][&model-id=…]`
 *
 * @param hubHost the hub's name as the connection string has it, also when a gateway stands between
 * @param clientType what the hub shows as the kind of client; left out when empty
 * @param modelId the IoT Plug and Play model that the device implements, `dtmi:…;1`; left out when empty
 * @throws LeafError TextTooLong
 */
export function createUsername(
    hubHost: string,
    deviceId: string,
    clientType: string,
    modelId: string
): string {
    let name = `${hubHost}/${deviceId}/?api-version=${API_VERSION}`
    if (clientType)
        name = `${name}&DeviceClientType=${encodeComponent(clientType)}`
    if (modelId) name = `${name}&model-id=${encodeComponent(modelId)}`
    return name
}
