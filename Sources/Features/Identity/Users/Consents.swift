package import Kernel
package import Storage

/// What a person let others do for them, which features below this one keep: the server joins them.
///
/// Whoever is deactivated, or gets a new password because the old one may be known, must not find it alive when they come back. So it ends in
/// the same transaction, and is no matter of a sweep that may come too late.
package struct Consents: Sendable {
    package enum Reason: Sendable {
        case deactivated
        case passwordReset
    }

    private let end: @Sendable (UserID, Reason, Attribution, Connection) throws -> Void

    package init(end: @escaping @Sendable (UserID, Reason, Attribution, Connection) throws -> Void) { self.end = end }

    package func end(of person: UserID, _ reason: Reason, by: Attribution, _ connection: Connection) throws {
        try end(person, reason, by, connection)
    }
}
