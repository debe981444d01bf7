import HTTPTypes
import Kernel
import Server
import TestKit
import Web

/// A bill of a few rows, as a page's visitor would bring it.
struct SmallBill {
    /// One charge of a day: its day in March 2026, service, region, cost as text, currency.
    struct Row {
        let day: Int
        let service: String
        let region: String
        let cost: String
        var currency = "USD"
    }

    let rows: [Row]

    static let usual = SmallBill(rows: [
        Row(day: 2, service: "Amazon EC2", region: "eu-west-1", cost: "7.89465234773"),
        Row(day: 3, service: "Amazon EC2", region: "us-east-1", cost: "0.10000000000000001"),
        Row(day: 3, service: "<b>S3</b>", region: "eu-west-1", cost: "1000.5"),
        Row(day: 4, service: "AWS Lambda", region: "eu-west-1", cost: "-12.25"),
        Row(day: 4, service: "AWS Lambda", region: "eu-west-1", cost: "5", currency: "EUR"),
    ])

    var text: String {
        let head =
            "ProviderName,PublisherName,InvoiceIssuerName,BillingAccountId,BillingAccountName,SubAccountId,BillingPeriodStart,"
            + "BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,ChargeCategory,ChargeClass,ChargeDescription,ChargeFrequency,BilledCost,"
            + "EffectiveCost,ListCost,ContractedCost,PricingQuantity,PricingUnit,BillingCurrency,ServiceName,ServiceCategory,RegionId,SkuId,Tags"
        let lines = rows.map { row in
            "AWS,AWS,AWS,1,One,11,2026-03-01T00:00:00Z,2026-04-01T00:00:00Z,2026-03-0\(row.day)T00:00:00Z,2026-03-0\(row.day + 1)T00:00:00Z,"
                + "Usage,NULL,Hours,Usage-Based,\(row.cost),\(row.cost),\(row.cost),\(row.cost),1,Hours,\(row.currency),\(row.service),"
                + "Compute,\(row.region),S1,{}"
        }
        return ([head] + lines).map { $0 + "\r\n" }.joined()
    }
}

extension Installation {
    func importBill(_ bill: SmallBill = .usual) async throws {
        _ = try await send(
            .post, "/v1/costs/imports?wait=60s", as: home.liveKey, Array(bill.text.utf8), headers: ["Content-Type": "text/csv"]
        )
        .expecting(202)
    }

    func defaultView(of secret: String? = nil) async throws -> String {
        let views = try await get("/v1/cost-views", as: secret ?? home.liveKey).expecting(200).items
        return views.first { $0["is_default"] == true }?["id"]?.string ?? ""
    }
}

extension Browser {
    /// Every `<data value="…">` of the page, in order.
    var figures: [String] {
        page.split(separator: "<data value=\"").dropFirst().map { String($0.prefix { $0 != "\"" }) }
    }

    /// Sends a form that brings a file.
    func upload(_ path: String, _ fields: [String: String], file: String, named name: String, isOurs: Bool = true) async throws -> Reply {
        let boundary = "----cloudapi0123456789"
        var all = fields
        all["form_token"] = all["form_token"] ?? (isOurs ? hidden("form_token") : "elsewhere")
        all["once"] = all["once"] ?? hidden("once")
        var body = all.map { "--\(boundary)\r\nContent-Disposition: form-data; name=\"\($0.key)\"\r\n\r\n\($0.value)\r\n" }.joined()
        body += "--\(boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\(name)\"\r\nContent-Type: text/csv\r\n\r\n"
        body += file + "\r\n--\(boundary)--\r\n"
        return try await send(path, body, type: "multipart/form-data; boundary=\(boundary)")
    }
}
