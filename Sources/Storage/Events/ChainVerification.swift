package import Kernel

// A log of a million rows is verified in parts, by as many threads as the store reads with. Each part starts from the hash that the row before it
// has, and the part before vouches for that row; so the parts together say what one pass does. Whatever they find amiss is left to one pass
// over one snapshot to name: rows may come, or be retired, while the parts are read.

/// A chain that was found whole.
package struct VerifiedChain: Sendable {
    package let rows: Int
    package let head: EventLog.Head?
}

extension Store {
    /// Verifies a whole chain. `trusted` are heads written down earlier by somebody who does not trust this database; all must still be part
    /// of it. Throws the first `ChainVerifier.Finding`.
    package func verifyChain(
        of tenant: Tenant, trusted: [EventLog.Head] = [], rowsOfPart: Int64 = 50_000
    ) async throws -> VerifiedChain {
        if let whole = try await verifiedInParts(tenant, trusted, rowsOfPart) { return whole }
        return try await scan { connection in
            for head in trusted.dropFirst() { _ = try ChainVerifier.verify(tenant, trustedHead: head, connection) }
            let rows = try ChainVerifier.verify(tenant, trustedHead: trusted.first, connection)
            return VerifiedChain(rows: rows, head: try EventLog.head(of: tenant, connection))
        }
    }

    /// Nil for a chain that is short, that has lost its beginning, or that something is wrong with.
    private func verifiedInParts(_ tenant: Tenant, _ trusted: [EventLog.Head], _ rowsOfPart: Int64) async throws -> VerifiedChain? {
        let (head, oldest) = try await read { try (EventLog.head(of: tenant, $0), EventLog.oldest(in: tenant, $0)) }
        guard let head, oldest == 1, head.sequence > rowsOfPart else { return nil }
        do {
            try await withThrowingTaskGroup(of: Void.self) { parts in
                for lower in stride(from: 0, to: head.sequence, by: Int64.Stride(rowsOfPart)) {
                    let rows = lower..<min(lower + rowsOfPart, head.sequence)
                    parts.addTask {
                        let last = try await scan { try ChainVerifier.verify(rows, of: tenant, $0) }
                        guard last?.sequence == rows.upperBound, last == head || rows.upperBound < head.sequence else { throw Unsettled() }
                    }
                }
                try await parts.waitForAll()
            }
            let kept = try await read { connection in
                try trusted.allSatisfy { try EventLog.head(of: tenant, at: $0.sequence, connection) == $0 }
            }
            return kept ? VerifiedChain(rows: Int(head.sequence), head: head) : nil
        } catch is ChainVerifier.Finding {
            return nil
        } catch is Unsettled {
            return nil
        }
    }

    private struct Unsettled: Error {}
}
