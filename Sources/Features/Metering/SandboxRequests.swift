package import Identity
package import Kernel
package import Storage

/// The sandbox's usage: 90 days of requests that look like a service people use, the same for every reset but for the date.
package struct SandboxRequests: SandboxSeed {
    private static let days: Int64 = 90

    package init() {}

    package func clear(_ tenant: Tenant, _ connection: Connection) throws {
        try connection.execute("DELETE FROM request_minutes WHERE workspace = ? AND mode = ?", tenant.workspace, tenant.mode)
        try connection.execute("DELETE FROM request_hours WHERE workspace = ? AND mode = ?", tenant.workspace, tenant.mode)
    }

    package func plant(_ project: Project, by: Attribution, _ connection: Connection) throws {
        let end = by.at.floored(toSeconds: 3600)
        for hoursAgo in 1...(Self.days * 24) {
            let hour = end.adding(seconds: -hoursAgo * 3600)
            try RequestTotals.addHour(by.tenant, project.account, project.id, hour, Self.requests(in: hour), connection)
        }
    }

    /// Busy by day, quiet at night and at the weekend, with a little unevenness that depends on the hour alone.
    private static func requests(in hour: Timestamp) -> Int {
        let index = hour.seconds / 3600
        let byHour = [8, 6, 5, 5, 6, 9, 16, 30, 52, 70, 78, 80, 74, 78, 82, 80, 72, 60, 46, 36, 28, 22, 16, 11]
        let weekday = (index / 24 + 3) % 7  // 1970 began on a Thursday; 0 is Monday
        let unevenness = Int((index &* 2_654_435_761) & 15)
        return (byHour[Int(index % 24)] + unevenness) / (weekday >= 5 ? 3 : 1)
    }
}
