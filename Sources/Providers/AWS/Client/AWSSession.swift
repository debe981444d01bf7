import Kernel
import Synchronization

/// A role that is taken on with a connection's own keys.
package struct AWSRole: Sendable, Equatable {
    /// `arn:aws:iam::123456789012:role/cloudapi`.
    package let arn: String
    /// What the role's trust policy asks for, so that nobody else can have us take it on.
    package let externalID: String?
    /// Stands in the account's own trail.
    package let sessionName: String

    package init(arn: String, externalID: String?, sessionName: String) {
        self.arn = arn
        self.externalID = externalID
        self.sessionName = sessionName
    }
}

/// The keys of one connection: its own, and those of the role for as long as they hold.
///
/// Keys of a role are renewed before they end. Two calls that find them near their end may both renew them; either's are good.
final class AWSSession: Sendable {
    let own: AWSCredentials
    let role: AWSRole?
    private let assumed = Mutex<AWSCredentials?>(nil)

    /// Seconds before their end at which keys are renewed, and at which they are not used any more.
    private static let (early, last) = (Int64(300), Int64(30))

    init(own: AWSCredentials, role: AWSRole?) {
        self.own = own
        self.role = role
    }

    enum State {
        case good(AWSCredentials)
        /// They can still be used, should renewing them fail.
        case ending(AWSCredentials)
        case none
    }

    func state(at now: Timestamp) -> State {
        guard role != nil else { return .good(own) }
        guard let held = assumed.withLock({ $0 }) else { return .none }
        guard let end = held.expiresAt else { return .good(held) }
        if now.adding(seconds: Self.early) < end { return .good(held) }
        return now.adding(seconds: Self.last) < end ? .ending(held) : .none
    }

    func keep(_ credentials: AWSCredentials) { assumed.withLock { $0 = credentials } }

    /// They were refused: the next call takes the role on anew.
    func forget(_ credentials: AWSCredentials) {
        assumed.withLock { if $0 == credentials { $0 = nil } }
    }
}
