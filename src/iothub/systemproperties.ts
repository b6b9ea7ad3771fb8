/** The system's properties of messages that have fields of their own, to the cloud and from it. */

/** A property's name in topics, and its field, for one after the other. The ids come first. */
export const FIELDS = [
    "$.mid",
    "messageId",
    "$.cid",
    "correlationId",
    "$.ct",
    "contentType",
    "$.ce",
    "contentEncoding",
]
