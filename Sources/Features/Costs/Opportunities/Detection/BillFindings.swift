import Crypto
import Kernel

/// What a bill shows that is paid for and does nothing, or belongs to nobody.
///
/// Every saving is a sum of EffectiveCost over rows of the bill, to the last digit, and says with which cost view it can be looked up
/// (`evidence`). A tag of its own says nothing of a row's cost, so refunds and corrections count with their sign.
struct BillFindings {
    /// US dollars in the bill; what comes to less is not worth anybody's time.
    static let commitmentFloor: ExactDecimal = 1
    static let resourceFloor: ExactDecimal = 1
    static let untaggedFloor: ExactDecimal = 10

    fileprivate struct Commitment {
        var unused = ExactDecimal.zero
        var used = ExactDecimal.zero
        var rows = 0
        var first: BillLine?
    }

    fileprivate struct Place: Hashable {
        let account: String?
        let service: String?
    }

    fileprivate struct Untagged {
        var cost = ExactDecimal.zero
        var rows = 0
        var tags: Set<String?> = []
        var resources: Set<String> = []
    }

    fileprivate struct Resource {
        var cost = ExactDecimal.zero
        var rows = 0
        /// A charge that recurs, or usage that says it consumed nothing.
        var isIdle = false
        /// Something was consumed, or the bill does not say, or it stands for a commitment.
        var isExplained = false
        var last: BillLine
    }

    private var commitments: [String: Commitment] = [:]
    private var untagged: [Place: Untagged] = [:]
    private var resources: [String: Resource] = [:]
    private let bill: LatestBill

    init(_ bill: LatestBill) throws {
        self.bill = bill
        try bill.eachLine { take($0) }
    }

    private mutating func take(_ line: BillLine) {
        if let id = line.commitment, line.category == "Usage" {
            var commitment = commitments[id] ?? Commitment()
            if line.isUnused {
                commitment.unused += line.effective
                commitment.rows += 1
                commitment.first = commitment.first ?? line
            } else {
                commitment.used += line.effective
            }
            commitments[id] = commitment
        }
        guard let id = line.resource else { return }
        if line.isUntaggedUsage, !line.isUnused {
            untagged[Place(account: line.account, service: line.service), default: Untagged()].take(line, id)
        }
        resources[id, default: Resource(last: line)].take(line, id)
    }

    /// In the order of their records.
    var all: [Finding] {
        let found =
            commitments.compactMap { finding($0.key, $0.value) } + untagged.compactMap { finding($0.key, $0.value) }
            + resources.compactMap { finding($0.key, $0.value) }
        return found.sorted { ($0.type, $0.recordID) < ($1.type, $1.recordID) }
    }

    // MARK: Findings

    private func finding(_ id: String, _ commitment: Commitment) -> Finding? {
        guard commitment.unused >= Self.commitmentFloor, let line = commitment.first else { return nil }
        var finding = finding(.unusedCommitment, record: id, impact: commitment.unused, line)
        let whole = commitment.unused + commitment.used
        finding.details = details(
            .unusedCommitment, rows: commitment.rows,
            [
                .init("name", JSON(line.commitmentName)), .init("used_cost", JSON(commitment.used)),
                .init("unused_percent", JSON((commitment.unused * 100).divided(by: whole))),
            ], [Self.line("CommitmentDiscountId", [id]), Self.line("CommitmentDiscountStatus", ["Unused"]), Self.usage])
        return finding
    }

    private func finding(_ place: Place, _ untagged: Untagged) -> Finding? {
        guard untagged.cost >= Self.untaggedFloor else { return nil }
        let record = [bill.key.provider, place.account ?? bill.key.billingAccount, place.service ?? ""].joined(separator: "/")
        var finding = finding(.untaggedSpend, record: record, impact: untagged.cost, nil)
        (finding.place.account, finding.place.service) = (place.account ?? bill.key.billingAccount, place.service ?? "")
        let tags = untagged.tags.sorted { ($0 ?? "") < ($1 ?? "") }
        finding.details = details(
            .untaggedSpend, rows: untagged.rows, [.init("resources", .integer(Int64(untagged.resources.count)))],
            [
                Self.line("SubAccountId", [place.account]), Self.line("ServiceName", [place.service]), Self.line("Tags", tags), Self.usage,
                Self.line("ResourceId", [nil], isNot: true), Self.line("CommitmentDiscountStatus", ["Unused"], isNot: true),
            ])
        return finding
    }

