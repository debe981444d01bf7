import Kernel
import Web

/// What the costs page says, put together from the API's answers.
struct CostsContent: Sendable {
    struct Period: Sendable {
        let label: String
        let address: String
        let isChosen: Bool
    }

    struct Fixed: Sendable {
        let step: String
        let label: String
        let value: String
        let without: String
    }

    struct Shown: Sendable {
        let periodName: String
        let previousName: String
        let total: CostsBreakdown.Figure
        let previous: CostsBreakdown.Figure?
        let difference: CostsBreakdown.Figure?
        let change: String?
        let notes: [String]
        let chart: ChartPart
        let breakdown: CostsBreakdown?
    }

    let viewAbout: String
    let exportLink: String
    let mayEdit: Bool
    let editLink: String?
    let budgetLink: String?
    let notice: String?
    let error: String?
    let periods: [Period]
    let views: [Choice]
    let start: String
    let end: String
    let granularities: [Choice]
    let dimensions: [Choice]
    let tag: String
    let costTypes: [Choice]
    let amortizations: [Choice]
    let comparisons: [Choice]
    let compareStart: String
    let compareEnd: String
    let isCumulative: Bool
    let fixed: [Fixed]
    let hasFixed: Bool
    let shown: Shown?

    init(
        _ answer: CostsAnswer, _ choice: CostsChoice, views: [JSON], view: JSON, columns: [JSON],
        markers: (shown: [PageMarker], hasMore: Bool), _ visit: Visit
    ) {
        self.init(answer, nil, choice, views: views, view: view, columns: columns, markers: markers, visit)
    }

    /// The form again, with why there is nothing to see.
    init(refused error: String, _ choice: CostsChoice, views: [JSON], view: JSON, columns: [JSON], _ visit: Visit) {
        self.init(nil, error, choice, views: views, view: view, columns: columns, markers: ([], false), visit)
    }

    private init(
        _ answer: CostsAnswer?, _ error: String?, _ choice: CostsChoice, views: [JSON], view: JSON, columns: [JSON],
        markers: (shown: [PageMarker], hasMore: Bool), _ visit: Visit
    ) {
        self.error = error
        let isDefault = view["is_default"] == true
        let about = view["description"]?.string ?? ""
        viewAbout = about.isEmpty ? "What everything comes to, from imported bills and your own price book." : about
        exportLink = "/app/costs/export.csv?from=\(choice.start)&to=\(choice.end)"
        mayEdit = visit.caller.scopes.contains(.costsWrite) && (try? visit.caller.requireWorkspace(.editor)) != nil
        editLink = isDefault ? nil : view["id"]?.string.map { "/app/costs/views/\(PercentEncoding.encode($0))" }
        budgetLink =
            visit.may(.budgetsWrite, as: .admin)
            ? view["id"]?.string.map { "\(BudgetsPage.path)?view=\(PercentEncoding.encode($0))" } : nil
        notice = visit.query("done").flatMap { Self.notices[$0] }
        periods = CostsChoice.Period.allCases.filter { $0 != .custom }.map { period in
            Period(label: period.label, address: choice.address { $0.period = period }, isChosen: choice.period == period)
        }
        let chosenView = choice.view ?? view["id"]?.string
        self.views = views.map { view in
            Choice(value: view["id"]?.string ?? "", label: view["name"]?.string ?? "", isChosen: view["id"]?.string == chosenView)
        }
        (start, end) = (choice.start, choice.end)
        let unit = answer?.granularity ?? choice.granularity ?? view["granularity"]?.string
        granularities = CostsChoice.granularities.map { Choice(value: $0, label: CostsBreakdown.label($0), isChosen: $0 == unit) }
        let grouped = answer?.groupBy.joined(separator: ",") ?? choice.groupBy ?? ""
        tag = grouped.hasPrefix("tag:") ? String(grouped.dropFirst(4)) : ""
        dimensions = Self.dimensions(grouped)
        let type = answer?.text("cost_type") ?? choice.costType ?? "Unblended"
        let own = columns.compactMap { column in column["id"]?.integer.map { (String($0), column["name"]?.string ?? "") } }
        costTypes = (Self.costTypes + own).map { Choice(value: $0.0, label: $0.1, isChosen: $0.0 == type) }
        let spread = answer.map { $0.members["amortization"]?.bool == true } ?? (choice.amortized == "true")
        amortizations = [
            Choice(value: "false", label: "When paid", isChosen: !spread),
            Choice(value: "true", label: "Spread over their use", isChosen: spread),
        ]
        comparisons = CostsChoice.comparisons.map { Choice(value: $0.0, label: $0.1, isChosen: $0.0 == choice.compare) }
        (compareStart, compareEnd) = (choice.compareStart, choice.compareEnd)
        isCumulative = choice.isCumulative
        fixed = choice.fixed.map { step, value in
            Fixed(
                step: step, label: CostsBreakdown.label(step), value: value,
                without: choice.address { other in
                    other.fixed.removeAll { $0.step == step }
                    other.groupBy = step
                })
        }
        hasFixed = !fixed.isEmpty
        shown = answer.map { Shown($0, choice, markers, visit) }
    }

