package import Web

/// What is said in the log about data streams; never a token.
package enum DataStreamEvents {
    private static let snapshot = Schema.object([
        .required("name", .string(1...4096, .echo)), .required("type", .choice(of: DataStream.Kind.self)),
    ])

    package static let types = [
        EventType.creation("stream.created", "A data stream was made; its token takes points.", of: snapshot),
        .change("stream.updated", "A data stream got another name.", of: snapshot),
        .removal("stream.deleted", "A data stream was deleted, and its points with it.", of: snapshot),
    ]
}
