import Kernel
import Prices
import Provider
import Web

/// What a policy asks of a resource; of a plan, `approval`.
enum PolicyRule: Sendable, Equatable {
    case requiredLabels([String])
    /// Drivers (`aws`), or connections by id or name.
    case allowedProviders([String])
    case allowedLocations([String])
    /// Of instances.
    case allowedSizes([String])
    /// Of one resource, in 730 hours of running.
    case maxMonthlyCost(ExactDecimal, currency: String)
    case noPublicBuckets
    /// To everywhere.
    case noOpenPorts([String])
    case encryptedVolumes
    /// Of plans that destroy data or cost more by so much a month; of all, where it says neither.
    case approval(destroysData: Bool, costAbove: ExactDecimal?, currency: String)

    enum Kind: String, Sendable, CaseIterable {
        case requiredLabels = "required_labels"
        case allowedProviders = "allowed_providers"
        case allowedLocations = "allowed_locations"
        case allowedSizes = "allowed_sizes"
        case maxMonthlyCost = "max_monthly_cost"
        case noPublicBuckets = "no_public_buckets"
        case noOpenPorts = "no_open_ports"
        case encryptedVolumes = "encrypted_volumes"
        case approval

        /// The members that a rule of the kind has beside `type`.
        var members: (needed: [String], more: [String]) {
            switch self {
            case .requiredLabels: (["labels"], [])
            case .allowedProviders: (["providers"], [])
            case .allowedLocations: (["locations"], [])
            case .allowedSizes: (["sizes"], [])
            case .maxMonthlyCost: (["amount"], ["currency"])
            case .noOpenPorts: (["ports"], [])
            case .approval: ([], ["destroys_data", "monthly_cost_above", "currency"])
            case .noPublicBuckets, .encryptedVolumes: ([], [])
            }
        }
    }

    /// Of a body that fits the schema. Throws `validation_failed` for members that its type lacks or does not have.
    init(_ json: JSON) throws {
        let kind = json["type"]?.string.flatMap(Kind.init) ?? .approval
        let (needed, more) = kind.members
        if let missing = needed.first(where: { json[$0] == nil }) {
            throw Problem.invalid("rule/" + missing, "A rule \(kind.rawValue) says \(missing).", code: "combination")
        }
        if let other = json.members?.first(where: { !(["type"] + needed + more).contains($0.name) }) {
            throw Problem.invalid("rule/" + other.name, "A rule \(kind.rawValue) has no \(other.name).", code: "combination")
        }
        for (place, ports) in (json["ports"]?.array ?? []).enumerated() where ports.string.flatMap(FirewallSpec.range) == nil {
            throw Problem.invalid("rule/ports/\(place)", "A range of ports begins at its lower end.", code: "backwards")
        }
        func list(_ name: String) -> [String] { Set((json[name]?.array ?? []).compactMap(\.string)).sorted() }
        let currency = json["currency"]?.string ?? "USD"
        self =
            switch kind {
            case .requiredLabels: .requiredLabels(list("labels"))
            case .allowedProviders: .allowedProviders(list("providers"))
            case .allowedLocations: .allowedLocations(list("locations"))
            case .allowedSizes: .allowedSizes(list("sizes"))
            case .maxMonthlyCost:
                .maxMonthlyCost(try Money.amount(json["amount"]?.string ?? "", at: "rule/amount"), currency: currency)
            case .noPublicBuckets: .noPublicBuckets
            case .noOpenPorts: .noOpenPorts(list("ports"))
            case .encryptedVolumes: .encryptedVolumes
            case .approval:
                .approval(
                    destroysData: json["destroys_data"]?.bool ?? false,
                    costAbove: try json["monthly_cost_above"]?.string.map { try Money.amount($0, at: "rule/monthly_cost_above") },
                    currency: currency)
            }
    }

    var kind: Kind {
        switch self {
        case .requiredLabels: .requiredLabels
        case .allowedProviders: .allowedProviders
        case .allowedLocations: .allowedLocations
        case .allowedSizes: .allowedSizes
        case .maxMonthlyCost: .maxMonthlyCost
        case .noPublicBuckets: .noPublicBuckets
        case .noOpenPorts: .noOpenPorts
        case .encryptedVolumes: .encryptedVolumes
        case .approval: .approval
        }
    }

    var json: JSON {
        func list(_ name: String, _ values: [String]) -> [JSON.Member] { [.init(name, .array(values.map(JSON.string)))] }
        let members: [JSON.Member] =
            switch self {
            case .requiredLabels(let labels): list("labels", labels)
            case .allowedProviders(let providers): list("providers", providers)
            case .allowedLocations(let locations): list("locations", locations)
            case .allowedSizes(let sizes): list("sizes", sizes)
            case .maxMonthlyCost(let amount, let currency):
                [.init("amount", .string(amount.description)), .init("currency", .string(currency))]
            case .noOpenPorts(let ports): list("ports", ports)
            case .approval(let destroysData, let costAbove, let currency):
                [.init("destroys_data", .bool(destroysData))]
                    + (costAbove.map { [.init("monthly_cost_above", .string($0.description)), .init("currency", .string(currency))] } ?? [])
            case .noPublicBuckets, .encryptedVolumes: []
            }
        return .object([.init("type", .string(kind.rawValue))] + members)
    }

    static let schema = Schema.object(
        [
            .required("type", .choice(of: Kind.self)),
            .optional("labels", .array(.string(1...63, .name), 1...64, "Of `required_labels`: names of labels.")),
            .optional("providers", .array(.string(1...100, .name), 1...100, "Drivers (`aws`), or connections by id or name.")),
            .optional("locations", .array(.string(1...63, .name), 1...100)),
            .optional("sizes", .array(InstanceSpec.sizeSchema, 1...100, "Of instances.")),
            .optional("amount", Money.amount.described("The most that one resource may cost in 730 hours of running.")),
            .optional("currency", Money.currency),
            .optional(
                "ports", .array(Schema.string(1...11, .ports).example("22"), 1...100, "That no firewall may open to everywhere.")),
            .optional("destroys_data", .boolean("Of `approval`: where a plan destroys data.")),
            .optional("monthly_cost_above", Money.amount.described("Of `approval`: where a plan costs more by more than this a month.")),
        ],
        """
        `required_labels` (`labels`), `allowed_providers` (`providers`), `allowed_locations` (`locations`), `allowed_sizes` (`sizes`), \
        `max_monthly_cost` (`amount`, `currency`), `no_public_buckets`, `no_open_ports` (`ports`), `encrypted_volumes`; and of plans \
        `approval` (`destroys_data`, `monthly_cost_above`, `currency`; every plan when it says neither).
        """)
}
