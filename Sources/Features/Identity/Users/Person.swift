import Kernel
import Storage
import Web

/// A user as the Cloudthread API shows one: three members and no more.
struct Person: Sendable, JSONRepresentable, SchemaDescribed {
    let id: UserID
    let email: String
    let name: String

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("email", email)
            json.field("name", name)
        }
    }

    static let schema = Schema.named(
        "CloudthreadUser",
        .object([
            .required("id", .id("usr", "Opaque.")), .required("email", .string(3...254, .email)), .required("name", .string(0...120)),
        ]))

    static let list = Schema.array(schema, 0...100_000)
}

extension Person {
    /// Everybody the caller may see who is not deactivated, in the order they came.
    static func all(for caller: Caller, _ connection: Connection) throws -> [Person] {
        let everybody = PageRequest(limit: 100_000, position: .after(nil), sort: nil)
        return try User.list(everybody, role: nil, status: nil, for: caller, connection).items.filter { $0.status != .deactivated }.map {
            Person(id: $0.id, email: $0.email, name: $0.name)
        }
    }
}
