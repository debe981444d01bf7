/// Why a call to a cloud did not do what was asked.
package struct ProviderError: Error, Sendable, Equatable {
    package let kind: Kind
    /// For the user: what the cloud said, without secrets.
    package let detail: String
    /// How long the cloud asks to be left alone.
    package let retryAfter: Duration?

    package init(_ kind: Kind, _ detail: String, retryAfter: Duration? = nil) {
        self.kind = kind
        self.detail = detail
        self.retryAfter = retryAfter
    }

    package enum Kind: Sendable, Equatable {
        /// Nobody was reached, so nothing has happened.
        case unreachable
        /// The request may have had its effect or not: a time-out, a lost answer, a 5xx.
        case ambiguous
        /// The credentials are not accepted.
        case unauthorized
        /// Too many requests.
        case throttled
        /// The name is taken, or the object's state is against it.
        case conflict
        /// What the change was for is not there.
        case absent
        /// A bucket has something in it, and so is not deleted.
        case notEmpty
        /// There is no room at the moment.
        case capacity
        /// Understood and refused for good: another attempt would end the same.
        case rejected
        /// This cloud cannot do that.
        case unsupported(Capabilities.Feature)
    }
}
