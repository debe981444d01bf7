import AWS
import Foundation
import Kernel
import Testing

@Suite struct `A signature of AWS` {
    /// The vectors of aws-c-auth, one folder each, in the shared data.
    private static let vectors: [URL] = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let shared = ProcessInfo.processInfo.environment["SHARED"].map { URL(filePath: $0, relativeTo: root) }
        let folder = (shared ?? root.deletingLastPathComponent().appending(path: "shared")).appending(path: "data/aws-sigv4/v4")
        let found = try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        return (found ?? []).sorted { $0.path < $1.path }
    }()

    @Test(
        .enabled(if: !vectors.isEmpty, "There is no ../shared/data/aws-sigv4; set SHARED to where it is."),
        arguments: vectors.map(\.lastPathComponent))
    func `is that of the vectors, with all that leads to it`(name: String) throws {
        let vector = try Vector(#require(Self.vectors.first { $0.lastPathComponent == name }))
        let signature = vector.signer.sign(vector.request, at: vector.time)
        #expect(signature.canonicalRequest == vector.canonicalRequest)
        #expect(signature.stringToSign == vector.stringToSign)
        #expect(signature.signature == vector.signature)
        #expect(vector.signedRequest.contains("Authorization:" + signature.authorization))
    }

    @Test(.enabled(if: !vectors.isEmpty, "There is no ../shared/data/aws-sigv4; set SHARED to where it is."))
    func `has all thirty-eight vectors to be held against`() { #expect(Self.vectors.count == 38) }

    private static let random = ProcessInfo.processInfo.environment["CLOUDAPI_TEST_SIGV4"]

    @Test(.enabled(if: random != nil, "CLOUDAPI_TEST_SIGV4 names no requests signed by botocore; `make test-peers` makes them."))
    func `is that of botocore for requests made at random`() throws {
        let bytes = try Data(contentsOf: URL(filePath: #require(Self.random)))
        let cases = try #require(JSONParser.parse(Array(bytes)).array)
        #expect(cases.count >= 300)
        for json in cases {
            let request = try RandomRequest(json)
            let signature = request.signer.sign(request.signable, at: request.time)
            #expect(signature.canonicalRequest == request.canonicalRequest)
            #expect(signature.authorization == request.authorization)
        }
    }

    private static let key = AWSCredentials(accessKeyID: "AKIDEXAMPLE", secretAccessKey: "hidden-secret", sessionToken: "hidden-token")

    @Test func `is sent with everything it covers, and never the secret`() {
        let signer = AWSSigner(Self.key, region: "eu-west-1", service: "s3", rules: .s3)
        let headers = signer.headers(
            for: AWSSignable(method: "PUT", host: "s3.example", path: "/b/k", headers: [("Content-Type", "a/b")], payload: .unsigned),
            at: Timestamp(seconds: 1_440_938_160))
        #expect(headers.map { $0.name } == ["Content-Type", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256", "Authorization"])
        #expect(headers.first { $0.name == "X-Amz-Content-Sha256" }?.value == "UNSIGNED-PAYLOAD")
        #expect(headers.first { $0.name == "X-Amz-Date" }?.value == "20150830T123600Z")
        #expect(!headers.contains { $0.value.contains("hidden-secret") })
    }

    @Test func `is made with keys that do not show when they are printed`() {
        var dumped = ""
        dump(Self.key, to: &dumped)
        for text in ["\(Self.key)", String(reflecting: Self.key), dumped] { #expect(!text.contains("hidden")) }
    }
}

/// A case of the vectors as its files tell it.
private struct Vector {
    let signer: AWSSigner
    let request: AWSSignable
    let time: Timestamp
    let canonicalRequest: String
    let stringToSign: String
    let signature: String
    let signedRequest: String

    init(_ folder: URL) throws {
        func text(_ name: String) throws -> String { try String(contentsOf: folder.appending(path: name), encoding: .utf8) }
        let context = try JSONParser.parse(Array(text("context.json").utf8))
        let keys = context["credentials"]
        let isTokenLeftOut = context["omit_session_token"]?.bool ?? false
        signer = AWSSigner(
            AWSCredentials(
                accessKeyID: keys?["access_key_id"]?.string ?? "", secretAccessKey: keys?["secret_access_key"]?.string ?? "",
                sessionToken: isTokenLeftOut ? nil : keys?["token"]?.string),
            region: context["region"]?.string ?? "", service: context["service"]?.string ?? "",
            rules: .init(
                normalizesPath: context["normalize"]?.bool ?? true, encodesPathAgain: true,
                namesPayload: context["sign_body"]?.bool ?? false))
        time = try #require(context["timestamp"]?.string.flatMap { Timestamp($0) })
        request = try Self.request(text("request.txt"))
        canonicalRequest = try text("header-canonical-request.txt")
        stringToSign = try text("header-string-to-sign.txt")
        signature = try text("header-signature.txt")
        signedRequest = try text("header-signed-request.txt")
    }

    private static func request(_ text: String) throws -> AWSSignable {
        let halves = text.split(separator: "\n\n", maxSplits: 1, omittingEmptySubsequences: false)
        var lines = halves[0].split(separator: "\n").map(String.init)
        let first = lines.removeFirst()
        let start = try #require(first.firstIndex(of: " "))
        let end = try #require(first.lastIndex(of: " "))
        let target = first[first.index(after: start)..<end].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var headers: [(name: String, value: String)] = []
        for line in lines {
            if line.hasPrefix(" ") {
                headers[headers.count - 1].value += "\n" + line
            } else {
                let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                headers.append((parts[0], parts[1]))
            }
        }
        let query = target.count < 2 ? [] : target[1].split(separator: "&").map(pair)
        return AWSSignable(
            method: String(first[..<start]), host: headers.first { $0.name == "Host" }?.value ?? "", path: String(target[0]), query: query,
            headers: headers, payload: .bytes(halves.count < 2 ? [] : Array(halves[1].utf8)))
    }

    private static func pair(_ text: Substring) -> (name: String, value: String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { $0.removingPercentEncoding ?? "" }
        return (parts[0], parts.count < 2 ? "" : parts[1])
    }
}

/// What Tests/Peers/sigv4.py writes.
private struct RandomRequest {
    let signer: AWSSigner
    let signable: AWSSignable
    let time: Timestamp
    let canonicalRequest: String
    let authorization: String

    init(_ json: JSON) throws {
        func text(_ name: String) throws -> String { try #require(json[name]?.string) }
        func pairs(_ name: String) -> [(name: String, value: String)] {
            (json[name]?.array ?? []).map { ($0.array?.first?.string ?? "", $0.array?.last?.string ?? "") }
        }
        let service = try text("service")
        signer = AWSSigner(
            AWSCredentials(accessKeyID: try text("key"), secretAccessKey: try text("secret"), sessionToken: json["token"]?.string),
            region: try text("region"), service: service, rules: service == "s3" ? .s3 : .standard)
        let body = try #require(Data(base64Encoded: text("body")))
        signable = AWSSignable(
            method: try text("method"), host: try text("host"), path: try text("path"), query: pairs("query"), headers: pairs("headers"),
            payload: json["unsigned"]?.bool == true ? .unsigned : .bytes(Array(body)))
        time = try #require(Timestamp(text("time")))
        canonicalRequest = try text("canonical_request")
        authorization = try text("authorization")
    }
}
