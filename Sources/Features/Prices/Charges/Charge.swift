import Identity
package import Kernel
import Storage

/// A closed hour of one resource and SKU at one price: what is billed.
package struct Charge: Sendable {
    package let hour: Timestamp
    package let consumer: Consumer
    /// The labels as JSON.
    let labelText: String
    package let sku: String
    /// Nil when no price was in force.
    package let price: PriceID?
    package let unit: Price.Unit
    package let unitPrice: ExactDecimal
    package let currency: String
    /// Units × hours.
    package internal(set) var quantity: ExactDecimal
    package internal(set) var cost: ExactDecimal

    /// Made of what it is, so that a second one cannot be; sorts by time.
    package var id: String { hour.chargeKey + idWithoutHour }
    fileprivate var idWithoutHour: String { ".\(consumer.resource).\(sku).\(price?.rawValue ?? "unpriced")" }
}

extension Charge {
    private static let columns =
        "hour, resource, kind, name, account, project, provider, location, labels, sku, price, unit, unit_price, currency, quantity, cost"

    /// False when it is there already.
    func insert(_ connection: Connection) throws -> Bool {
        let tenant = consumer.tenant
        return try connection.execute(
            """
            INSERT INTO charges (workspace, mode, id, \(Self.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT DO NOTHING
            """, tenant.workspace, tenant.mode, id, hour, consumer.resource, consumer.kind, consumer.name, consumer.account,
            consumer.project, consumer.provider, consumer.location, labelText, sku, price, unit, unitPrice, currency, quantity, cost) > 0
    }

    /// Every hour of the runs that is among `hours`, hour by hour; leaves out what is there already. The database makes the rows.
    static func insert(_ runs: [ChargeRun], hours: [Timestamp], _ connection: Connection) throws {
        guard !runs.isEmpty, !hours.isEmpty else { return }
        let texts = Array(repeating: "CAST(? AS TEXT)", count: 18).joined(separator: ", ")
        try connection.execute(
            """
            WITH hours (hour, word) AS (VALUES \(list("(CAST(? AS BIGINT), CAST(? AS TEXT))", hours.count))),
            runs (first, last, workspace, mode, rest, resource, kind, name, account, project, provider, location, labels, sku, price, unit,
                unit_price, currency, quantity, cost) AS (VALUES \(list("(CAST(? AS BIGINT), CAST(? AS BIGINT), \(texts))", runs.count)))
            INSERT INTO charges (workspace, mode, id, \(columns))
            SELECT workspace, mode, word || rest, hour, resource, kind, name, account, project, provider, location, labels, sku, price, unit,
                unit_price, currency, quantity, cost
            FROM hours, runs WHERE hour >= first AND hour < last ORDER BY hour, resource ON CONFLICT DO NOTHING
            """,
            values: hours.flatMap { [$0.sqlValue, .text($0.chargeKey)] } + runs.flatMap { $0.hour.values(until: $0.end) })
    }

    private static func list(_ part: String, _ count: Int) -> String { Array(repeating: part, count: count).joined(separator: ", ") }

    private func values(until end: Timestamp) -> [SQLValue] {
        [
            hour.sqlValue, end.sqlValue, consumer.tenant.workspace.sqlValue, consumer.tenant.mode.sqlValue, .text(idWithoutHour),
            .text(consumer.resource), .text(consumer.kind), .text(consumer.name), consumer.account.sqlValue, consumer.project.sqlValue,
            .text(consumer.provider), .text(consumer.location), .text(labelText), .text(sku), price.sqlValue, unit.sqlValue,
            unitPrice.sqlValue, .text(currency), quantity.sqlValue, cost.sqlValue,
        ]
    }

    struct Filter: Sendable {
        var resource: String?
        var project: ProjectID?
        var account: AccountID?
        /// Charge periods that begin at or after it, and before the other.
        var from: Timestamp?
        var to: Timestamp?
    }

    /// A charge and the name of its project, as a cost row needs them.
    struct Named: Sendable {
        let charge: Charge
        let projectName: String?
    }

