import ArgumentParser
import AsyncHTTPClient
package import Foundation
package import Kernel
import NIOCore

struct CostViews: RemoteCommand {
    static let configuration = CommandConfiguration(commandName: "views", abstract: "List the cost views of a server.")
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var paging: Paging

    func run(_ server: Remote) async throws {
        try await list(
            server, "/v1/cost-views", [], paging,
            [
                .init("ID", "id", whole: true), .init("NAME", "name"), .init("COSTS", "cost_type"), .init("BY", "granularity"),
                .init("GROUPED", "group_by"), .init("CURRENCY", "currency"),
            ])
    }
}

struct CostData: RemoteCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Read a cost view: what each group came to, and before.")
    @OptionGroup var remote: RemoteOptions
    @Argument(help: "Id or name of a view.")
    var view = "Default"
    @Option(help: "The first day, YYYY-MM-DD; the last seven days without.")
    var from: String?
    @Option(help: "The last day, included.")
    var to: String?
    @Option(help: "service, account, region, tag:KEY and others; up to five, parted by commas.")
    var groupBy = "service"
    @Option(help: "hour, day, week, month, quarter or year.")
    var granularity: String?

    func run(_ server: Remote) async throws {
        try await showCosts(
            server, view, groupBy: groupBy, [("start_date", from), ("end_date", to), ("granularity", granularity)])
    }
}

extension RemoteCommand {
    /// What a view, named by its id or name, comes to by group, and came to in the period compared with.
    func showCosts(_ server: Remote, _ view: String, groupBy: String, _ query: [(String, String?)]) async throws {
        let answer = try await server.get(
            "/v1/cost-views/\(Remote.escaped(server.costView(view)))/data", query + [("group_by", groupBy)])
        show(answer) { terminal in
            let json = answer.json
            let head = "\(json["start_date"]?.string ?? "") to \(json["end_date"]?.string ?? ""), \(json["currency"]?.string ?? "")"
            let rows =
                (json["groups"]?.array ?? []).map { group in
                    JSON.given([
                        ("group", .string(group.nameOfGroup)), ("cost", group["total"]?["cost"]),
                        ("before", group["total"]?["previous_cost"]),
                    ])
                } + [JSON.given([("group", "total"), ("cost", json["total"]?["cost"]), ("before", json["total"]?["previous_cost"])])]
            let table = TextTable(
                [.init(groupBy.uppercased(), "group"), .init("COST", "cost", right: true), .init("BEFORE", "before", right: true)], rows)
            return head + "\n" + table.text(width: terminal.width, colours: terminal.hasColours)
        }
    }
}

extension JSON {
    fileprivate var nameOfGroup: String { (self["key"]?.members ?? []).map { TextTable.text($0.value) }.joined(separator: ", ") }
}

extension Remote {
    fileprivate func costView(_ view: String) async throws -> String {
        guard !view.hasPrefix("cv_") else { return view }
        var cursor: String?
        repeat {
            let page = try await get("/v1/cost-views", [("limit", "100"), ("cursor", cursor)]).json
            if let id = page["data"]?.array?.first(where: { $0["name"]?.string == view })?["id"]?.string { return id }
            cursor = page["next_cursor"]?.string
        } while cursor != nil
        throw RemoteFailure(.notFound, "Error: There is no cost view \(view). cloudapi costs views lists them.")
    }
}

/// `cloudapi costs import` and `export`, of a server that is somewhere else.
package struct RemoteBills: Sendable {
    let server: Remote

    package init(_ server: Remote) { self.server = server }

    /// The import as it ended.
    package func upload(
        _ file: FileHandle, size: Int, name: String, replaces: String, skipsBadRows: Bool, progress: @escaping @Sendable (Int) -> Void
    ) async throws -> JSON {
        let answer = try await server.upload(
            "/v1/costs/imports", [("name", name), ("replaces", replaces), ("skip_bad_rows", skipsBadRows ? "true" : nil), ("wait", "60s")],
            file: file, size: size, type: "text/csv", progress: progress)
        var done = answer.json
        while ["queued", "running"].contains(done["status"]?.string), let id = done["id"]?.string {
            try await Task.sleep(for: .seconds(2))
            done = try await server.get("/v1/costs/imports/" + id).json
        }
        return done
    }

    /// Writes the rows while they come.
    package func export(from: String, to: String, into file: FileHandle) async throws {
        let response = try await server.open("/v1/costs/export", [("from", from), ("to", to)], headers: [])
        for try await part in response.body { try file.write(contentsOf: Data(part.readableBytesView)) }
    }
}
