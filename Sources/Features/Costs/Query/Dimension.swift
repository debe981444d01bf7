import Kernel

/// What rows are told apart by: a column, the first of several that has a value, or one tag.
package struct Dimension: Sendable, Hashable {
    package let name: String

    /// The drill-down walks them in this order.
    static let path = ["account", "region", "service", "usage_type", "operation", "resource"]

    private static let named: [String: [String]] = [
        "account": ["SubAccountId", "BillingAccountId"], "region": ["RegionId", "RegionName"], "service": ["ServiceName"],
        "usage_type": ["x_UsageType", "SkuMeter", "SkuId"], "operation": ["x_Operation", "ChargeDescription"],
        "resource": ["ResourceId", "ResourceName"], "provider": ["ProviderName"], "category": ["ServiceCategory"],
        "charge_category": ["ChargeCategory"], "billing_account": ["BillingAccountId"], "sku": ["SkuId"],
        "location": ["RegionName", "RegionId"],
        "project": ["SubAccountId"],
    ]

    /// A name of the list above, a column's own name (`ResourceType`, `x_Team`), or `tag:` and a key.
    package init(_ name: String) { self.name = name }

    var tag: String? { name.hasPrefix("tag:") ? String(name.dropFirst(4)) : nil }

    var columns: [String] { Self.named[name] ?? [name] }

    static let names = named.keys.sorted()
}

extension SegmentReader {
    func column(_ dimension: Dimension) throws -> TextColumn {
        if let tag = dimension.tag { return try derived(dimension.name) { try tagColumn(tag) } }
        let columns = dimension.columns
        guard columns.count == 1 else { return try derived(dimension.name) { try firstValue(columns) } }
        switch FocusColumn.kind(of: columns[0]) {
        case .text: return try text(columns[0])
        case .time:
            let times = try time(columns[0])
            let codes = (0..<rows).map { UInt16(times.code($0)) }
            return TextColumn(distinct: (0..<times.cardinality).map { times.time($0)?.description }, codes: codes)
        case .decimal:
            return try derived(columns[0]) {
                let amounts = try decimal(columns[0])
                let builder = TextBuilder()
                for row in 0..<rows { if amounts.isNull(row) { builder.appendNull() } else { builder.append(amounts[row].description) } }
                return builder.column
            }
        }
    }

    private func tagColumn(_ key: String) throws -> TextColumn {
        let tags = try text("Tags")
        let values = tags.map { text -> String? in
            guard let text, let value = (try? JSONParser.parse(text.utf8))?[key] else { return nil }
            switch value {
            case .string(let text): return text
            case .null: return nil
            default: return String(decoding: value.canonicalBytes, as: UTF8.self)
            }
        }
        return TextColumn(distinct: values, codes: tags.allCodes(rows))
    }

    /// The first of the columns that has a value in the row.
    private func firstValue(_ columns: [String]) throws -> TextColumn {
        let found = try columns.map { try text($0) }.filter { !$0.isNull }
        guard found.count > 1 else { return found.first ?? .null }
        let texts = found.map { $0.map(\.self) }
        let builder = TextBuilder()
        for row in 0..<rows {
            let value = zip(found, texts).lazy.compactMap { column, texts in texts[column.code(row)] }.first
            if let value { builder.append(value) } else { builder.appendNull() }
        }
        return builder.column
    }
}
