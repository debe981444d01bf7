import Crypto
import Foundation
import Kernel
import Outgoing
import Provider

/// The calls about buckets, one each, by path (`/bucket`), as every server that speaks S3 takes them.
struct S3API: Sendable {
    let client: AWSClient

    /// An answer as it is meant: what is refused is looked at where the code says more than that it failed.
    enum Reply {
        case done(OutgoingResponse)
        case refused(AWSError)
    }

    func reply(_ call: AWSClient.Call) async throws(ProviderError) -> Reply {
        switch try await client.reply(to: call) {
        case .done(let answer): return .done(answer)
        case .refused(let error, let pause) where error.isInDoubt || error.kind == .throttled:
            throw ProviderError(error, retryAfter: pause)
        case .refused(let error, _): return .refused(error)
        }
    }

    /// Throws what is refused.
    @discardableResult
    func send(_ call: AWSClient.Call) async throws(ProviderError) -> OutgoingResponse {
        switch try await reply(call) {
        case .done(let answer): answer
        case .refused(let error): throw ProviderError(s3: error)
        }
    }

    /// What the answer says; nil when there is no such thing, or the server has no such call.
    func document(_ call: AWSClient.Call, absent codes: Set<String>) async throws(ProviderError) -> XMLTree? {
        switch try await reply(call) {
        case .done(let answer): return try Self.parsed(answer)
        case .refused(let error) where codes.contains(error.code) || error.isNotImplemented: return nil
        case .refused(let error): throw ProviderError(s3: error)
        }
    }

    static func parsed(_ answer: OutgoingResponse) throws(ProviderError) -> XMLTree {
        do {
            return try XMLTree.parse(answer.body)
        } catch {
            throw ProviderError(.ambiguous, "The server's answer is no XML.")
        }
    }
}

extension AWSClient.Call {
    static func s3(
        _ method: OutgoingRequest.Method, _ bucket: String? = nil, key: String? = nil, _ query: [(name: String, value: String)] = [],
        xml: String? = nil, text: String? = nil
    ) -> AWSClient.Call {
        var call = AWSClient.Call(.s3, method)
        call.path = "/" + (bucket.map { AWSEncoding.text($0) } ?? "") + (key.map { "/" + AWSEncoding.path($0) } ?? "")
        call.query = query
        if let body = xml ?? text {
            call.payload = Array(body.utf8)
            call.headers.append(("Content-Type", xml == nil ? "application/json" : "application/xml"))
            // Asked for by the calls that replace or remove many things at once, harmless to the others.
            call.headers.append(("Content-MD5", Data(Insecure.MD5.hash(data: call.payload)).base64EncodedString()))
        }
        return call
    }

    /// One of a bucket's settings: `?versioning`.
    static func s3(_ method: OutgoingRequest.Method, _ bucket: String, setting: String, xml: String? = nil, text: String? = nil)
        -> AWSClient.Call
    {
        .s3(method, bucket, [(setting, "")], xml: xml, text: text)
    }
}

extension AWSError {
    /// The server has no such call. Answered by compatible servers only.
    var isNotImplemented: Bool { code == "NotImplemented" || code == "MethodNotAllowed" || status == 501 }
    /// It may have been done.
    var isInDoubt: Bool { kind == .ambiguous && !isNotImplemented }
}

extension ProviderError {
    init(s3 error: AWSError) {
        let plain = ProviderError(error)
        self = error.code == "BucketNotEmpty" ? ProviderError(.notEmpty, plain.detail) : plain
    }

    static func cannot(_ feature: Capabilities.Feature, _ detail: String) -> ProviderError {
        ProviderError(.unsupported(feature), detail)
    }
}

enum XMLText {
    static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
            .replacing("\r", with: "&#13;").replacing("\n", with: "&#10;").replacing("\t", with: "&#9;")
    }

    /// XML 1.0 has no way to say other control characters.
    static func canSay(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { ($0.value >= 0x20 && $0.value < 0xFFFE) || $0.value >= 0x10000 || [9, 10, 13].contains($0.value) }
    }
}
