// AWS Signature Version 4 in headers, as docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html has it.
//
// The signature covers what the service will read, byte for byte, so the encoded path and query that are signed are those that are sent:
// `encodedPath` and `encodedQuery` are made once, here, and nowhere else. Proved on the vectors of aws-c-auth and against botocore.

import Crypto
package import Kernel

/// A request as it is signed. The `Host` it will have is part of that.
package struct AWSSignable: Sendable {
    package var method: String
    /// Name and, where it is not the scheme's own, port.
    package var host: String
    /// As it goes over the wire: begins with a slash, what needs it percent-encoded.
    package var path: String
    /// Not encoded yet.
    package var query: [(name: String, value: String)]
    /// All of them are signed.
    package var headers: [(name: String, value: String)]
    package var payload: Payload

    package enum Payload: Sendable {
        case bytes([UInt8])
        /// Not covered by the signature; S3 takes that over TLS.
        case unsigned
    }

    package init(
        method: String, host: String, path: String = "/", query: [(name: String, value: String)] = [],
        headers: [(name: String, value: String)] = [], payload: Payload = .bytes([])
    ) {
        self.method = method
        self.host = host
        self.path = path
        self.query = query
        self.headers = headers
        self.payload = payload
    }
}

package struct AWSSigner: Sendable {
    let credentials: AWSCredentials
    let region: String
    /// As it stands in the credential scope: `ec2`, `sts`, `s3`.
    let service: String
    let rules: Rules

    /// In what services differ.
    package struct Rules: Sendable {
        /// Slashes in a row and dots are taken out of the path before it is signed.
        package var normalizesPath: Bool
        /// What is encoded on the wire is encoded once more in what is signed.
        package var encodesPathAgain: Bool
        /// The payload's digest is sent as `x-amz-content-sha256` as well.
        package var namesPayload: Bool

        package init(normalizesPath: Bool, encodesPathAgain: Bool, namesPayload: Bool) {
            self.normalizesPath = normalizesPath
            self.encodesPathAgain = encodesPathAgain
            self.namesPayload = namesPayload
        }

        package static let standard = Rules(normalizesPath: true, encodesPathAgain: true, namesPayload: false)
        /// An object's key may be `a//b` or `..`: its path is signed as it is.
        package static let s3 = Rules(normalizesPath: false, encodesPathAgain: false, namesPayload: true)
    }

    package init(_ credentials: AWSCredentials, region: String, service: String, rules: Rules = .standard) {
        self.credentials = credentials
        self.region = region
        self.service = service
        self.rules = rules
    }

    /// The headers to send: those of the request, what signing needs, and the signature. `Host` is left to who sends.
    package func headers(for request: AWSSignable, at now: Timestamp) -> [(name: String, value: String)] {
        let signature = sign(request, at: now)
        return signature.headers.filter { $0.name.lowercased() != "host" } + [("Authorization", signature.authorization)]
    }

    /// A signature with the texts that led to it.
    package struct Signature: Sendable {
        package let canonicalRequest: String
        package let stringToSign: String
        /// Sixty-four hexadecimal digits.
        package let signature: String
        package let authorization: String
        /// All that were signed.
        let headers: [(name: String, value: String)]
    }

    package func sign(_ request: AWSSignable, at now: Timestamp) -> Signature {
        let moment = Timestamp(seconds: now.seconds).description.filter { $0 != "-" && $0 != ":" }
        let scope = "\(moment.prefix(8))/\(region)/\(service)/aws4_request"
        let digest = Self.digest(of: request.payload)
        let headers = signedHeaders(of: request, moment: moment, digest: digest)
        let (lines, names) = Self.canonical(headers)
        let canonicalRequest = [
            request.method, canonicalPath(request.path), Self.encodedQuery(request.query, isSorted: true), lines, names, digest,
        ].joined(separator: "\n")
        let stringToSign = ["AWS4-HMAC-SHA256", moment, scope, Self.hex(SHA256.hash(data: Array(canonicalRequest.utf8)))]
            .joined(separator: "\n")
        let signature = Self.hex(Self.code(stringToSign, key: key(on: String(moment.prefix(8)))))
        return Signature(
            canonicalRequest: canonicalRequest, stringToSign: stringToSign, signature: signature,
            authorization:
                "AWS4-HMAC-SHA256 Credential=\(credentials.accessKeyID)/\(scope), SignedHeaders=\(names), Signature=\(signature)",
            headers: headers)
    }

    /// One key a day, region and service; from it nobody gets back to the secret.
    private func key(on day: String) -> SymmetricKey {
        [day, region, service, "aws4_request"].reduce(SymmetricKey(data: Array(("AWS4" + credentials.secretAccessKey).utf8))) {
            SymmetricKey(data: Array(Self.code($1, key: $0)))
        }
    }

    private func signedHeaders(of request: AWSSignable, moment: String, digest: String) -> [(name: String, value: String)] {
        var headers = request.headers.filter { $0.name.lowercased() != "host" }
        headers += [("Host", request.host), ("X-Amz-Date", moment)]
        if let token = credentials.sessionToken { headers.append(("X-Amz-Security-Token", token)) }
        if rules.namesPayload { headers.append(("X-Amz-Content-Sha256", digest)) }
        return headers
    }

    private func canonicalPath(_ path: String) -> String {
        let normal = rules.normalizesPath ? Self.normalized(path) : path
        return rules.encodesPathAgain ? AWSEncoding.path(normal) : normal
    }
}

