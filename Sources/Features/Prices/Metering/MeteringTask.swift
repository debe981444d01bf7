package import Kernel
package import Storage

extension MeteredTime {
    /// What is due by itself: closed hours, budgets whose sums have to be computed anew, and what released resources left behind. A bounded
    /// number of rows a transaction, so that no write waits long.
    package static func catchUp(_ store: Store, _ surroundings: Surroundings) async throws {
        let now = surroundings.now()
        while try await store.write({ try closeRuns(at: now, $0) }) > 0 {}
        while try await store.write({ try closeHours(at: now, limit: 500, $0) }) > 0 {}
        while try await store.write({ try BudgetLedger.refreshDue(at: now, limit: 10, $0) }) > 0 {}
        while try await store.write({ try Commitment.removeOld(at: now, limit: 500, $0) }) > 0 {}
    }
}
