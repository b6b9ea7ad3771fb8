/** The program for a board whose configuration names the pins of its I2C bus. */
import { runLogger } from "./logger"

runLogger.start()
