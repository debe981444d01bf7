import Kernel

/// The first line of a bill: which column is which.
struct FocusHeader {
    let columns: [(name: String, kind: FocusColumn.Kind)]
    let provider: Int
    let account: Int
    let period: Int
    let chargeStart: Int
    let chargeEnd: Int

    private static let columnLimit = 500

    /// Throws for a missing mandatory column, a name that stands twice, and a header without names.
    init(_ reader: CSVReader) throws(FocusFailure) {
        guard try reader.next(atMost: 1) else { throw FocusFailure(line: 1, "The file is empty.", isOfOneRow: false) }
        let line = reader.records[0].line
        let names = reader.withBytes { bytes in
            var scratch: [UInt8] = []
            return reader.fields.map { field in
                field.withValue(bytes, &scratch) { String(decoding: $0, as: UTF8.self) }.trimmed
            }
        }
        guard names.count <= Self.columnLimit else {
            throw FocusFailure(
                line: line, "The header has \(names.count) columns; \(Self.columnLimit) are the most.", isOfOneRow: false)
        }
        var seen: Set<String> = []
        for (index, name) in names.enumerated() {
            guard !name.isEmpty, name.unicodeScalars.count <= 200, !name.unicodeScalars.contains(where: { $0.value < 32 }) else {
                throw FocusFailure(line: line, "Column \(index + 1) has no usable name.", isOfOneRow: false)
            }
            guard seen.insert(name).inserted else {
                throw FocusFailure(line: line, column: name, "The column stands twice.", isOfOneRow: false)
            }
        }
        if let missing = FocusColumn.mandatory.first(where: { !seen.contains($0) }) {
            throw FocusFailure(line: line, column: missing, "The column is mandatory and missing.", isOfOneRow: false)
        }
        columns = names.map { ($0, FocusColumn.kind(of: $0)) }
        func place(_ name: String) -> Int { names.firstIndex(of: name) ?? 0 }  // mandatory, so it is there
        provider = place("ProviderName")
        account = place("BillingAccountId")
        period = place("BillingPeriodStart")
        chargeStart = place("ChargePeriodStart")
        chargeEnd = place("ChargePeriodEnd")
    }
}

extension String {
    fileprivate var trimmed: String { String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
}
