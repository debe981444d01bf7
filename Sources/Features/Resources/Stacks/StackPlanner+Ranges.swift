import Kernel
import Provider

extension StackPlanner {
    /// The range that a network is to have, where it is known before anything is made.
    struct NetworkRange: Sendable {
        let member: StackDefinition.Member
        let account: ProviderConnection
        let cidr: String

        init?(_ member: StackDefinition.Member, _ wanted: JSON, _ account: ProviderConnection) {
            guard let cidr = wanted["spec"]?["cidr"]?.string, Template.references(in: .string(cidr)).isEmpty else { return nil }
            self.member = member
            self.account = account
            self.cidr = cidr
        }
    }

    /// Of one connection no range may overlap another: of those this plan makes, and of those that are there and stay. Throws `cidr_overlap`,
    /// and `validation_failed` for what is no range of a network.
    func requireFreeRanges() throws {
        let going = Set(changes.filter { $0.action == .delete || $0.action == .replace }.compactMap(\.resource))
        for (index, one) in ranges.enumerated() {
            let key = one.member.key
            if let complaint = NetworkSpec.complaint(about: one.cidr) {
                throw problem(one.member, "\(key): the range \(complaint).", code: "cidr")
            }
            if let other = ranges.prefix(index).first(where: { $0.account.id == one.account.id && $0.overlaps(one) }) {
                let detail = "\(one.cidr) of \(key) overlaps \(other.cidr) of \(other.member.key)."
                throw Problem(
                    .cidrOverlap, detail, violations: [.init(pointer: pointer(of: one.member), code: "cidr_overlap", detail: detail)])
            }
            try SpecResolution(caller: caller, project: project, account: one.account, connection: connection)
                .requireFree(one.cidr, butFor: going)
        }
    }
}

extension StackPlanner.NetworkRange {
    fileprivate func overlaps(_ other: Self) -> Bool {
        guard let (one, another) = AddressRange(cidr).flatMap({ one in AddressRange(other.cidr).map { (one, $0) } }) else { return false }
        return one.overlaps(another)
    }
}

extension AddressRange {
    /// Whether any address is in both.
    func overlaps(_ other: AddressRange) -> Bool { contains(other.first) || other.contains(first) }
}
