import Kernel
import Outgoing
import Provider

// Whose a bucket is stands on its tags. Where a server has no tags (OpenStack Swift has none), an object of ours in the bucket says it;
// that object does not count when it is asked whether the bucket is empty.
struct S3Marks: Sendable {
    let installation: String
    /// The object's key.
    static let key = ".cloudapi-owner"

    private static let installationKey = "cloudapi.installation"
    private static let resourceKey = "cloudapi.resource"
    private static let userPrefix = "cloudapi.label."
    /// AWS takes fifty tags.
    private static let mostLabels = 40

    func tags(for order: Order) -> [(String, String)] {
        let labels = order.labels.sorted { $0.key < $1.key }.filter { Self.fits($0.key) && Self.fits($0.value) }.prefix(Self.mostLabels)
        return tags(for: order.subject.id) + labels.map { (Self.userPrefix + $0.key, $0.value) }
    }

    func tags(for id: String) -> [(String, String)] { [(Self.installationKey, installation), (Self.resourceKey, id)] }

    static func isMarked(_ tags: [String: String]) -> Bool { tags[installationKey] != nil }

    /// What stays when our mark is taken off.
    static func others(_ tags: [String: String]) -> [(String, String)] {
        tags.filter { $0.key != installationKey && $0.key != resourceKey && !$0.key.hasPrefix(userPrefix) }
            .sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// What AWS lets stand in a tag.
    private static func fits(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            scalar.properties.isAlphabetic || scalar.properties.numericType != nil || " +-=._:/@".unicodeScalars.contains(scalar)
        }
    }

    func owner(_ tags: [String: String]) -> Sighting.Owner {
        guard tags[Self.installationKey] == installation, let id = tags[Self.resourceKey], !id.isEmpty else { return .foreign }
        return .ours(id)
    }
}

extension S3API {
    /// A bucket's tags, or what its object of ours says; nil when it has neither. Swift, which keeps no tags, says that there are none.
    func marks(of bucket: String) async throws(ProviderError) -> [String: String]? {
        switch try await reply(.s3(.get, bucket, setting: "tagging")) {
        case .done(let answer):
            let tags = try Self.parsed(answer)["TagSet"]?.children ?? []
            guard !tags.isEmpty else { return try await markObject(of: bucket) }
            return Dictionary(tags.compactMap { tag in tag.string("Key").map { ($0, tag.string("Value") ?? "") } }) { one, _ in one }
        case .refused(let error) where error.code == "NoSuchTagSet": return nil
        case .refused(let error) where error.isNotImplemented: return try await markObject(of: bucket)
        case .refused(let error): throw ProviderError(s3: error)
        }
    }

    private func markObject(of bucket: String) async throws(ProviderError) -> [String: String]? {
        switch try await reply(.s3(.get, bucket, key: S3Marks.key)) {
        case .done(let answer):
            let members = (try? JSONParser.parse(answer.body))?.members ?? []
            return Dictionary(members.compactMap { member in member.value.string.map { (member.name, $0) } }) { one, _ in one }
        case .refused(let error) where error.code == "NoSuchKey": return nil
        case .refused(let error): throw ProviderError(s3: error)
        }
    }

    func mark(_ bucket: String, _ tags: [(String, String)]) async throws(ProviderError) {
        guard try await !tag(bucket, tags) else { return }
        let text = JSON.object(tags.map { .init($0.0, .string($0.1)) }).canonicalBytes
        try await send(.s3(.put, bucket, key: S3Marks.key, text: String(decoding: text, as: UTF8.self)))
    }

    /// In place of all tags it has. False where the server has no tags.
    func tag(_ bucket: String, _ tags: [(String, String)]) async throws(ProviderError) -> Bool {
        let set = tags.map { "<Tag><Key>\(XMLText.escaped($0.0))</Key><Value>\(XMLText.escaped($0.1))</Value></Tag>" }.joined()
        let document = "<Tagging xmlns=\"\(S3API.namespace)\"><TagSet>\(set)</TagSet></Tagging>"
        switch try await reply(.s3(.put, bucket, setting: "tagging", xml: document)) {
        case .done: return true
        case .refused(let error) where error.isNotImplemented: return false
        case .refused(let error): throw ProviderError(s3: error)
        }
    }

    static let namespace = "http://s3.amazonaws.com/doc/2006-03-01/"
}
