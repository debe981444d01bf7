import HTTPTypes
import Kernel
import Server
import TestKit

/// A bill in CSV, row by row; what a row does not say is the same in all.
struct Bill {
    static let columns = [
        "ProviderName", "PublisherName", "InvoiceIssuerName", "BillingAccountId", "BillingAccountName", "SubAccountId",
        "BillingPeriodStart",
        "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd", "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargeFrequency",
        "BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "PricingQuantity", "PricingUnit", "BillingCurrency", "ServiceName",
        "ServiceCategory", "RegionId", "SkuId", "CommitmentDiscountId", "Tags", "x_Note",
    ]
    private static let usual = [
        "ProviderName": "AWS", "PublisherName": "AWS", "InvoiceIssuerName": "AWS", "BillingAccountId": "1", "BillingAccountName": "One",
        "SubAccountId": "11", "BillingPeriodStart": "2026-03-01 00:00:00", "BillingPeriodEnd": "2026-04-01 00:00:00",
        "ChargePeriodStart": "2026-03-01T00:00:00Z", "ChargePeriodEnd": "2026-03-02T00:00:00Z", "ChargeCategory": "Usage",
        "ChargeClass": "NULL", "BilledCost": "1", "EffectiveCost": "1", "ListCost": "1", "ContractedCost": "1", "PricingQuantity": "1",
        "PricingUnit": "Hours", "BillingCurrency": "USD", "ServiceName": "Amazon EC2", "ServiceCategory": "Compute",
        "RegionId": "eu-west-1",
        "SkuId": "S1",
    ]

    var columns = Self.columns
    var rows: [[String: String]]

    init(_ rows: [String: String]...) { self.rows = rows }
    init(rows: [[String: String]]) { self.rows = rows }

    var bytes: [UInt8] {
        let lines = [columns] + rows.map { row in columns.map { row[$0] ?? Self.usual[$0] ?? "" } }
        return Array(lines.map { $0.map(Self.cell).joined(separator: ",") + "\r\n" }.joined().utf8)
    }

    private static func cell(_ text: String) -> String {
        text.contains(",") || text.contains("\"") || text.contains("\n") ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
    }

    /// A charge of a day in March 2026.
    static func day(_ day: Int, _ row: [String: String] = [:]) -> [String: String] {
        let (from, to) = (day < 10 ? "0\(day)" : "\(day)", day < 9 ? "0\(day + 1)" : "\(day + 1)")
        return ["ChargePeriodStart": "2026-03-\(from)T00:00:00Z", "ChargePeriodEnd": "2026-03-\(to)T00:00:00Z"].merging(row) { $1 }
    }
}

extension Installation {
    func importBill(_ bytes: [UInt8], query: String = "", headers: [String: String] = [:]) async throws -> Reply {
        try await send(
            .post, "/v1/costs/imports?wait=60s" + query, as: home.liveKey, bytes,
            headers: ["Content-Type": "text/csv"].merging(headers) { $1 }
        ).expecting(202)
    }

    /// The view of all cost.
    func defaultView() async throws -> String {
        let views = try await get("/v1/cost-views", as: home.liveKey).expecting(200).items
        return views.first { $0["is_default"] == true }?["id"]?.string ?? ""
    }

    func data(_ query: String, of view: String? = nil, as secret: String? = nil) async throws -> Reply {
        let id: String = if let view { view } else { try await defaultView() }
        return try await get("/v1/cost-views/\(id)/data?" + query, as: secret ?? home.liveKey)
    }
}

extension Reply {
    var total: String { json["total"]?["cost"]?.string ?? "none" }
    /// The cost of each bucket.
    var costs: [String] { (json["data"]?.array ?? []).compactMap { $0["cost"]?.string } }
}
