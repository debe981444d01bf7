import Kernel

/// What FOCUS promises of a bill and this one does not keep. It is imported nevertheless.
struct FocusWarnings {
    private static let limit = 100

    private struct Commitment {
        var purchased = ExactDecimal.zero
        var used = ExactDecimal.zero
        var isPurchased = false
    }

    private var nulls: [String: Int] = [:]
    private var categories: [String: Set<String>] = [:]
    private var commitments: [String: Commitment] = [:]
    private var oddClasses: Set<String> = []

    /// Counts a segment that is about to be sealed.
    mutating func look(at builder: SegmentBuilder) {
        let columns = Dictionary(uniqueKeysWithValues: zip(builder.names, builder.columns))
        for name in ["EffectiveCost", "ListCost", "ContractedCost"] {
            let count = columns[name]?.decimals(builder.rows).nulls.count(where: \.self) ?? 0
            if count > 0 { nulls[name, default: 0] += count }
        }
        let categories = columns["ServiceCategory"]?.texts
        if let services = columns["ServiceName"]?.texts, let categories {
            for pair in Set((0..<builder.rows).map { Pair(services.code($0), categories.code($0)) }) {
                guard let service = services.text(pair.one) else { continue }
                self.categories[service, default: []].insert(categories.text(pair.other) ?? "null")
            }
        }
        if let classes = columns["ChargeClass"]?.texts {
            for case let text? in classes.map(\.self) where text != "Correction" && oddClasses.count < Self.limit {
                oddClasses.insert(text)
            }
        }
        countCommitments(columns, builder.rows)
    }

    private struct Pair: Hashable {
        let one: Int
        let other: Int
        init(_ one: Int, _ other: Int) { (self.one, self.other) = (one, other) }
    }

    private mutating func countCommitments(_ columns: [String: SegmentBuilder.Column], _ rows: Int) {
        guard let ids = columns["CommitmentDiscountId"]?.texts, !ids.isNull, let kinds = columns["ChargeCategory"]?.texts,
            let billed = columns["BilledCost"]?.decimals(rows), let effective = columns["EffectiveCost"]?.decimals(rows)
        else { return }
        let (names, words) = (ids.map(\.self), kinds.map(\.self))
        for row in 0..<rows {
            guard let id = names[ids.code(row)] else { continue }
            switch words[kinds.code(row)] {
            case "Purchase":
                commitments[id, default: Commitment()].purchased += billed[row]
                commitments[id]?.isPurchased = true
            case "Usage": commitments[id, default: Commitment()].used += effective[row]
            default: break
            }
        }
    }

    /// At most a hundred, in a fixed order.
    var all: [JSON] {
        var found: [JSON] = nulls.sorted { $0.key < $1.key }.map { name, count in
            Self.warning("null_cost", column: name, "\(count) rows have no \(name); sums leave them out and count them.", count)
        }
        for (service, names) in categories.sorted(by: { $0.key < $1.key }) where names.count > 1 {
            let list = names.sorted().joined(separator: ", ")
            found.append(
                Self.warning(
                    "service_categories", column: "ServiceCategory", "\(service) stands in several categories: \(list).", names.count))
        }
        for text in oddClasses.sorted() {
            found.append(Self.warning("charge_class", column: "ChargeClass", "\"\(text.prefix(80))\" is neither null nor Correction.", 1))
        }
        for (id, sums) in commitments.sorted(by: { $0.key < $1.key }) where sums.isPurchased && sums.purchased != sums.used {
            found.append(
                Self.warning(
                    "commitment", column: "CommitmentDiscountId",
                    "\(id): purchases of \(sums.purchased) are billed, usage of \(sums.used) is amortised.", 1))
        }
        return Array(found.prefix(Self.limit))
    }

    private static func warning(_ code: String, column: String, _ detail: String, _ count: Int) -> JSON {
        ["code": .string(code), "column": .string(column), "detail": .string(detail), "count": .integer(Int64(count))]
    }
}

extension SegmentBuilder.Column {
    fileprivate var texts: TextColumn? { if case .text(let builder) = self { builder.column } else { nil } }

    fileprivate func decimals(_ rows: Int) -> DecimalColumn {
        if case .decimal(let builder) = self { builder.column ?? .null(rows: rows) } else { .null(rows: rows) }
    }
}
