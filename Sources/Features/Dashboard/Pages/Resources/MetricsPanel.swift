import Kernel
import Web

/// What was measured of an instance over a while.
struct InstanceReadings: Sendable {
    /// A reading a minute: more than these hold would be too many to draw.
    static let windows = [("15m", "15 minutes"), ("1h", "An hour"), ("6h", "6 hours")]
    private static let columns = [
        "cpu_percent", "memory_bytes", "memory_limit_bytes", "network_received_bytes_per_second", "network_sent_bytes_per_second",
    ]

    let window: String
    let average: ExactDecimal?
    private let rows: [JSON]

    /// Asks with the API's call, which also takes windows that are not drawn. Throws what that throws.
    static func read(_ id: String, _ visit: Visit) async throws -> InstanceReadings {
        let window = visit.query("window").flatMap { $0.isEmpty ? nil : $0 } ?? "1h"
        let answer = try await visit.getExactly("/v1/instances/{id}/metrics", ["id": id], [("window", window)])
        return InstanceReadings(
            window: window, average: answer["average_cpu_percent"]?.text.flatMap { ExactDecimal($0) }, rows: answer.list("data"))
    }

    var isEmpty: Bool { rows.isEmpty }

    var table: ChartTable {
        ChartTable(head: ["at"] + Self.columns, lines: rows.map { row in [row.text("at")] + Self.columns.map { row.text($0) } })
    }

    func part(of id: String) -> ChartPart {
        ChartPart(
            [
                drawing("cpu", "CPU, in percent of one processor", [("CPU", "cpu_percent", 1)]),
                drawing("memory", "Memory, in MiB", [("Memory", "memory_bytes", 1)], unit: 1 << 20),
                drawing(
                    "network", "Network, in KiB a second",
                    [("In", "network_received_bytes_per_second", 1), ("Out", "network_sent_bytes_per_second", 2)], unit: 1024),
            ], table, csv: "/app/resources/\(PercentEncoding.encode(id))/metrics.csv?window=\(window)")
    }

    private func drawing(_ id: String, _ title: String, _ lines: [(name: String, column: String, colour: Int)], unit: Int = 1)
        -> ChartPart.Drawing
    {
        var chart = Chart(
            id: id, title: title, description: "\(rows.count) readings. The table below has every number.", amount: Amount(currency: nil),
            slots: rows.map { row in
                .init(name: row.time("at").map(Words.moment) ?? row.text("at"), short: String(row.text("at").dropFirst(11).prefix(5)))
            })
        chart.lines = lines.map { line in
            let values = rows.map { row in
                row[line.column]?.text.flatMap { ExactDecimal($0) }.map { unit == 1 ? $0 : $0.divided(by: ExactDecimal(unit)) }
            }
            return .init(series: .init(name: line.name, colour: line.colour, values: values), isDashed: false)
        }
        return .init(chart, heading: title)
    }
}

/// How busy an instance is, drawn.
struct MetricsPanel: Sendable {
    let summary: String
    let windows: [CostsContent.Period]
    let chart: ChartPart?

    init(of id: String, _ visit: Visit) async throws {
        var chosen = ""
        do {
            let readings = try await InstanceReadings.read(id, visit)
            chosen = readings.window
            chart = readings.isEmpty ? nil : readings.part(of: id)
            summary = readings.average.map { "CPU: \($0.rounded(scale: 1)) % on average." } ?? "Nothing was measured in this time."
        } catch let problem as Problem where problem.code.status != 404 {
            chart = nil
            summary = problem.detail
        }
        windows = InstanceReadings.windows.map { window, label in
            .init(label: label, address: "/app/resources/\(PercentEncoding.encode(id))?window=\(window)", isChosen: window == chosen)
        }
    }
}
