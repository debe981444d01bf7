import Kernel
import Prices
import Provider
import Storage
import Web

/// What a place must have beside what the spec says.
struct PlacementRequirements: Sendable {
    /// Where it stands in the body, such as `placement`.
    let pointer: String
    /// The sizes that are large enough, from the smallest; nil where the spec says it.
    let sizes: [InstanceSize]?
    /// That the connection has.
    let labels: [String: String]
    let mostHourly: ExactDecimal?
    /// Nil for all; that of `max_hourly` is US dollars when nothing is said.
    let currency: String?
    /// Nil for the usual one and all that have prices of their own.
    let locations: [String]?
    /// Connections, by id or name, or drivers; nil for all.
    let providers: [String]?

    private static let amounts: ClosedRange<Int64> = 0...1_000_000

    static let schema = Schema.object([
        .optional("vcpu", .number(within: amounts, "Of an instance, instead of a size: processors, such as 0.5.")),
        .optional("memory_gib", .number(within: amounts, "Likewise: memory.")),
        .optional("labels", ResourceDraft.labelsSchema.described("Labels that the connection has.")),
        .optional("max_hourly", Money.amount.described("What it may cost by the hour while it runs.")),
        .optional("currency", Money.currency.described("That of `max_hourly`, and of every price; USD with `max_hourly`, else any.")),
        .optional(
            "locations",
            .array(
                .string(1...63, .name), 1...20, "When left out: where creates go that say none, and all places with prices of their own.")),
        .optional("providers", .array(.string(1...100, .name), 1...20, "Connections, by id or name, or drivers; all when left out.")),
    ])

    /// Throws `validation_failed`.
    init(_ json: JSON?, for draft: ResourceDraft, at pointer: String) throws {
        self.pointer = pointer
        sizes = try Self.sizes(json, for: draft, at: pointer)
        labels = try ResourceDraft.labels(json?["labels"], at: pointer + "/labels")
        mostHourly = try json?["max_hourly"]?.string.map { try Money.amount($0, at: pointer + "/max_hourly") }
        currency = json?["currency"]?.string ?? (mostHourly == nil ? nil : "USD")
        locations = json?["locations"]?.array?.compactMap(\.string)
        providers = json?["providers"]?.array?.compactMap(\.string)
    }

    private static func sizes(_ json: JSON?, for draft: ResourceDraft, at pointer: String) throws -> [InstanceSize]? {
        let milliCPUs = json?["vcpu"]?.number.map { amount($0, of: 1000) }
        let memoryMiB = json?["memory_gib"]?.number.map { amount($0, of: 1024) }
        guard milliCPUs != nil || memoryMiB != nil else { return nil }
        let place = pointer + (milliCPUs == nil ? "/memory_gib" : "/vcpu")
        guard draft.kind == .instance else { throw Problem.invalid(place, "Only instances have sizes.", code: "combination") }
        guard draft.spec["size"] == nil else { throw Problem.invalid(place, "Say this or spec.size, not both.", code: "combination") }
        let found = InstanceSize.all.filter { $0.milliCPUs >= milliCPUs ?? 0 && $0.memoryMiB >= memoryMiB ?? 0 }
        guard !found.isEmpty else { throw Problem.invalid(place, "No size has as much; see GET /v1/sizes.", code: "too_large") }
        return found
    }

    /// A number of units as whole parts; a part begun counts.
    private static func amount(_ number: Double, of parts: Double) -> Int {
        // Doubles know no 1.1: what is a millionth of a part above is the part.
        Int((number * parts - 1e-6).rounded(.up))
    }

    /// The draft's spec in every size that it may have.
    func specs(_ draft: ResourceDraft) -> [JSON] {
        guard let sizes else { return [draft.spec] }
        return sizes.map { .object((draft.spec.members ?? []) + [.init("size", .string($0.name))]) }
    }

    /// Those the project may use that are asked for, by name. Throws `provider_required` when it has none, `invalid_reference` for one that is named and
    /// not there, `validation_failed` when none is like that.
    func accounts(for project: ProjectID, _ tenant: Tenant, _ connection: Connection) throws -> [ProviderConnection] {
        let usable = try ProviderConnection.all(in: tenant, connection).filter { $0.serves(project) }.sorted { $0.name < $1.name }
        guard !usable.isEmpty else {
            throw Problem(.providerRequired, "The project has no connection to a provider yet; make one with POST /v1/connections.")
        }
        for (index, name) in (providers ?? []).enumerated() where !usable.contains(where: { $0.answers(to: name) }) {
            throw Problem(
                .invalidReference, "There is no connection \(name) that this project may use, and none to such a provider.",
                violations: [
                    .init(pointer: "/\(pointer)/providers/\(index)", code: "not_found", detail: "There is no such connection.")
                ])
        }
        let found = usable.filter { account in
            (providers?.contains(where: account.answers) ?? true) && labels.allSatisfy { account.labels[$0.key] == $0.value }
        }
        guard !found.isEmpty else {
            throw Problem.invalid(pointer + "/labels", "No connection that this project may use has these labels.", code: "not_found")
        }
        return found
    }

    /// Throws `budget_exceeded` above `max_hourly`, `validation_failed` for another currency.
    func requireAffordable(_ rate: HourlyRate) throws {
        guard currency == nil || currency == rate.currency else {
            throw Problem.invalid(
                pointer + "/currency", "Its price is in \(rate.currency), not in \(currency ?? "").", code: "other_currency")
        }
        guard let mostHourly, rate.amount > mostHourly else { return }
        let amounts = [rate.amount, mostHourly].map { $0.formatted(minimumPlaces: 4) }
        throw Problem(
            .budgetExceeded, "It would cost \(amounts[0]) \(rate.currency) an hour, and at most \(amounts[1]) is wanted.")
    }
}

extension ProviderConnection {
    fileprivate func answers(to name: String) -> Bool { [id.rawValue, self.name, provider].contains(name) }
}
