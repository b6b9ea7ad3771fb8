/** Prints what its temperature and humidity sensors read. */
import * as ds from "@devicescript/core"

const temperature = new ds.Temperature()
const humidity = new ds.Humidity()

setInterval(async () => {
    const t = await temperature.reading.read()
    const h = await humidity.reading.read()
    console.log(`temperature ${Math.round(t * 10)} humidity ${Math.round(h)}`)
}, 100)