    static let sortFields = ["charge_period_start"]

    static func list(_ request: PageRequest, _ filter: Filter, for caller: Caller, _ connection: Connection) throws -> Page<Named> {
        let sight = try DataFilter.of(caller, connection)
        var query = query(filter, for: caller)
        // No list of a team is about the other providers, so they need not be read to be hidden.
        if sight.hidesOtherProviders {
            query.filter(
                "(lower(provider) LIKE 'aws%' OR lower(provider) LIKE 'amazon%' OR lower(provider) LIKE 'gcp%' OR lower(provider) LIKE 'google%')"
            )
        }
        let page = try query.page(
            request, connection, place: { row, _ in .init(value: "", id: row.charge.id) }, as: { try read($0, in: caller.tenant) })
        return Page(items: page.items.filter { sight.allows($0.charge.facts) }, next: page.next)
    }

    /// All charges of one UTC day, in order.
    static func forEach(_ filter: Filter, in tenant: Tenant, _ connection: Connection, visit: (Named) throws -> Void) throws {
        guard let from = filter.from, let to = filter.to else { return }
        try connection.forEachRow(
            """
            SELECT \(columns), (SELECT p.name FROM projects p WHERE p.workspace = charges.workspace AND p.id = charges.project) FROM charges
            WHERE workspace = ? AND mode = ? AND id >= ? AND id < ? ORDER BY id
            """, tenant.workspace, tenant.mode, String(from.description.prefix(10)), String(to.description.prefix(10))
        ) { row in try visit(try read(row, in: tenant)) }
    }

    private static func query(_ filter: Filter, for caller: Caller) -> ListQuery {
        var query = ListQuery(
            """
            SELECT \(columns), (SELECT p.name FROM projects p WHERE p.workspace = charges.workspace AND p.id = charges.project) FROM charges
            """, sortable: ["charge_period_start": .id], defaultSort: .init(field: "charge_period_start", descending: false))
        query.filter("workspace = ?", caller.workspace)
        query.filter("mode = ?", caller.mode)
        if case .projects(let roles) = caller.reach { query.filter("project", isOneOf: roles.keys.sorted()) }
        if let resource = filter.resource { query.filter("resource = ?", resource) }
        if let project = filter.project { query.filter("project = ?", project) }
        if let account = filter.account { query.filter("account = ?", account) }
        // The id begins with the hour, so these bound the same index that the list is read from.
        if let from = filter.from { query.filter("id >= ?", from.hourOrNext.chargeKey) }
        if let to = filter.to { query.filter("id < ?", to.hourOrNext.chargeKey) }
        return query
    }

    private static func read(_ row: Row, in tenant: Tenant) throws -> Named {
        let consumer = Consumer(
            tenant: tenant, account: try row.get(4), project: try row.get(5), resource: row.text(1), kind: row.text(2), name: row.text(3),
            provider: row.text(6), location: row.text(7), labels: [:])
        let charge = try Charge(
            hour: row.time(0), consumer: consumer, labelText: row.text(8), sku: row.text(9), price: row.get(10), unit: row.get(11),
            unitPrice: row.get(12), currency: row.text(13), quantity: row.get(14), cost: row.get(15))
        return Named(charge: charge, projectName: try row.get(16))
    }
}

extension Charge {
    /// For the filter of a team.
    var facts: DataFilter.Facts {
        let labels = (try? JSONParser.parse(labelText.utf8))?.members ?? []
        return DataFilter.Facts(
            bucket: DataFilter.Bucket(provider: consumer.provider),
            values: [
                .account: consumer.project.rawValue, .payer: consumer.account.rawValue, .region: consumer.location,
                .service: serviceName, .sku: sku,
            ],
            tags: Dictionary(labels.map { ($0.name, $0.value.string ?? "") }, uniquingKeysWith: { $1 }))
    }
}

extension Timestamp {
    /// The hour as a charge's id begins with it: `2026-03-10T14`.
    fileprivate var chargeKey: String { String(description.prefix(13)) }
}
