import Kernel
import Prices
import Provider
import Storage

/// A resource as a policy is asked about it: one that is there, or is to be.
struct PolicySubject: Sendable {
    let kind: ResourceKind
    let labels: [String: String]
    let location: String
    let connection: ConnectionID
    let connectionName: String
    let provider: String
    let spec: Spec

    init(kind: ResourceKind, labels: [String: String], location: String, at account: ProviderConnection, spec: Spec) {
        self.kind = kind
        self.labels = labels
        self.location = location
        (connection, connectionName, provider) = (account.id, account.name, account.provider)
        self.spec = spec
    }

    init(_ resource: Resource, at account: ProviderConnection) {
        self.init(kind: resource.kind, labels: resource.labels, location: resource.location, at: account, spec: resource.spec)
    }

    /// As if it ran all the time, at the prices in force, in 730 hours; nil without a price.
    fileprivate func monthlyCost(
        in tenant: Tenant, at now: Timestamp, _ connection: Connection
    ) throws -> (amount: ExactDecimal, currency: String)? {
        try HourlyRate.of(spec.linesAtWork, provider: provider, location: location, at: now, in: tenant, connection)
            .map { ($0.amount * 730, $0.currency) }
    }
}

extension PolicyRule {
    /// What is wrong with it that was not wrong before, in sentences; `before` nil for what is new.
    func complaints(
        about subject: PolicySubject, before: PolicySubject?, in tenant: Tenant, at now: Timestamp, _ connection: Connection
    ) throws -> [String] {
        if case .maxMonthlyCost(let limit, let currency) = self {
            guard let cost = try subject.monthlyCost(in: tenant, at: now, connection), cost.currency == currency, cost.amount > limit,
                try before?.monthlyCost(in: tenant, at: now, connection).map({ $0.amount < cost.amount }) ?? true
            else { return [] }
            let amounts = [cost.amount, limit].map { $0.formatted(minimumPlaces: 2) }
            return ["It would cost \(amounts[0]) \(currency) a month, and at most \(amounts[1]) are allowed."]
        }
        let known = before.map(complaints) ?? []
        return complaints(about: subject).filter { !known.contains($0) }
    }

    private func complaints(about subject: PolicySubject) -> [String] {
        switch (self, subject.spec) {
        case (.requiredLabels(let names), _):
            return names.filter { subject.labels[$0]?.isEmpty ?? true }.map { "It has no label \($0)." }
        case (.allowedProviders(let allowed), _):
            let words = [subject.provider, subject.connection.rawValue, subject.connectionName]
            return words.contains(where: allowed.contains) ? [] : ["\(subject.connectionName) (\(subject.provider)) is not allowed."]
        case (.allowedLocations(let allowed), _):
            return allowed.contains(subject.location) ? [] : ["The location \(subject.location) is not allowed."]
        case (.allowedSizes(let allowed), .instance(let spec)):
            return allowed.contains(spec.size) ? [] : ["The size \(spec.size) is not allowed."]
        case (.noPublicBuckets, .bucket(let spec)): return spec.isPublic ? ["It would be open to everybody."] : []
        case (.encryptedVolumes, .volume(let spec)): return spec.isEncrypted ? [] : ["It would not be encrypted."]
        case (.noOpenPorts(let ports), .firewall(let spec)):
            return ports.filter { port in spec.spread.contains { $0.opens(port) } }.map { "Port \($0) would be open to everywhere." }
        default: return []
        }
    }

    /// How to mend it.
    var advice: String {
        switch self {
        case .requiredLabels(let names): "Give it the labels \(names.joined(separator: ", "))."
        case .allowedProviders(let allowed): "Make it at one of \(allowed.joined(separator: ", "))."
        case .allowedLocations(let allowed): "Make it in one of \(allowed.joined(separator: ", "))."
        case .allowedSizes(let allowed): "Choose one of \(allowed.joined(separator: ", "))."
        case .maxMonthlyCost: "Ask for a smaller one."
        case .noPublicBuckets: "Set `public` to false."
        case .noOpenPorts: "Name the ranges that need the port in place of everywhere."
        case .encryptedVolumes: "Set `encrypted` to true, at a provider that can."
        case .approval: "Have the plan approved."
        }
    }
}

extension FirewallRule {
    /// Whether it lets everybody in at the port, or at one of the ports.
    fileprivate func opens(_ text: String) -> Bool {
        guard direction == .ingress, AddressRange(cidr)?.prefix == 0, networkProtocol != .icmp else { return false }
        guard let ports else { return true }
        return FirewallSpec.range(text).map(ports.overlaps) ?? false
    }
}
