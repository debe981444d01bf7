import HTTPTypes
import Identity
import Kernel
import Provider
import Storage
package import Web

/// `/v1/placements/resolve`: where something can be made now, and for how much.
package struct PlacementRoutes: Sendable {
    private let engine: OperationEngine

    package init(engine: OperationEngine) { self.engine = engine }

    /// No resource has it, so it is always free.
    private static let name = "(new)"

    package var all: [Route] {
        [
            Route(
                .post, "/v1/placements/resolve", .scope(.connectionsRead), "Find the cheapest place for a resource",
                details: """
                    Asks every connection that the project may use for a dry run, in the sizes that are large enough, and makes nothing. What is \
                    offered is what a create of this moment would get; what is refused has the code that it would be answered. Needs the scope \
                    to write the kind as well. A create takes the same requirements as `placement`.
                    """,
                body: .required(
                    .object([
                        .optional("project_id", .id("proj", "Whose it would be; a key of a project needs none.")),
                        .required("kind", .choice(of: ResourceKind.self)),
                        .optional("spec", Schema(.map(Schema(.any)), "As a create of the kind takes it.")),
                        .optional("labels", ResourceDraft.labelsSchema.described("That it would have: policies ask for them.")),
                        .optional("requirements", PlacementRequirements.schema),
                    ])), answers: [.ok(PlacementAnswer.schema)],
                problems: [
                    .forbidden, .notFound, .projectArchived, .projectFrozen, .insufficientScope, .providerRequired, .invalidReference,
                ], handler: resolve)
        ]
    }

    private func resolve(_ call: Call) async throws -> Answer {
        let kind = call.body?["kind"]?.string.flatMap(ResourceKind.init) ?? .instance
        try call.caller.require(kind.writeScope)
        let draft = try ResourceDraft(kind, named: Self.name, call.body, at: call.at)
        try kind.draftSchema.check(draft.spec, at: "/spec")
        let requirements = try PlacementRequirements(call.body?["requirements"], for: draft, at: "requirements")
        let answer = try await call.read { connection in
            let admitting = Admitting(call, engine, connection)
            let project = try admitting.project(call.body?["project_id"]?.string)
            return try PlacementSearch(admitting: admitting, project: project, draft: draft, requirements: requirements).survey()
        }
        return .json(.ok, answer, capacity: 4096)
    }
}

extension Schema {
    /// Throws `unknown_field` or `validation_failed`, as for a body.
    fileprivate func check(_ json: JSON, at pointer: String) throws {
        let found = violations(in: json, at: pointer)
        let unknown = found.first { $0.code == Problem.Code.unknownField.rawValue }
        guard let first = unknown ?? found.first else { return }
        throw Problem(unknown == nil ? .validationFailed : .unknownField, at: found, first: first)
    }
}
