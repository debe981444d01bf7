import Foundation
import Kernel
import Outgoing
import Provider

/// What is in a bucket, as far as it has to be known to delete it.
extension S3API {
    /// One version of an object, or the mark that it was deleted.
    struct Version: Sendable {
        let key: String
        /// `null` where there are no versions.
        let id: String?
    }

    /// The first so many, old ones included.
    func versions(of bucket: String, atMost count: Int) async throws(ProviderError) -> [Version] {
        let query = [("versions", ""), ("encoding-type", "url"), ("max-keys", String(count))].map { (name: $0.0, value: $0.1) }
        let listed = try Self.parsed(try await send(.s3(.get, bucket, query)))
        let isEncoded = listed.string("EncodingType") == "url"
        return listed.children.filter { $0.name == "Version" || $0.name == "DeleteMarker" }.compactMap { entry in
            guard let text = entry.string("Key") else { return nil }
            let key = isEncoded ? text.replacing("+", with: " ").removingPercentEncoding ?? text : text
            return Version(key: key, id: entry.string("VersionId"))
        }
    }

    /// But for the object that says whose the bucket is.
    func isEmpty(_ bucket: String) async throws(ProviderError) -> Bool {
        // The mark's own versions come first by their name; there are as many as it was written.
        try await versions(of: bucket, atMost: 10).allSatisfy { $0.key == S3Marks.key }
    }

    /// Objects at once, as S3 takes them; and so many times in one call of the engine.
    private static let (batch, batches) = (1000, 20)

    /// Removes what there is, at most twenty thousand versions; the engine asks again while something is left.
    func empty(_ bucket: String) async throws(ProviderError) {
        for _ in 0..<Self.batches {
            let found = try await versions(of: bucket, atMost: Self.batch)
            let versions = found.filter { $0.key != S3Marks.key }
            guard !versions.isEmpty else { return }
            try await remove(versions.filter { XMLText.canSay($0.key) }, from: bucket)
            for version in versions where !XMLText.canSay(version.key) { try await remove(version, from: bucket) }
        }
    }

    /// The mark, with every version of it.
    func removeMark(from bucket: String) async throws(ProviderError) {
        for version in try await versions(of: bucket, atMost: 100) where version.key == S3Marks.key {
            try await remove(version, from: bucket)
        }
    }

    private func remove(_ version: Version, from bucket: String) async throws(ProviderError) {
        try await send(.s3(.delete, bucket, key: version.key, version.id.map { [("versionId", $0)] } ?? []))
    }

    private func remove(_ versions: [Version], from bucket: String) async throws(ProviderError) {
        guard !versions.isEmpty else { return }
        let entries = versions.map { version in
            let id = version.id.map { "<VersionId>\(XMLText.escaped($0))</VersionId>" } ?? ""
            return "<Object><Key>\(XMLText.escaped(version.key))</Key>\(id)</Object>"
        }
        let document = "<Delete xmlns=\"\(Self.namespace)\"><Quiet>true</Quiet>\(entries.joined())</Delete>"
        let answer = try await send(.s3(.post, bucket, setting: "delete", xml: document))
        guard !answer.body.isEmpty, let failed = try Self.parsed(answer).children.first(where: { $0.name == "Error" }) else { return }
        let words = [failed.string("Key"), failed.string("Code"), failed.string("Message")].compactMap { $0 }.joined(separator: ": ")
        throw ProviderError(.rejected, ProviderError.readable("What is in the bucket cannot be removed: \(words)"))
    }
}
