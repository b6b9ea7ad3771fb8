/** What a gateway may do to the session of a device, one connection each: random, of kinds that go in turn. */
import type { Random } from "../random"
import { randomJson, randomTwin } from "./hostilejson"
import { mutate } from "./mutation"
import {
    Behaviour,
    CONNACK,
    DESIRED,
    DEVICE_BOUND,
    PINGRESP,
    Visit,
    call,
    length,
    packet,
    publish,
    twinAnswer,
    uint16,
} from "../scriptedgateway"

/** What the gateway says then has been heard, in the device's ms. */
const HEARD_MS = 3000

/** Of a stream without end: more than a device keeps, and more than it ever owes. */
const FLOOD = 500

const METHODS = ["echo", "status", "fail", "slow", "report", "none", ""]

/** Texts that stand where a name, a value, a rid or a status is expected. */
const BITS = [
    "",
    "a",
    "=",
    "&",
    "%",
    "%4",
    "%41",
    "%zz",
    "%00",
    "%ff%fe",
    "%C3%A4",
    "%ED%A0%80",
    "a=1&",
    "&&==",
    "a=%",
    "/",
    "?",
    "$",
    "/?$rid=",
    "$.mid=x",
    "%24.ct=y",
    "__proto__=1&",
    "constructor=1&",
    "ä",
    "😀",
    "\ufeff",
    "\ufffd",
    "\u0000",
    "#",
    "+",
    "-1",
    "200",
    "1e3",
    "NaN",
    "99999999999999999999",
]

/** One way to misbehave. @param turn number of connections before it of this kind */
type Kind = (random: Random, turn: number) => Behaviour

/** Behaviour of the connection with this number. */
export function attackOf(random: Random, round: number): Behaviour {
    const kind = KINDS[round % KINDS.length]
    return kind(random, Math.floor(round / KINDS.length))
}

/** Each type of packet and all flags, with lengths and contents that may be right. */
const malformedPackets: Kind = (random, turn) => {
    const first = ((turn % 16) << 4) | random.pick([0, 0, 2, random.below(16)])
    const body = random.pick([
        Buffer.alloc(0),
        Buffer.from([0]),
        Buffer.from([0, 1]),
        uint16(random.below(65536)),
        Buffer.from([0, random.below(4), random.pick([0, 1, 2, 3, 0x80])]),
        random.bytes(random.below(40)),
        random.bytes(random.below(3000)),
    ])
    const announced = random.oneIn(3)
        ? random.pick([
              length(random.below(300)),
              length(262144),
              length(262145),
              length(0x0fffffff),
              Buffer.from([0x80, 0]),
              Buffer.from([0xff, 0xff, 0xff, 0x7f]),
              Buffer.from([0xff, 0xff, 0xff, 0xff]),
              Buffer.from([0xff, 0xff, 0xff, 0xff, 1]),
          ])
        : length(body.length)
    return sending(
        Buffer.concat([Buffer.from([first]), announced, body]),
        random
    )
}

const randomBytes: Kind = random => {
    const bytes = random.bytes(random.pick([1, 5, 100, 1000, 5000]))
    return random.oneIn(3)
        ? { connack: bytes, attack: ending(random) }
        : sending(bytes, random)
}

/** A stream that was right before it was damaged. */
const mutated: Kind = random => {
    const parts = Array.from({ length: random.between(1, 12) }, () =>
        something(random)
    )
    return sending(mutate(Buffer.concat(parts), random), random)
}

/** Messages whose topics are of all kinds; what is no topic at all ends the connection. */
const topics: Kind = random => {
    const prefix = random.pick([
        DEVICE_BOUND,
        DEVICE_BOUND + "/",
        "$iothub/methods/POST/",
        "$iothub/methods/POST/echo/?$rid=",
        "$iothub/twin/res/",
        "$iothub/twin/res/200/?$rid=",
        DESIRED,
        DESIRED + "?$version=",
        "devices/leaf-1/messages/events/",
        "$iothub/",
        "",
    ])
    return sending(
        Buffer.concat(
            Array.from({ length: random.between(1, 4) }, () =>
                publish(
                    Buffer.concat([Buffer.from(prefix), tail(random)]),
                    randomJson(random).subarray(0, 2000),
                    random.oneIn(2) ? random.between(0, 3) : undefined
                )
            )
        ),
        random
    )
}

/** Calls with any payload; the device goes on. */
const calls: Kind = random => ({
    attack: async visit => {
        for (let i = random.between(1, 12); i > 0; i--) {
            visit.send(
                call(
                    random.oneIn(2) ? "echo" : random.pick(METHODS),
                    `${i}`,
                    randomJson(random)
                )
            )
            if (random.oneIn(2)) await visit.pass(random.below(2000))
        }
        await visit.probe()
        leave(visit, random)
    },
})

