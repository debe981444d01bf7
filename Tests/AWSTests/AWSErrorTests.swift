import AWS
import Provider
import Testing

@Suite struct `An error of AWS` {
    private static let shapes = [
        "<Response><Errors><Error><Code>CODE</Code><Message>said</Message></Error></Errors><RequestID>1</RequestID></Response>",
        "<ErrorResponse xmlns=\"x\"><Error><Type>Sender</Type><Code>CODE</Code><Message>said</Message></Error></ErrorResponse>",
        "<?xml version=\"1.0\"?><Error><Code>CODE</Code><Message>said</Message><StringToSign>hidden</StringToSign></Error>",
    ]

    private static let meanings: [(Int, String, ProviderError.Kind)] = [
        (503, "RequestLimitExceeded", .throttled), (400, "Throttling", .throttled), (503, "SlowDown", .throttled),
        (401, "AuthFailure", .unauthorized), (403, "UnauthorizedOperation", .unauthorized), (403, "ExpiredToken", .unauthorized),
        (400, "RequestExpired", .unauthorized), (403, "SignatureDoesNotMatch", .unauthorized),
        (500, "InsufficientInstanceCapacity", .capacity), (400, "VcpuLimitExceeded", .capacity), (400, "VpcLimitExceeded", .capacity),
        (400, "InvalidInstanceID.NotFound", .absent), (400, "InvalidVpcID.NotFound", .absent), (404, "NoSuchBucket", .absent),
        (400, "InvalidAMIID.NotFound", .rejected), (400, "IncorrectInstanceState", .conflict), (400, "DependencyViolation", .conflict),
        (400, "VolumeInUse", .conflict), (400, "InvalidSubnet.Conflict", .conflict), (400, "InvalidGroup.Duplicate", .conflict),
        (409, "BucketNotEmpty", .conflict), (400, "InvalidParameterValue", .rejected), (400, "UnsupportedOperation", .rejected),
        (500, "InternalError", .ambiguous), (503, "Unavailable", .ambiguous), (500, "Whatever", .ambiguous), (302, "Moved", .rejected),
    ]

    @Test(arguments: meanings, shapes)
    func `means what its code says, wherever it stands`(meaning: (Int, String, ProviderError.Kind), shape: String) {
        let error = ProviderError(AWSError(status: meaning.0, body: Array(shape.replacing("CODE", with: meaning.1).utf8)))
        #expect(error.kind == meaning.2)
        #expect(error.detail == "\(meaning.1): said")
    }

    @Test(arguments: [
        (404, ProviderError.Kind.absent), (403, .unauthorized), (409, .conflict), (429, .throttled), (400, .rejected), (500, .ambiguous),
        (502, .ambiguous),
    ])
    func `without a body means what its status says`(status: Int, kind: ProviderError.Kind) {
        for body in ["", "<html><body>Bad Gateway</body></html>", "not XML"] {
            let error = ProviderError(AWSError(status: status, body: Array(body.utf8)))
            #expect(error.kind == kind)
            #expect(error.detail == "AWS answered \(status).")
        }
    }

    @Test func `says how long to wait`() {
        let error = AWSError(status: 503, body: Array(Self.shapes[2].replacing("CODE", with: "SlowDown").utf8))
        #expect(ProviderError(error, retryAfter: "7").retryAfter == .seconds(7))
        #expect(ProviderError(error, retryAfter: "-1").retryAfter == .zero)
        #expect(ProviderError(error, retryAfter: "soon").retryAfter == nil)
    }
}
