import Kernel
import Web

/// What a resource speaks of by id, by name where the visitor may read it.
struct ResourceNames: Sendable {
    /// Further ones are shown by their ids: each is asked for with a call of its own.
    private static let most = 20

    private var known: [String: LinkedFact.Word] = [:]

    static func read(for resource: JSON, _ visit: Visit) async throws -> ResourceNames {
        let connection = resource.text("provider")
        var names = ResourceNames()
        try await names.learn(connection, "/v1/connections/{id}", at: SettingsPage.Tab.connections.path(connection), visit)
        let places = [resource["spec"], resource["status"]?["attached_to"], resource["status"]?["applied_to"]]
        let ids = Set(places.compactMap { $0 }.flatMap(ids))
        for id in ids.sorted().prefix(most) { try await names.learn(id, "/v1/resources/{id}", at: "/app/resources/\(id)", visit) }
        return names
    }

    func word(_ text: String) -> LinkedFact.Word { known[text] ?? LinkedFact.Word(text) }

    private mutating func learn(_ id: String, _ path: String, at page: String, _ visit: Visit) async throws {
        do {
            known[id] = LinkedFact.Word(try await visit.get(path, ["id": id]).text("name"), link: page)
        } catch let problem as Problem where [403, 404, 410].contains(problem.code.status) {}
    }

    private static func ids(in value: JSON) -> [String] {
        switch value {
        case .string(let text): isID(text) ? [text] : []
        case .array(let values): values.flatMap(ids)
        case .object(let members): members.flatMap { ids(in: $0.value) }
        default: []
        }
    }

    /// A prefix and the 26 letters of a ULID.
    private static func isID(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "_"), omittingEmptySubsequences: false)
        return parts.count == 2 && (2...4).contains(parts[0].count) && parts[1].count == 26
    }
}
