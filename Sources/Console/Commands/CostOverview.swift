import ArgumentParser
import Foundation
import Kernel

/// What `cloudapi costs` says by itself.
struct CostOverview: RemoteCommand {
    static let configuration = CommandConfiguration(
        commandName: "overview", abstract: "This month so far by service, beside last month by the same day.")
    @OptionGroup var remote: RemoteOptions
    @Option(help: "Id or name of a view.")
    var view = "Default"

    func run(_ server: Remote) async throws {
        let now = Timestamp(seconds: Int64(Date().timeIntervalSince1970))
        try await showCosts(
            server, view, groupBy: "service",
            [("start_date", day(now.startOfMonth)), ("end_date", day(now)), ("compare", "previous_month")])
    }

    private func day(_ time: Timestamp) -> String { String(time.description.prefix(10)) }
}