    private static let notices = [
        "created": "The view is made.", "changed": "The view is changed.", "deleted": "The view is deleted.",
    ]

    private static let costTypes = [
        ("Unblended", "Billed"), ("Amortized", "Amortized"), ("Public", "At list prices"), ("Contracted", "At contracted prices"),
        ("Blended", "Blended"), ("NetUnblended", "Net, billed"), ("NetAmortized", "Net, amortized"),
    ]

    static let known = [
        "service", "account", "region", "usage_type", "operation", "resource", "provider", "category", "charge_category",
        "billing_account", "sku", "project",
    ]

    private static func dimensions(_ grouped: String) -> [Choice] {
        var choices = [Choice(value: "", label: "Nothing", isChosen: grouped.isEmpty || grouped.hasPrefix("tag:"))]
        choices += known.map { Choice(value: $0, label: CostsBreakdown.label($0), isChosen: $0 == grouped) }
        if !grouped.isEmpty, !grouped.hasPrefix("tag:"), !known.contains(grouped) {
            choices.append(Choice(value: grouped, label: grouped, isChosen: true))
        }
        return choices
    }
}

extension CostsContent.Shown {
    init(_ answer: CostsAnswer, _ choice: CostsChoice, _ markers: (shown: [PageMarker], hasMore: Bool), _ visit: Visit) {
        let amount = Amount(currency: answer.currency)
        periodName = Self.span(answer.text("start_date"), answer.text("end_date"))
        previousName = Self.span(answer.text("previous_start_date"), answer.text("previous_end_date"))
        total = .init(answer.total.current, amount)
        previous = answer.total.previous.map { .init($0, amount) }
        difference = answer.total.difference.map { .init($0, amount, signed: true) }
        change = answer.total.difference == nil ? nil : answer.total.change.map(Amount.percent) ?? "nothing before"
        notes = Self.notes(answer)
        let parts = answer.drawnParts
        let chart = CostsChart(answer, parts: parts, markers: markers.shown, isCumulative: choice.isCumulative, period: periodName)
        self.chart = ChartPart(
            [chart.drawing], ChartTable(answer, parts, isCumulative: choice.isCumulative),
            csv: choice.address(CostsPage.path + "/data.csv"),
            markers: markers, note: Self.freshness(answer))
        breakdown = CostsBreakdown(answer, choice)
    }

    private static func span(_ first: String?, _ last: String?) -> String {
        guard let from = first.flatMap({ Timestamp($0 + "T00:00:00Z") }), let to = last.flatMap({ Timestamp($0 + "T00:00:00Z") }) else {
            return ""
        }
        return from == to ? Words.day(from) : "\(Words.day(from)) – \(Words.day(to))"
    }

    private static func notes(_ answer: CostsAnswer) -> [String] {
        var notes: [String] = []
        let others = answer.count("other_currency_rows")
        if others > 0 {
            notes.append(
                "\(Words.count(others)) rows in another currency than \(answer.currency) are left out: currencies are never added.")
        }
        let null = answer.count("null_rows")
        if null > 0 { notes.append("\(Words.count(null)) rows are left out because they lack this kind of cost.") }
        let excluded = (answer.members["exclude"]?.array ?? []).compactMap(\.string)
        if !excluded.isEmpty { notes.append("Excluded: \(excluded.joined(separator: ", ")).") }
        return notes
    }

    private static func freshness(_ answer: CostsAnswer) -> String {
        var words = "\(Words.count(answer.count("rows"))) rows, in \(answer.currency), days of \(answer.text("zone") ?? "UTC")."
        if let through = answer.moment("data_through") { words += " Data through \(Words.moment(through))." }
        if let since = answer.moment("restated_since") { words += " Bills were last restated \(Words.moment(since))." }
        return words
    }
}