/** Changes of the twin, and answers to requests, that say anything. */
const twins: Kind = random => ({
    twin: random.oneIn(2)
        ? undefined
        : (rid, isGet) => {
              const id = random.oneIn(4) ? random.pick(BITS) : rid
              const status = random
                  .pick([
                      "200",
                      "200",
                      isGet ? "200" : "204",
                      "400",
                      "404",
                      "429",
                      "500",
                      "599",
                      "600",
                      "-200",
                      ...BITS,
                  ])
                  .replace(/[#+\0\ufffd]/g, "")
              const answer = twinAnswer(
                  status,
                  id.replace(/[#+\0\ufffd]/g, ""),
                  randomTwin(random, true)
              )
              return random.oneIn(8) ? Buffer.concat([answer, answer]) : answer
          },
    attack: async visit => {
        for (let i = random.between(1, 12); i > 0; i--) {
            visit.send(
                publish(
                    `${DESIRED}?$version=${random.between(-1, 400)}`,
                    randomTwin(random, false)
                )
            )
            if (random.oneIn(2)) await visit.pass(random.below(4000))
        }
        await visit.probe()
        leave(visit, random)
    },
})

/** Messages without end, faster than they are handled. */
const floods: Kind = random => {
    const topic = random.pick([
        DEVICE_BOUND,
        `${DEVICE_BOUND}/a=1`,
        "devices/leaf-1/other",
        "$iothub/methods/POST/echo/?$rid=1",
        `${DESIRED}?$version=2`,
    ])
    const body = random.pick(["", "!", "xx", "1", "[1]", "y".repeat(3000)])
    const one = publish(topic, body, 1)
    return {
        attack: async visit => {
            await visit.stream(Array.from({ length: FLOOD }, () => one))
            await visit.pass(HEARD_MS)
            leave(visit, random)
        },
    }
}

/** Thousands of tiny packets at once. */
const crowds: Kind = random => {
    const one = random.pick([
        PINGRESP,
        packet(0x40, uint16(7)),
        publish("a"),
        publish("a", "", 1),
        publish(DESIRED),
        publish(DEVICE_BOUND, "", 1),
        call("none", "1", ""),
    ])
    return sending(
        Buffer.concat(
            Array.from({ length: random.between(500, 3000) }, () => one)
        ),
        random
    )
}

/** CONNECT or SUBSCRIBE get another answer than they should. */
const answers: Kind = random => {
    if (random.oneIn(2))
        return {
            connack: random.pick([
                packet(0x20, Buffer.from([0, random.below(256)])),
                packet(0x20, random.bytes(2)),
                packet(0x20, random.bytes(random.below(6))),
                mutate(CONNACK, random),
                Buffer.concat([publish(DEVICE_BOUND, "early", 1), CONNACK]),
                PINGRESP,
                Buffer.alloc(0),
                Buffer.concat([CONNACK, CONNACK]),
            ]),
            attack: ending(random),
        }
    const suback = (id: number) =>
        random.pick([
            packet(0x90, uint16(id), Buffer.from([random.below(256)])),
            packet(0x90, uint16(id), random.bytes(random.below(4))),
            packet(0x90, uint16(id + 1), Buffer.from([1])),
            packet(0x90, uint16(id), Buffer.from([0])),
            mutate(packet(0x90, uint16(id), Buffer.from([1])), random),
            Buffer.concat([something(random), something(random)]),
            Buffer.alloc(0),
        ])
    return { suback, attack: ending(random) }
}

/** Messages up to the longest, and beyond; pieces of them come late. */
const long: Kind = random => {
    const size = random.pick([8000, 8192, 9000, 70_000, 262_000, 262_140])
    const topic = random.pick([DEVICE_BOUND, DESIRED, "a".repeat(8190), "a"])
    const rid = "r".repeat(random.pick([900, 1024, 5000, 60_000]))
    const bytes = random.oneIn(3)
        ? call("echo", rid, "1")
        : publish(topic, Buffer.alloc(size, "z"), random.below(3))
    return {
        attack: async visit => {
            const cut = random.below(bytes.length)
            visit.send(bytes.subarray(0, cut))
            await visit.pass(random.below(HEARD_MS))
            visit.send(bytes.subarray(cut))
            await visit.pass(HEARD_MS)
            leave(visit, random)
        },
    }
}

/** Nothing is wrong: everything still works. */
const good: Kind = random => ({
    attack: async visit => {
        await visit.prove()
        leave(visit, random)
    },
})

const KINDS: Kind[] = [
    malformedPackets,
    randomBytes,
    mutated,
    topics,
    malformedPackets,
    calls,
    twins,
    floods,
    crowds,
    answers,
    long,
    good,
]

/** How many kinds go in turn: the last one of a row is a good gateway. */
export const KINDS_COUNT = KINDS.length

function sending(bytes: Buffer, random: Random): Behaviour {
    return {
        attack: async visit => {
            visit.send(bytes)
            await ending(random)(visit)
        },
    }
}

/** Leaves when everything was heard; or says nothing more, so that the device has to notice. */
function ending(random: Random): (visit: Visit) => Promise<void> {
    return async visit => {
        await visit.pass(HEARD_MS)
        if (random.oneIn(6)) visit.hush()
        else leave(visit, random)
    }
}

function leave(visit: Visit, random: Random): void {
    if (random.oneIn(3)) visit.reset()
    else visit.end()
}

/** A packet that a gateway may send. */
function something(random: Random): Buffer {
    switch (random.below(7)) {
        case 0:
            return PINGRESP
        case 1:
            return packet(0x40, uint16(random.below(6)))
        case 2:
            return publish(
                `${DEVICE_BOUND}/%24.mid=m&a=${random.below(100)}`,
                "x".repeat(random.below(50)),
                1
            )
        case 3:
            return call(random.pick(METHODS), "7", randomJson(random))
        case 4:
            return publish(`${DESIRED}?$version=3`, randomTwin(random, false))
        case 5:
            return twinAnswer("200", "1-1", randomTwin(random, true))
        default:
            return packet(0x90, uint16(random.below(4)), Buffer.from([1]))
    }
}

function tail(random: Random): Buffer {
    switch (random.below(5)) {
        case 0:
            return Buffer.from(random.pick(BITS).repeat(random.below(2500)))
        case 1:
            return random.bytes(random.below(50))
        case 2:
            return Buffer.from(
                random
                    .pick(["%", "&", "=", "a=b&", "%41", "%C3%A4"])
                    .repeat(random.pick([10, 100, 340, 1000]))
            )
        default:
            return Buffer.from(
                Array.from({ length: random.below(30) }, () =>
                    random.pick(BITS)
                ).join("")
            )
    }
}
