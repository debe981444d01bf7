import ArgumentParser
import Kernel

struct Events: RemoteCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what happened, the newest first; or follow what happens.",
        discussion: "--follow comes back by itself after a lost connection, and misses nothing that happened meanwhile.")

    @OptionGroup var remote: RemoteOptions
    @OptionGroup var paging: Paging
    @Option(help: "Such as instance.ready or instance.*.")
    var type: String?
    @Option(help: "Id of what they are about.")
    var subject: String?
    @Flag(help: "Go on, oldest first, as they happen.")
    var follow = false
    @Option(help: "With --follow: from after this number; 0 is the beginning, the present when left out.")
    var after: Int64?
    @Option(help: "With --follow: end after so many.")
    var count: Int?

    private static let columns: [TextTable.Column] = [
        .init("SEQ", "seq", right: true, whole: true), .init("AT", "occurred_at"), .init("TYPE", "type"), .init("SUBJECT", "subject"),
        .init("ACTOR", "actor.id"),
    ]

    func run(_ server: Remote) async throws {
        guard follow else {
            return try await list(server, "/v1/events", [("type", type), ("subject", subject)], paging, Self.columns)
        }
        var left = count ?? .max
        let filters: [(String, String?)] = [("type", type), ("subject", subject)]
        try await EventStream(server: server, query: filters, after: after).follow { event, text in
            if remote.json {
                Terminal.out(json: text)
            } else {
                Terminal.out(Self.columns.map { $0.text(of: event) }.joined(separator: "  "))
            }
            left -= 1
            return left > 0
        }
    }
}
