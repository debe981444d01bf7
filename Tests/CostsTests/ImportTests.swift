import HTTPTypes
import Kernel
import Server
import TestKit
import Testing

@Suite struct `Bills` {
    private static let march = "start_date=2026-03-01&end_date=2026-03-31"

    @Test func `are imported whole, and say how many rows they had`() async throws {
        try await Installation.run { (cloud: Installation) async throws -> Void in
            let bill = Bill(Bill.day(1), Bill.day(2, ["BilledCost": "0.00000000000000001"]), Bill.day(3, ["BilledCost": "4e-10"]))
            let done = try await cloud.importBill(bill.bytes, query: "&name=march.csv")
            #expect(done.text("status") == "succeeded" && done["rows"] == 3 && done.text("name") == "march.csv")
            #expect(done["periods"]?.array?.count == 1 && done["replaced_rows"] == 0)
            #expect(try await cloud.data(Self.march).expecting(200).total == "1.00000000040000001")
            #expect(try await cloud.get("/v1/costs/imports", as: cloud.home.liveKey).ids == [done.text("id")])
            _ = try await cloud.delete("/v1/costs/imports/" + done.text("id"), as: cloud.home.liveKey).expecting(204)
            #expect(try await cloud.data(Self.march).total == "0")
        }
    }

    @Test func `replace what they restate, and never double it`() async throws {
        try await Installation.run { (cloud: Installation) async throws -> Void in
            let first = try await cloud.importBill(Bill(Bill.day(1), Bill.day(2)).bytes)
            let again = try await cloud.importBill(Bill(Bill.day(1), Bill.day(2)).bytes)
            #expect(again["replaced_rows"] == 2)
            #expect(try await cloud.get("/v1/costs/imports/" + first.text("id"), as: cloud.home.liveKey).text("status") == "replaced")
            let other = try await cloud.importBill(Bill(Bill.day(1, ["BillingAccountId": "2"])).bytes)
            #expect(other["replaced_rows"] == 0)
            let data = try await cloud.data(Self.march).expecting(200)
            #expect(data.total == "3" && data["restated_since"]?.string != nil)
            #expect(data.text("data_through") == "2026-03-03T00:00:00Z")
        }
    }

    @Test func `may come in several files of one period`() async throws {
        try await Installation.run { (cloud: Installation) async throws -> Void in
            _ = try await cloud.importBill(Bill(Bill.day(1)).bytes, query: "&name=a&replaces=name")
            _ = try await cloud.importBill(Bill(Bill.day(2)).bytes, query: "&name=b&replaces=name")
            _ = try await cloud.importBill(Bill(Bill.day(2)).bytes, query: "&name=b&replaces=name")
            #expect(try await cloud.data(Self.march).total == "2")
        }
    }

