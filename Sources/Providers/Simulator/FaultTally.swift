import Kernel
import Storage

/// How often each fault of a connection has fired. Kept with the settings it was counted under: other settings begin anew.
struct FaultTally: Sendable {
    private let tenant: Tenant
    private let connection: String
    private let digest: String

    init(tenant: Tenant, connection: String, settings: JSON) {
        self.tenant = tenant
        self.connection = connection
        // FNV-1a, 64 bits: told apart are settings that one person edits.
        let sum = settings.canonicalBytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        digest = String(sum, radix: 16)
    }

    /// Counts it once more, unless it has fired `times` times already; 0 is always.
    func count(_ fault: Int, atMost times: Int, _ database: Connection) throws -> Bool {
        try database.execute(
            "DELETE FROM simulator_faults WHERE workspace = ? AND mode = ? AND connection = ? AND settings <> ?", tenant.workspace,
            tenant.mode, connection, digest)
        try database.execute(
            """
            INSERT INTO simulator_faults (workspace, mode, connection, settings, fault, fired) VALUES (?, ?, ?, ?, ?, 0)
            ON CONFLICT (workspace, mode, connection, settings, fault) DO NOTHING
            """, tenant.workspace, tenant.mode, connection, digest, fault)
        return try database.execute(
            """
            UPDATE simulator_faults SET fired = fired + 1
            WHERE workspace = ? AND mode = ? AND connection = ? AND settings = ? AND fault = ? AND (CAST(? AS BIGINT) = 0 OR fired < ?)
            """, tenant.workspace, tenant.mode, connection, digest, fault, times, times) > 0
    }
}
