// What an error means is in its code; the status only helps where there is none. Codes are those of EC2 (docs.aws.amazon.com/AWSEC2/latest/
// APIReference/errors-overview.html), STS and S3. What is in no list here is refused for good when it is a 4xx, and in doubt when it is not.

import Kernel
package import Provider

/// An error as AWS tells it: EC2 in `Response/Errors/Error`, STS in `ErrorResponse/Error`, S3 in `Error`.
package struct AWSError: Sendable, Equatable {
    package let status: Int
    /// Empty when the answer had none: to a HEAD, or from something in between.
    package let code: String
    package let message: String

    package init(status: Int, body: [UInt8]) {
        let error = (try? XMLTree.parse(body))?.descendant("Error")
        self.status = status
        code = error?.string("Code") ?? ""
        message = error?.string("Message") ?? ""
    }

    package var kind: ProviderError.Kind {
        if let known = Self.kinds[code] { return known }
        if let known = Self.endings.first(where: { code.hasSuffix($0.0) })?.1 { return known }
        switch status {
        case 400..<500 where code.isEmpty: return Self.kind(ofStatus: status)
        case 300..<500: return .rejected
        default: return .ambiguous
        }
    }

    /// The keys of a role have ended; EC2 calls that an expired request.
    var isOfExpiredKeys: Bool { ["ExpiredToken", "ExpiredTokenException", "RequestExpired"].contains(code) }

    private static func kind(ofStatus status: Int) -> ProviderError.Kind {
        switch status {
        case 401, 403: .unauthorized
        case 404: .absent
        case 408: .ambiguous
        case 409: .conflict
        case 429: .throttled
        default: .rejected
        }
    }

    private static let kinds: [String: ProviderError.Kind] = {
        let listed: [(ProviderError.Kind, [String])] = [
            (
                .throttled,
                [
                    "RequestLimitExceeded", "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled",
                    "RequestThrottledException", "EC2ThrottledException", "TooManyRequestsException", "BandwidthLimitExceeded",
                    "SlowDown", "SnapshotCreationPerVolumeRateExceeded",
                ]
            ),
            (
                .unauthorized,
                [
                    "AuthFailure", "UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "ExpiredToken",
                    "ExpiredTokenException", "InvalidClientTokenId", "InvalidAccessKeyId", "InvalidToken", "InvalidSecurity",
                    "SignatureDoesNotMatch", "RequestExpired", "RequestTimeTooSkewed", "MissingAuthenticationToken",
                    "UnrecognizedClientException", "NotAuthorized", "OptInRequired", "PendingVerification", "Blocked",
                    "IncompleteSignature",
                    "AccountProblem", "AllAccessDisabled",
                ]
            ),
            (
                .capacity,
                [
                    "InsufficientInstanceCapacity", "InsufficientHostCapacity", "InsufficientCapacity", "InsufficientVolumeCapacity",
                    "InsufficientAddressCapacity", "InsufficientFreeAddressesInSubnet", "InsufficientReservedInstanceCapacity",
                    "PrivateIpAddressLimitExceeded", "TooManyBuckets",
                ]
            ),
            (.absent, ["NoSuchBucket", "NoSuchKey", "NoSuchVersion", "NoSuchTagSet", "NoSuchEntity", "NotFound"]),
            (
                .conflict,
                [
                    "IncorrectInstanceState", "IncorrectState", "VolumeInUse", "DependencyViolation", "OperationNotPermitted",
                    "IncorrectModificationState", "IdempotentParameterMismatch", "BucketAlreadyExists", "BucketAlreadyOwnedByYou",
                    "BucketNotEmpty", "OperationAborted", "ConcurrentTagAccess", "Resource.AlreadyAssociated",
                    "Resource.AlreadyAttached", "Conflict", "InvalidBucketState", "RouteAlreadyExists", "Resource.AlreadyAssigned",
                ]
            ),
            (.ambiguous, ["RequestTimeout", "InternalError", "InternalFailure", "ServiceUnavailable", "Unavailable"]),
            // An image is part of the order and not of what is there.
            (.rejected, ["InvalidAMIID.NotFound", "InvalidAMIID.Unavailable", "InvalidAMIID.Malformed", "InvalidKeyPair.NotFound"]),
        ]
        return Dictionary(listed.flatMap { kind, codes in codes.map { ($0, kind) } }) { first, _ in first }
    }()

    /// `InvalidVpcID.NotFound`, `InvalidVolumeID.NotFound`, `VcpuLimitExceeded`: as there are too many of them.
    private static let endings: [(String, ProviderError.Kind)] = [
        (".NotFound", .absent), (".InUse", .conflict), (".Duplicate", .conflict), (".Conflict", .conflict), ("LimitExceeded", .capacity),
    ]
}

extension ProviderError {
    /// An answer that is no success.
    package init(_ error: AWSError, retryAfter: String? = nil) {
        let words = [error.code, error.message].filter { !$0.isEmpty }.joined(separator: ": ")
        let pause = retryAfter.flatMap { Int($0) }.map { Duration.seconds(min(max($0, 0), 3600)) }
        self.init(error.kind, Self.readable(words.isEmpty ? "AWS answered \(error.status)." : words), retryAfter: pause)
    }
}
