import Crypto
package import Kernel

/// A kept answer: the row that makes a retried write harmless. It commits in the transaction of the effect it stands for; that of a refusal, which
/// has none, in one of its own.
package struct IdempotencyRow: Sendable {
    /// The digest of the body it was first sent with; another body under the same key is refused.
    package let fingerprint: [UInt8]
    package let status: Int
    /// Header fields that belong to the answer, one `name: value` a line.
    package let headers: String
    package let body: [UInt8]
    /// The body holds a secret and is sealed under a key that only the caller can derive.
    package let isSealed: Bool

    package init(fingerprint: [UInt8], status: Int, headers: String, body: [UInt8], isSealed: Bool) {
        self.fingerprint = fingerprint
        self.status = status
        self.headers = headers
        self.body = body
        self.isSealed = isSealed
    }

    /// How long an answer is kept.
    package static let lifetime: Int64 = 72 * 3600

    /// What names a request: who (stable across rotation), what and the caller's own key, as one digest.
    package struct Name: Hashable, Sendable {
        package let tenant: Tenant
        package let digest: [UInt8]

        package init(tenant: Tenant, credential: String, method: String, path: String, key: String) {
            self.tenant = tenant
            var hasher = SHA256()
            for part in [credential, method, path, key] {
                hasher.update(data: Array(part.utf8))
                hasher.update(data: [0])
            }
            digest = Array(hasher.finalize())
        }
    }
}

extension IdempotencyRow {
    package static func find(_ name: Name, at now: Timestamp, _ connection: Connection) throws -> IdempotencyRow? {
        try connection.row(
            """
            SELECT fingerprint, status, headers, body, is_sealed FROM idempotency_rows
            WHERE workspace = ? AND mode = ? AND request = ? AND created_at > ?
            """, name.tenant.workspace, name.tenant.mode, name.digest, now.adding(seconds: -lifetime)
        ) { row in
            try IdempotencyRow(fingerprint: row.get(0), status: row.get(1), headers: row.get(2), body: row.get(3), isSealed: row.get(4))
        }
    }

    /// Answers false when the name is taken: another transaction got there first, and this one must be undone.
    package func insert(_ name: Name, at now: Timestamp, _ connection: Connection) throws -> Bool {
        try connection.execute(
            """
            INSERT INTO idempotency_rows (workspace, mode, request, fingerprint, status, headers, body, is_sealed, created_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (workspace, mode, request) DO UPDATE SET fingerprint = excluded.fingerprint, status = excluded.status,
                headers = excluded.headers, body = excluded.body, is_sealed = excluded.is_sealed, created_at = excluded.created_at
            WHERE idempotency_rows.created_at <= ?
            """, name.tenant.workspace, name.tenant.mode, name.digest, fingerprint, status, headers, body, isSealed, now,
            now.adding(seconds: -Self.lifetime)) == 1
    }

    /// Removes rows past their lifetime, at most `limit` of them; answers how many. Of every tenant: it is the operator's broom.
    package static func removeExpired(at now: Timestamp, limit: Int, _ connection: Connection) throws -> Int {
        try connection.execute(
            """
            DELETE FROM idempotency_rows WHERE (workspace, mode, request) IN
                (SELECT workspace, mode, request FROM idempotency_rows WHERE created_at <= ? ORDER BY created_at LIMIT ?)
            """, now.adding(seconds: -lifetime), limit)
    }

    package static let migrations = [
        Migration(
            "0002-idempotency",
            """
            CREATE TABLE idempotency_rows (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, request BLOB NOT NULL, fingerprint BLOB NOT NULL, status INTEGER NOT NULL,
                headers TEXT NOT NULL, body BLOB NOT NULL, is_sealed INTEGER NOT NULL, created_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, request)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX idempotency_rows_by_age ON idempotency_rows (created_at)")
    ]

    /// For the reason of `EventSchema.wideRows`; and a key, being a digest, finds its place among keys alone and not among whole answers.
    package static let wideRows = [
        Migration(
            "0152-idempotency-rows", only: .sqlite,
            """
            CREATE TABLE wide_rows (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, request BLOB NOT NULL, fingerprint BLOB NOT NULL, status INTEGER NOT NULL,
                headers TEXT NOT NULL, body BLOB NOT NULL, is_sealed INTEGER NOT NULL, created_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, request)
            ) STRICT
            """,
            """
            INSERT INTO wide_rows (workspace, mode, request, fingerprint, status, headers, body, is_sealed, created_at)
            SELECT workspace, mode, request, fingerprint, status, headers, body, is_sealed, created_at FROM idempotency_rows ORDER BY created_at
            """,
            "DROP TABLE idempotency_rows",
            "ALTER TABLE wide_rows RENAME TO idempotency_rows",
            "CREATE INDEX idempotency_rows_by_age ON idempotency_rows (created_at)")
    ]
}
