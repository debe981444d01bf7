import Kernel
import Provider
package import Storage
import Web

/// That a provider had no room for a kind at one of its places: noted when the engine is told so, since the operation goes on trying for a quarter
/// of an hour and others need not wait for its end to go elsewhere.
enum CapacityFailure {
    struct Place: Hashable, Sendable {
        let connection: ConnectionID
        let location: String
    }

    /// Seconds for which it is held against a place: as long as an operation goes on trying.
    static let memory: Int64 = 900

    /// Keeps the latest of each place, and forgets the tenant's old ones.
    static func note(_ resource: Resource, at now: Timestamp, _ connection: Connection) throws {
        let tenant = resource.tenant
        try connection.execute(
            "DELETE FROM capacity_failures WHERE workspace = ? AND mode = ? AND failed_at <= ?", tenant.workspace, tenant.mode,
            now.adding(seconds: -memory))
        try connection.execute(
            """
            INSERT INTO capacity_failures (workspace, mode, connection, location, kind, failed_at) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (workspace, mode, connection, location, kind) DO UPDATE SET failed_at = excluded.failed_at
            """, tenant.workspace, tenant.mode, resource.connection, resource.location, resource.kind, now)
    }

    static func recent(
        _ kind: ResourceKind, at now: Timestamp, in tenant: Tenant, _ connection: Connection
    ) throws -> [Place: Timestamp] {
        let found = try connection.rows(
            """
            SELECT connection, location, failed_at FROM capacity_failures WHERE workspace = ? AND mode = ? AND kind = ? AND failed_at > ?
            """, tenant.workspace, tenant.mode, kind, now.adding(seconds: -memory)
        ) { row in (Place(connection: ConnectionID(row.text(0)), location: row.text(1)), row.time(2)) }
        return Dictionary(found) { max($0, $1) }
    }
}

extension ResourceSchema {
    /// What a search for a place goes by, beside prices and admission.
    package static let placement = [
        Migration(
            "0230-placement", "ALTER TABLE connections ADD COLUMN labels TEXT NOT NULL DEFAULT '{}'",
            """
            CREATE TABLE capacity_failures (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, connection TEXT NOT NULL, location TEXT NOT NULL, kind TEXT NOT NULL,
                failed_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, connection, location, kind)
            ) STRICT, WITHOUT ROWID
            """)
    ]
}
