package import Web

/// What is said in the log about the metering of requests.
package enum MeteringEvents {
    package static let types = [
        EventType(
            "metering.gap", "The server did not stop in order: requests of this span may not have been counted.",
            data: [.required("from", .timestamp()), .required("to", .timestamp()), .required("meter", .string(1...120))])
    ]
}
