import Kernel
import Prices
import Storage
import Web

extension Query.Parameter {
    static let asOf = Query.Parameter(
        "as_of", .timestamp("As it was then, from the log; 404 before it was made. A time that lies ahead is now."))
}

/// A resource as it was, in the words of a resource as it is. `seq` is where the log told it; when it was last looked at, and who had a volume,
/// is not kept.
struct PastResource: JSONRepresentable, Sendable {
    private let members: [JSON.Member]
    private let sequence: Int64
    private let cost: ResourceCost?

    /// Nil for a call that does not ask for the past.
    static func read(_ call: Call, _ find: @escaping @Sendable (Connection) throws -> Resource) async throws -> PastResource? {
        guard let asked = call.query["as_of"].flatMap({ Timestamp($0) }) else { return nil }
        let moment = min(asked, call.at)
        return try await call.read { connection in
            let resource = try find(connection)
            let state = try ResourceState.of(resource, at: moment, connection)
            return PastResource(
                members: members(of: resource, state), sequence: state.sequence,
                cost: try ResourceCost.of(resource.consumer, holding: state.lines(resource.kind), at: moment, connection))
        }
    }

    /// Those of the present that the log does not tell never change.
    private static func members(of resource: Resource, _ state: ResourceState) -> [JSON.Member] {
        var json = JSONWriter(capacity: 1536)
        ResourceView(resource: resource, cost: nil, sequence: 0).write(to: &json)
        let present = (try? JSONParser.parse(json.bytes))?.members ?? []  // it was written just now
        let past = state.told
        return present.filter { $0.name != "cost" && $0.name != "seq" }.map { member in
            guard let then = past[member.name] else { return member }
            return .init(member.name, member.name == "status" ? .object((then.members ?? []) + [.init("last_synced_at", .null)]) : then)
        }
    }

    func write(to json: inout JSONWriter) {
        json.object { json in
            for member in members { json.dynamicField(member.name, member.value) }
            json.field("cost", cost)
            json.field("seq", sequence)
        }
    }
}
