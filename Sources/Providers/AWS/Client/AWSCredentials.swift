package import Kernel

/// What requests are signed with.
package struct AWSCredentials: Sendable, Equatable {
    package let accessKeyID: String
    let secretAccessKey: String
    /// Goes with keys that end, and is sent with every request.
    let sessionToken: String?
    /// Nil when they hold until somebody takes them back.
    let expiresAt: Timestamp?

    package init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil, expiresAt: Timestamp? = nil) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
        self.expiresAt = expiresAt
    }
}

/// Whoever prints one sees which key it is and nothing to sign with.
extension AWSCredentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "AWS key \(accessKeyID)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["accessKeyID": accessKeyID]) }
}