extension AWSSigner {
    /// As it stands in a URL, and, with its parts sorted, in what is signed.
    package static func encodedQuery(_ query: [(name: String, value: String)], isSorted: Bool = false) -> String {
        let parts = query.map { (AWSEncoding.text($0.name), AWSEncoding.text($0.value)) }
        return (isSorted ? parts.sorted { $0 < $1 } : parts).map { $0.0 + "=" + $0.1 }.joined(separator: "&")
    }

    /// A line for each name, in lower case and in order, its values joined by commas; and the names.
    private static func canonical(_ headers: [(name: String, value: String)]) -> (lines: String, names: String) {
        let byName = Dictionary(grouping: headers) { $0.name.lowercased() }.sorted { $0.key < $1.key }
        let lines = byName.map { name, values in "\(name):\(values.map { trimmed($0.value) }.joined(separator: ","))\n" }
        return (lines.joined(), byName.map(\.key).joined(separator: ";"))
    }

    /// Without blanks at its ends, and with one for many in a row.
    private static func trimmed(_ value: String) -> String {
        value.split { $0 == " " || $0 == "\t" || $0.isNewline }.joined(separator: " ")
    }

    private static func normalized(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/") + (path.hasSuffix("/") && !parts.isEmpty ? "/" : "")
    }

    private static func digest(of payload: AWSSignable.Payload) -> String {
        switch payload {
        case .bytes(let bytes): hex(SHA256.hash(data: bytes))
        case .unsigned: "UNSIGNED-PAYLOAD"
        }
    }

    private static func code(_ text: String, key: SymmetricKey) -> HMAC<SHA256>.MAC {
        HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key)
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

/// Percent-encoding as AWS signs it: all but the unreserved characters of RFC 3986 §2.3, in capital hexadecimal digits.
package enum AWSEncoding {
    package static func text(_ text: String) -> String { encoded(text, keepsSlashes: false) }

    /// Slashes stay.
    package static func path(_ path: String) -> String { encoded(path, keepsSlashes: true) }

    private static func encoded(_ text: String, keepsSlashes: Bool) -> String {
        text.utf8.reduce(into: "") { result, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                result.unicodeScalars.append(UnicodeScalar(byte))
            case UInt8(ascii: "/") where keepsSlashes: result += "/"
            default:
                result += "%" + String(byte >> 4, radix: 16, uppercase: true) + String(byte & 15, radix: 16, uppercase: true)
            }
        }
    }
}
