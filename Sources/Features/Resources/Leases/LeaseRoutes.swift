import HTTPTypes
import Kernel
package import Provider
import Storage
package import Web

/// `/v1/{kind}/{id}/lease`: keeping a resource to oneself for a while.
package struct LeaseRoutes: Sendable {
    private let kind: ResourceKind

    package init(_ kind: ResourceKind) { self.kind = kind }

    package var all: [Route] { [take, release] }

    private var path: String { "/v1/\(kind.collection)/{id}/lease" }
    private static let project = Query.Parameter("project_id", .string(1...100, .text, "Where to look for a name."))

    private var take: Route {
        Route(
            .post, path, .scope(kind.writeScope), "Lease \(kind.oneOf)",
            details: """
                While it lasts, calls that change it want the `nonce` in the header `Lease-Nonce`, and others are answered 423 `lease_held`. The nonce is \
                shown once. With the header, a lease that still holds is held longer and answered 200. It ends by itself.
                """,
            query: [Self.project],
            body: .optional(
                .object([
                    .optional("ttl_s", .integer(ResourceLease.spans, "Seconds from now; \(ResourceLease.usualSpan) when left out."))
                ])), answers: [.created(LeaseView.schema), .ok(LeaseView.schema, "It is held longer.")],
            problems: [.forbidden, .leaseHeld, .purged]
        ) { call in
            let span = call.body?["ttl_s"]?.integer ?? ResourceLease.usualSpan
            return try await call.commit { connection in
                var resource = try find(call, connection)
                return try resource.lease(for: span, showing: call.leaseProofs, by: call.attribution, connection).holdingSecret()
            }
        }
    }

    private var release: Route {
        Route(
            .delete, path, .scope(kind.writeScope), "End the lease of \(kind.oneOf)",
            details: "By its holder; with `force=true` by an admin of the project. One that nobody holds is ended already.",
            query: [Self.project, .init("force", .choice(["true", "false"]))], answers: [.noContent("Nobody holds it.")],
            problems: [.forbidden, .leaseHeld, .purged]
        ) { call in
            try await call.commit { connection in
                var resource = try find(call, connection)
                let isForced = call.query["force"] == "true"
                if isForced { try call.caller.require(.admin, in: resource.project) }
                try resource.endLease(showing: call.leaseProofs, isForced: isForced, by: call.attribution, connection)
                return .noContent
            }
        }
    }

    private func find(_ call: Call, _ connection: Connection) throws -> Resource {
        let resource = try Resource.find(
            call.parameter("id"), kind, project: call.query["project_id"].map { ProjectID($0) }, for: call.caller, connection)
        try call.caller.require(.editor, in: resource.project)
        return resource
    }
}

/// What the holder of a lease gets.
private struct LeaseView: JSONRepresentable {
    /// Nil for a lease that is held longer: its holder has it.
    let nonce: String?
    let until: Timestamp

    func write(to json: inout JSONWriter) {
        json.object { json in
            if let nonce { json.field("nonce", nonce) }
            json.field("expires_at", until)
        }
    }

    static let schema = Schema.named(
        "Lease",
        .object([
            .optional("nonce", .string(53...53, .text, "For the header `Lease-Nonce`; shown once, when the lease is taken.")),
            .required("expires_at", .timestamp()),
        ]))
}

extension Resource {
    /// Takes it, or holds it longer for who shows its nonce; never shorter. Throws `lease_held`.
    fileprivate mutating func lease(
        for span: Int64, showing proofs: Set<String>, by: Attribution, _ connection: Connection
    ) throws -> Answer {
        let end = by.at.adding(seconds: span)
        if var held = lease(at: by.at) {
            try requireUnleased(showing: proofs, at: by.at)
            held.until = max(held.until, end)
            try keep(held, "renewed", by: by, connection)
            return .json(.ok, LeaseView(nonce: nil, until: held.until))
        }
        let nonce = Secret.make(.lease, randomBytes: by.surroundings.randomBytes(32))
        try keep(
            ResourceLease(digest: ResourceLease.digest(of: nonce), holder: by.actor.id, until: end), "taken", by: by, connection)
        return .json(.created, LeaseView(nonce: nonce, until: end))
    }

    /// Throws `lease_held` for who is not its holder.
    fileprivate mutating func endLease(
        showing proofs: Set<String>, isForced: Bool, by: Attribution, _ connection: Connection
    ) throws {
        guard let held = lease(at: by.at) else { return }
        let isHolder = proofs.contains(held.digest)
        if !isForced { try requireUnleased(showing: proofs, at: by.at) }
        lease = nil
        try save(connection)
        tell("released", held, [.init("forced", .bool(!isHolder))], by: by, connection)
    }

    private mutating func keep(_ lease: ResourceLease, _ verb: String, by: Attribution, _ connection: Connection) throws {
        self.lease = lease
        try save(connection)
        tell(verb, lease, [], by: by, connection)
    }

    private func tell(_ verb: String, _ lease: ResourceLease, _ more: [JSON.Member], by: Attribution, _ connection: Connection) {
        let data: [JSON.Member] = [
            .init("kind", .string(kind.rawValue)), .init("name", .string(name)), .init("project_id", JSON(project)),
            .init("holder", .string(lease.holder)), .init("expires_at", JSON(lease.until)),
        ]
        connection.append(EventDraft("lease." + verb, subject: id.rawValue, data: .object(data + more)), by: by)
    }
}
