import Kernel
import Outgoing
import Provider

/// What a bucket is set to, read and written one by one: each is a call of its own, and not every server has all of them.
extension S3API {
    func settings(of bucket: String) async throws(ProviderError) -> BucketBlueprint {
        let versioning = try await document(.s3(.get, bucket, setting: "versioning"), absent: [])
        let encryption = try await document(
            .s3(.get, bucket, setting: "encryption"), absent: ["ServerSideEncryptionConfigurationNotFoundError"])
        let lifecycle = try await document(.s3(.get, bucket, setting: "lifecycle"), absent: ["NoSuchLifecycleConfiguration"])
        return BucketBlueprint(
            isPublic: try await isPublic(bucket), isVersioned: versioning?.string("Status") == "Enabled",
            isEncrypted: encryption?.descendant("SSEAlgorithm") != nil, expireDays: lifecycle.flatMap(Self.days))
    }

    private func isPublic(_ bucket: String) async throws(ProviderError) -> Bool {
        let policy: JSON
        switch try await reply(.s3(.get, bucket, setting: "policy")) {
        case .done(let answer): policy = (try? JSONParser.parse(answer.body)) ?? .null
        case .refused(let error) where error.code == "NoSuchBucketPolicy" || error.isNotImplemented: return false
        case .refused(let error): throw ProviderError(s3: error)
        }
        let allows = (policy["Statement"]?.array ?? []).contains { statement in
            let principal = statement["Principal"]
            let isAnybody = principal?.string == "*" || principal?["AWS"]?.string == "*" || principal?["AWS"]?.array?.contains("*") == true
            return statement["Effect"]?.string == "Allow" && isAnybody && statement["Condition"] == nil
        }
        guard allows else { return false }
        let block = try await document(.s3(.get, bucket, setting: "publicAccessBlock"), absent: ["NoSuchPublicAccessBlockConfiguration"])
        return block?.string("RestrictPublicBuckets")?.lowercased() != "true"
    }

    /// Of the rules that hold for everything in the bucket, the soonest.
    private static func days(_ lifecycle: XMLTree) -> Int? {
        let rules = lifecycle.children.filter { $0.name == "Rule" && $0.string("Status") == "Enabled" }
        let all = rules.filter { rule in
            let prefix = rule["Filter"]?.string("Prefix") ?? rule.string("Prefix") ?? ""
            return prefix.isEmpty && rule["Filter"]?["Tag"] == nil && rule["Filter"]?["And"] == nil
        }
        return all.compactMap { $0["Expiration"]?.string("Days").flatMap { Int($0) } }.min()
    }

    /// Brings what differs from `known` to what is wanted.
    func set(_ wanted: BucketBlueprint, on bucket: String, from known: BucketBlueprint) async throws(ProviderError) {
        guard wanted.quotaBytes == nil else { throw .cannot(.bucketQuota, "S3 has no bound for what is in a bucket.") }
        if wanted.isVersioned != known.isVersioned {
            let status = wanted.isVersioned ? "Enabled" : "Suspended"
            let document = "<VersioningConfiguration xmlns=\"\(Self.namespace)\"><Status>\(status)</Status></VersioningConfiguration>"
            try await set(.s3(.put, bucket, setting: "versioning", xml: document), .versioning)
        }
        if wanted.isEncrypted != known.isEncrypted { try await set(encryption: wanted.isEncrypted, on: bucket) }
        if wanted.expireDays != known.expireDays { try await set(expiry: wanted.expireDays, on: bucket) }
        if wanted.isPublic != known.isPublic { try await set(isPublic: wanted.isPublic, on: bucket) }
    }

    /// A call the server may not have.
    private func set(_ call: AWSClient.Call, _ feature: Capabilities.Feature) async throws(ProviderError) {
        switch try await reply(call) {
        case .done: return
        case .refused(let error) where error.isNotImplemented:
            throw .cannot(feature, "The server cannot do \(feature.rawValue).")
        case .refused(let error): throw ProviderError(s3: error)
        }
    }

    private func set(encryption isOn: Bool, on bucket: String) async throws(ProviderError) {
        guard isOn else { return try await set(.s3(.delete, bucket, setting: "encryption"), .bucketEncryption) }
        let rule =
            "<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule>"
        let document =
            "<ServerSideEncryptionConfiguration xmlns=\"\(Self.namespace)\">\(rule)</ServerSideEncryptionConfiguration>"
        try await set(.s3(.put, bucket, setting: "encryption", xml: document), .bucketEncryption)
    }

    /// Old versions go as long after they became old.
    private func set(expiry days: Int?, on bucket: String) async throws(ProviderError) {
        guard let days else { return try await set(.s3(.delete, bucket, setting: "lifecycle"), .expiry) }
        let rule = """
            <Rule><ID>cloudapi</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status><Expiration><Days>\(days)</Days></Expiration>\
            <NoncurrentVersionExpiration><NoncurrentDays>\(days)</NoncurrentDays></NoncurrentVersionExpiration></Rule>
            """
        let document = "<LifecycleConfiguration xmlns=\"\(Self.namespace)\">\(rule)</LifecycleConfiguration>"
        try await set(.s3(.put, bucket, setting: "lifecycle", xml: document), .expiry)
    }

    /// By a policy that lets anybody read, behind the block that AWS puts before such policies; servers without the block have none to lift.
    private func set(isPublic: Bool, on bucket: String) async throws(ProviderError) {
        if !isPublic { try await set(.s3(.delete, bucket, setting: "policy"), .publicBuckets) }
        let parts = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"]
        let isBlocked = { (part: String) in !isPublic || part.hasSuffix("Acls") }
        let block = parts.map { "<\($0)>\(isBlocked($0))</\($0)>" }.joined()
        let document = "<PublicAccessBlockConfiguration xmlns=\"\(Self.namespace)\">\(block)</PublicAccessBlockConfiguration>"
        if case .refused(let error) = try await reply(.s3(.put, bucket, setting: "publicAccessBlock", xml: document)),
            !error.isNotImplemented
        {
            throw ProviderError(s3: error)
        }
        guard isPublic else { return }
        let policy: JSON = [
            "Version": "2012-10-17",
            "Statement": [
                [
                    "Sid": "cloudapi", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
                    "Resource": .string("arn:aws:s3:::\(bucket)/*"),
                ]
            ],
        ]
        try await set(.s3(.put, bucket, setting: "policy", text: String(decoding: policy.canonicalBytes, as: UTF8.self)), .publicBuckets)
    }
}
