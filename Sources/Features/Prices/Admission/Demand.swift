import Kernel
import Storage

/// What a resource takes: what is charged by the hour, and what counts against quotas.
package struct Demand: Sendable, Equatable {
    package var lines: [Line]
    package var counts: [Quota.Metric: Int]

    package init(lines: [Line], counts: [Quota.Metric: Int]) {
        self.lines = lines
        self.counts = counts
    }

    package struct Line: Sendable, Hashable {
        package let sku: String
        package let units: Int

        package init(sku: String, units: Int) {
            self.sku = sku
            self.units = units
        }
    }

    static let nothing = Demand(lines: [], counts: [:])
}

extension [Demand.Line] {
    /// One line for each SKU, in the order of their names; none of no units.
    var merged: [Demand.Line] {
        guard count > 1 || contains(where: { $0.units <= 0 }) else { return self }
        return Dictionary(map { ($0.sku, $0.units) }, uniquingKeysWith: +).filter { $0.value > 0 }.sorted { $0.key < $1.key }
            .map { Demand.Line(sku: $0.key, units: $0.value) }
    }

    /// As it stands in a column: `instance.s-1=1;volume.fast=10`.
    var text: String { map { "\($0.sku)=\($0.units)" }.joined(separator: ";") }

    init(text: String) throws(StorageError) {
        self = []
        for part in text.split(separator: ";") {
            guard let mark = part.lastIndex(of: "="), let units = Int(part[part.index(after: mark)...]) else {
                throw .corrupt("Lines cannot be \"\(text)\"")
            }
            append(Demand.Line(sku: String(part[..<mark]), units: units))
        }
    }
}