    private func finding(_ id: String, _ resource: Resource) -> Finding? {
        guard resource.isIdle, !resource.isExplained, resource.cost >= Self.resourceFloor else { return nil }
        var finding = finding(.resourceWithoutUsage, record: id, impact: resource.cost, resource.last)
        finding.details = details(
            .resourceWithoutUsage, rows: resource.rows, [.init("name", JSON(resource.last.resourceName))], [Self.line("ResourceId", [id])])
        return finding
    }

    private func finding(_ rule: BillRule, record: String, impact: ExactDecimal, _ line: BillLine?) -> Finding {
        var finding = Finding(source: SavingsDetector.source, type: rule.rawValue, recordID: Self.short(record), impact: impact)
        finding.place.platform = bill.key.provider
        finding.place.account = line?.account ?? bill.key.billingAccount
        finding.place.region = line?.region ?? ""
        finding.place.service = line?.service ?? ""
        finding.place.category = rule.category
        finding.place.tags = Self.tags(line?.tags)
        finding.difficulty = rule.difficulty
        return finding
    }

    /// A record is at most 255 characters; of a longer one the end is its digest.
    static func short(_ record: String) -> String {
        guard record.count > 255 else { return record }
        let digest = SHA256.hash(data: Array(record.utf8)).prefix(16).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
        return record.prefix(220) + "#" + digest.joined()
    }

    private static func tags(_ text: String?) -> [String: String] {
        let members = text.flatMap { try? JSONParser.parse($0.utf8) }?.members ?? []
        return Dictionary(members.map { ($0.name, $0.value.string ?? "") }, uniquingKeysWith: { $1 })
    }

    // MARK: Evidence

    /// The rows that prove it, as a cost view asks for them.
    private func details(_ rule: BillRule, rows: Int, _ own: [JSON.Member], _ lines: [JSON]) -> JSON {
        let filter = [
            Self.line("provider", [bill.key.provider]), Self.line("billing_account", [bill.key.billingAccount]),
            Self.line("BillingPeriodStart", [bill.key.period.description]),
        ]
        let evidence: JSON = [
            "cost_type": "Amortized", "currency": "USD", "start_date": .string(bill.from.dateText),
            "end_date": .string(bill.to.dateText), "filters": [.array(filter + lines)],
        ]
        return .object(
            [
                .init("recommendation", .string(rule.recommendation)), .init("billing_account", .string(bill.key.billingAccount)),
                .init("billing_period_start", JSON(bill.key.period)), .init("rows", .integer(Int64(rows))),
            ] + own + [.init("evidence", evidence)])
    }

    private static func line(_ dimension: String, _ values: [String?], isNot: Bool = false) -> JSON {
        ["dimension": .string(dimension), "is_not": .bool(isNot), "in": .array(values.map { $0.map { .string($0) } ?? .null })]
    }

    private static let usage = line("ChargeCategory", ["Usage"])
}

extension BillFindings.Untagged {
    fileprivate mutating func take(_ line: BillLine, _ resource: String) {
        cost += line.effective
        rows += 1
        tags.insert(line.tags)
        resources.insert(resource)
    }
}

extension BillFindings.Resource {
    fileprivate mutating func take(_ line: BillLine, _ id: String) {
        cost += line.effective
        rows += 1
        last = line
        if line.isUnused || line.commitment == id { isExplained = true }
        switch line.category {
        case "Usage":
            if let consumed = line.consumed, consumed.isZero { isIdle = true } else { isExplained = true }
        case "Purchase": if line.frequency == "Recurring" { isIdle = true }
        default: break
        }
    }
}
