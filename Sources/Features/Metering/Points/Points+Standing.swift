package import Kernel
package import Storage

extension Points {
    /// What functions a metric of that name was sent with, in a stream or in any of the tenant.
    package static func functions(
        of metric: String, in stream: DataStreamID?, _ tenant: Tenant, _ connection: Connection
    ) throws -> [MetricFunction] {
        try MetricFunction.allCases.filter { function in
            if let stream { return try StoredMetric.find(metric, of: stream, function, in: tenant, connection) != nil }
            return try !StoredMetric.find(metric, function, in: tenant, connection).isEmpty
        }
    }

    /// Another answer where points may have come, gone or changed.
    package static func version(in tenant: Tenant, _ connection: Connection) throws -> String {
        try connection.row(
            "SELECT COUNT(*), COALESCE(SUM(runs), 0) FROM streams WHERE workspace = ? AND mode = ?", tenant.workspace, tenant.mode
        ) { row in "\(row.integer(0)) \(row.integer(1))" } ?? ""
    }
}
