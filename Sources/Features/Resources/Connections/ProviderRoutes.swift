import HTTPTypes
import Identity
import Kernel
import Prices
import Provider
import Storage
package import Web

/// `/v1/providers`: which clouds this server can speak to, and what they can do. A connection has its own capabilities, as they were found when
/// it was verified: they stand in `GET /v1/connections/{id}`, and here under its id.
package struct ProviderRoutes: Sendable {
    private let engine: OperationEngine

    package init(engine: OperationEngine) { self.engine = engine }

    package var all: [Route] {
        [
            Route(
                .get, "/v1/providers", .scope(.connectionsRead), "List the providers this server can speak to",
                details: "In test mode, the simulator.", answers: [.list(of: DriverView.schema)], handler: list),
            Route(
                .get, "/v1/providers/{id}/capabilities", .scope(.connectionsRead), "Read what a provider can do",
                details: """
                    By its name what its connections can do at most; by the id of a connection what that one can, as it was found when it was \
                    last verified (`verified_at`, else null and as its provider's).
                    """,
                answers: [.ok(CapabilitiesView.schema)], handler: capabilities),
        ]
    }

    private func drivers(in mode: Mode) -> [any ProviderDriver] {
        engine.pool.drivers.filter { mode == .live || $0.name == "simulator" }.sorted { $0.name < $1.name }
    }

    private func list(_ call: Call) async throws -> Answer {
        call.answer(Page(items: drivers(in: call.caller.mode).map { DriverView(name: $0.name, most: $0.most) }, next: nil))
    }

    private func capabilities(_ call: Call) async throws -> Answer {
        let asked = call.parameter("id")
        let drivers = drivers(in: call.caller.mode)
        let view = try await call.read { connection in
            let account =
                asked.hasPrefix(ConnectionKind.prefix + "_") ? try? ProviderConnection.find(asked, for: call.caller, connection) : nil
            guard let driver = drivers.first(where: { $0.name == account?.provider ?? asked }) else {
                let names = drivers.map(\.name).joined(separator: ", ")
                throw Problem(.notFound, "There is no such provider. There are \(names), and your connections by their ids.")
            }
            return CapabilitiesView(
                driver: driver, account: account,
                locations: try PricedLocations.of(driver.name, at: call.at, in: call.caller.tenant, connection))
        }
        return .json(.ok, view, capacity: 2048)
    }
}

/// A provider in the list.
private struct DriverView: JSONRepresentable, SchemaDescribed {
    let name: String
    let most: Capabilities?

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("name", name)
            json.field("available", most != nil)
            json.array("kinds", most?.kinds ?? []) { json, kind in json.value(kind.rawValue) }
        }
    }

    static let schema = Schema.named(
        "Provider",
        .object([
            .required("name", .string(1...40, .text, "As a connection's `provider`.").example("docker")),
            .required("available", .boolean("Whether this server was built with it.")),
            .required("kinds", .array(.choice(of: ResourceKind.self), 0...100, "What its connections can have at most.")),
        ]))
}

/// What a provider or a connection can do.
private struct CapabilitiesView: JSONRepresentable, SchemaDescribed {
    let driver: any ProviderDriver
    let account: ProviderConnection?
    /// With prices of their own.
    let locations: [String]

    private var isFound: Bool { account?.capabilities != nil }
    private var known: Capabilities? { account?.capabilities ?? driver.most }

    func write(to json: inout JSONWriter) {
        let capabilities = known ?? Capabilities(server: driver.name, features: [], identification: [:])
        let kinds = capabilities.kinds
        json.object { json in
            json.field("provider", driver.name)
            json.field("available", driver.most != nil)
            json.field("connection_id", account?.id)
            json.field("verified_at", isFound ? account?.verifiedAt : nil)
            json.array("kinds", kinds) { json, kind in json.value(kind.rawValue) }
            for member in capabilities.json.members ?? [] { json.dynamicField(member.name, member.value) }
            json.array("sizes", kinds.contains(.instance) ? capabilities.sizes : []) { json, size in json.value(size) }
            json.array("locations", known == nil ? [] : Resource.locations(locations)) { json, location in json.value(location) }
        }
    }

    static let schema: Schema = {
        let found = ProviderConnection.capabilitiesFields
        return .named(
            "ProviderCapabilities",
            .object(
                [
                    .required("provider", .string(1...40).example("docker")),
                    .required("available", .boolean("Whether this server was built with it.")),
                    .required("connection_id", Schema.id(ConnectionKind.prefix, "Whose they are; null for a provider's.").nullable),
                    .required(
                        "verified_at", Schema.timestamp("When they were found; null where they are what is possible at most.").nullable),
                    .required("kinds", .array(.choice(of: ResourceKind.self), 0...100)),
                ] + found + [
                    .required("sizes", .array(.string(1...20), 0...100, "Of instances, that fit the largest.")),
                    .required(
                        "locations",
                        .array(
                            .string(1...63), 0...101, "Where creates go that say none, and the places that have prices of their own.")),
                ]))
    }()
}

extension Capabilities {
    fileprivate var kinds: [ResourceKind] { ResourceKind.allCases.filter { features.contains($0.feature) } }

    fileprivate var sizes: [String] {
        InstanceSize.all.filter { size in
            largest.map { size.milliCPUs <= $0.milliCPUs && size.memoryMiB <= $0.memoryMiB } ?? true
        }.map(\.name)
    }
}

extension Resource {
    /// Every place that is known and can be said in a create: the usual one first.
    static func locations(_ priced: [String]) -> [String] {
        [usualLocation] + priced.filter { $0 != usualLocation && $0.unicodeScalars.count <= 63 }
    }
}
