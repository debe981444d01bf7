import Kernel
import Provider
import Storage

/// What was measured of an instance, kept for a day.
enum InstanceSamples {
    static let retention: Int64 = 1

    static func insert(_ samples: [(ResourceID, Sample)], _ tenant: Tenant, _ connection: Connection) throws {
        for (instance, sample) in samples {
            try connection.execute(
                """
                INSERT INTO instance_samples (workspace, mode, instance, taken_at, cpu_millipercent, memory, memory_limit, received, sent, \
                disk_read, disk_written) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
                """,
                tenant.workspace, tenant.mode, instance, sample.at, Int((sample.cpuPercent * 1000).rounded()), sample.memoryBytes,
                sample.memoryLimitBytes, sample.networkReceivedBytes, sample.networkSentBytes, sample.diskReadBytes, sample.diskWrittenBytes
            )
        }
    }

    /// Oldest first.
    static func read(_ instance: ResourceID, in tenant: Tenant, from: Timestamp, to: Timestamp, _ connection: Connection) throws -> [Sample]
    {
        try connection.rows(
            """
            SELECT taken_at, cpu_millipercent, memory, memory_limit, received, sent, disk_read, disk_written FROM instance_samples \
            WHERE workspace = ? AND mode = ? AND instance = ? AND taken_at >= ? AND taken_at <= ? ORDER BY taken_at
            """, tenant.workspace, tenant.mode, instance, from, to
        ) { row in
            Sample(
                at: row.time(0), cpuPercent: Double(row.integer(1)) / 1000, memoryBytes: row.integer(2), memoryLimitBytes: row.integer(3),
                networkReceivedBytes: row.integer(4), networkSentBytes: row.integer(5), diskReadBytes: row.integer(6),
                diskWrittenBytes: row.integer(7))
        }
    }

    static func removeOld(at now: Timestamp, limit: Int, _ connection: Connection) throws -> Int {
        try connection.execute(
            """
            DELETE FROM instance_samples WHERE (workspace, mode, instance, taken_at) IN \
            (SELECT workspace, mode, instance, taken_at FROM instance_samples WHERE taken_at < ? ORDER BY taken_at LIMIT ?)
            """, now.adding(days: -retention), limit)
    }
}