    @Test func `in many segments are read by several readers, which see each bill once and whole`() async throws {
        try await Installation.run { (cloud: Installation) async throws -> Void in
            let accounts = (0..<12).map(String.init)
            func bill(_ cost: String) -> [UInt8] {
                Bill(
                    rows: accounts.flatMap { account in
                        (1...3).map { Bill.day($0, ["BillingAccountId": account, "ServiceName": "service \($0)", "BilledCost": cost]) }
                    }
                ).bytes
            }
            _ = try await cloud.importBill(bill("1"))
            let grouped = try await cloud.data(Self.march + "&group_by=BillingAccountId,ServiceName").expecting(200)
            #expect(grouped.total == "36" && grouped["rows"] == 36 && grouped["group_count"] == 36)
            #expect(grouped["groups"]?.array?.allSatisfy { $0["total"]?["cost"]?.string == "1" } == true, "\(grouped.text)")
            // While it is replaced again and again, whoever asks sees one bill or the next.
            try await withThrowingTaskGroup { group in
                group.addTask { for cost in ["2", "1", "2", "1", "2"] { _ = try await cloud.importBill(bill(cost)) } }
                for _ in 0..<3 {
                    group.addTask {
                        for _ in 0..<20 {
                            let total = try await cloud.data(Self.march + "&group_by=ServiceName").expecting(200).total
                            #expect(["36", "72"].contains(total))
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await cloud.data(Self.march).total == "72")
        }
    }

    @Test(arguments: [
        ("BilledCost", "1,5", 3), ("BilledCost", "NULL", 3), ("BilledCost", "nan", 3), ("ChargePeriodStart", "5/1/26", 3),
        ("ChargePeriodStart", "2026-03-01T30:00:00Z", 3), ("ChargeCategory", "usage", 3), ("Tags", "[1]", 3), ("Tags", "{\"a\":{}}", 3),
        ("ListCost", "0x10", 3), ("ChargePeriodEnd", "2026-02-01", 3), ("BillingPeriodStart", "soon", 3),
    ])
    func `are refused with line and column, and nothing is kept`(column: String, value: String, line: Int) async throws {
        try await Installation.run { (cloud: Installation) async throws -> Void in
            let bill = Bill(Bill.day(1), Bill.day(1, [column: value]), Bill.day(1)).bytes
            let refused = try await cloud.importBill(bill)
            #expect(refused.text("status") == "failed" && refused["rows"] == 0)
            let error = refused["errors"]?.array?.first
            #expect(error?["line"]?.integer == Int64(line) && error?["column"]?.string == column, "\(refused.text)")
            #expect(try await cloud.data(Self.march).total == "0")
            let skipped = try await cloud.importBill(bill, query: "&skip_bad_rows=true")
            #expect(skipped.text("status") == "succeeded" && skipped["rows"] == 2 && skipped["skipped_rows"] == 1)
            #expect(skipped["errors"]?.array?.first?["column"]?.string == column)
            #expect(try await cloud.data(Self.march).total == "2")
        }
    }

    @Test func `name the row that comes first, among many that are bad, and leave out no others`() async throws {
        try await Installation.run { (cloud: Installation) async throws -> Void in
            var rows = (0..<300).map { Bill.day(1, ["BillingAccountId": $0 % 100 < 20 && $0 % 2 == 0 ? "2" : "1", "SkuId": "S\($0)"]) }
            rows[150]["Tags"] = "[1]"
            rows[160]["BilledCost"] = "one"
            rows[161]["ChargePeriodEnd"] = "2026-02-01T00:00:00Z"
            let bill = Bill(rows: rows).bytes
            let refused = try await cloud.importBill(bill)
            #expect(refused["errors"]?.array?.first?["line"] == 152 && refused["errors"]?.array?.first?["column"] == "Tags")
            let skipped = try await cloud.importBill(bill, query: "&skip_bad_rows=true")
            #expect(skipped["rows"] == 297 && skipped["skipped_rows"] == 3)
            #expect(skipped["errors"]?.array?.compactMap { $0["line"]?.integer } == [152, 162, 163])
            let data = try await cloud.data(Self.march + "&group_by=SkuId").expecting(200)
            #expect(data["group_count"] == 297 && data.total == "297")
        }
    }

    @Test func `that are no file at all begin no import`() async throws {
        try await Installation.run { (cloud: Installation) async throws -> Void in
            let refused = try await cloud.send(
                .post, "/v1/costs/imports", as: cloud.home.liveKey, [UInt8](), headers: ["Content-Type": "text/csv"])
            #expect(refused.status == 400 && refused.text("code") == "invalid_parameter")
            #expect(try await cloud.get("/v1/costs/imports", as: cloud.home.liveKey).items.isEmpty)
        }
    }

    @Test func `of the wrong shape are refused`() async throws {
        try await Installation.run { (cloud: Installation) async throws -> Void in
            @Sendable func refusal(_ bytes: [UInt8]) async throws -> String {
                let refused = try await cloud.importBill(bytes)
                #expect(refused.text("status") == "failed")
                let error = refused["errors"]?.array?.first
                return "\(error?["line"]?.integer ?? -1) \(error?["column"]?.string ?? "-")"
            }
            var without = Bill(Bill.day(1))
            without.columns.removeAll { $0 == "EffectiveCost" }
            #expect(try await refusal(without.bytes) == "1 EffectiveCost")
            let good = Bill(Bill.day(1)).bytes
            let wide = good + Array(repeatElement("x", count: 200).joined(separator: ",").utf8)
            #expect(try await refusal(wide) == "3 -")
            #expect(try await refusal(good + Array("\"open".utf8)) == "3 -")
            #expect(try await refusal([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 75]) == "0 -")
        }
    }

    @Test func `keep columns that FOCUS does not know, and every digit`() async throws {
        try await Installation.run { (cloud: Installation) async throws -> Void in
            let row = Bill.day(
                5, ["BilledCost": "-12345678901234567890.12345678901234567", "x_Note": "a \"b\",\nc", "Tags": "{\"env\":\"dev\"}"])
            _ = try await cloud.importBill(Bill(row).bytes)
            let exported = try await cloud.get("/v1/costs/export?from=2026-03-01&to=2026-03-31", as: cloud.home.liveKey).expecting(200)
            #expect(exported.text.contains("-12345678901234567890.12345678901234567"))
            #expect(exported.text.contains("\"a \"\"b\"\",\nc\"") && exported.text.contains("x_Note"))
            let back = try await cloud.importBill(exported.bytes)
            #expect(back.text("status") == "succeeded" && back["replaced_rows"] == 1)
            #expect(try await cloud.get("/v1/costs/export?from=2026-03-01&to=2026-03-31", as: cloud.home.liveKey).bytes == exported.bytes)
        }
    }

    @Test func `with warnings are imported nevertheless`() async throws {
        try await Installation.run { (cloud: Installation) async throws -> Void in
            let done = try await cloud.importBill(
                Bill(
                    Bill.day(1, ["ContractedCost": "NULL"]), Bill.day(1, ["ServiceCategory": "Storage", "ChargeClass": "odd"]),
                    Bill.day(1, ["ChargeCategory": "Purchase", "CommitmentDiscountId": "c", "BilledCost": "10", "EffectiveCost": "0"]),
                    Bill.day(1, ["CommitmentDiscountId": "c", "BilledCost": "0", "EffectiveCost": "9"])
                ).bytes)
            let codes = done["warnings"]?.array?.compactMap { $0["code"]?.string }
            #expect(codes == ["null_cost", "service_categories", "charge_class", "commitment"])
            let contracted = try await cloud.data(Self.march + "&cost_type=Contracted")
            #expect(contracted["null_rows"] == 1)
        }
    }

    @Test func `that are many and small are one sum`() async throws {
        try await Installation.run { (cloud: Installation) async throws -> Void in
            let rows = (0..<40_000).map { Bill.day($0 % 28 + 1, ["BilledCost": "0.1", "BillingAccountId": "\($0 % 3)"]) }
            let done = try await cloud.importBill(Bill(rows: rows).bytes)
            #expect(done["rows"] == 40_000)
            #expect(try await cloud.data(Self.march).total == "4000")
        }
    }

    @Test func `of more rows than a segment holds keep every row, over empty lines, quotes over two lines and both ends of a segment`()
        async throws
    {
        try await Installation.run { (cloud: Installation) async throws -> Void in
            let columns = Bill(Bill.day(1)).bytes.split(separator: UInt8(ascii: "\r"))[0]
            let usual = String(decoding: Bill(Bill.day(1, ["ChargeDescription": "@", "BilledCost": "#"])).bytes, as: UTF8.self)
                .split(separator: "\r\n")[1].split(separator: "@").map(String.init)
            let (head, tail) = (usual[0], usual[1].split(separator: "#").map(String.init))
            var text = String(decoding: columns, as: UTF8.self) + "\r\n"
            var line = 2
            var bad: [Int64] = []
            for row in 0..<33_500 {
                // On both sides of where the first segment ends, and one among many.
                let isBad = [100, 32_767, 32_768].contains(row)
                if isBad { bad.append(Int64(line)) }
                let note = row % 50 == 7 ? "\"of\r\ntwo \"\"lines\"\"\"" : "row \(row % 9)"
                text += head + note + tail[0] + (isBad ? "many" : "0.01") + tail[1] + (row % 3 == 0 ? "\r\n" : "\n")
                line += row % 50 == 7 ? 2 : 1
                if row % 1000 == 999 {
                    text += "\n"
                    line += 1
                }
            }
            let done = try await cloud.importBill(Array(text.utf8), query: "&skip_bad_rows=true")
            #expect(done["rows"] == 33_497 && done["skipped_rows"] == 3)
            #expect(done["errors"]?.array?.compactMap { $0["line"]?.integer } == bad)
            let data = try await cloud.data(Self.march + "&group_by=ChargeDescription").expecting(200)
            #expect(data.total == "334.97" && data["group_count"] == 10 && data["rows"] == 33_497)
        }
    }
}
