package import Kernel
package import Outgoing
package import Provider

/// Buckets at any server that speaks S3: MinIO, Ceph, OpenStack Swift, AWS itself.
package struct S3Driver: ProviderDriver {
    package let name = "s3"
    package var most: Capabilities? {
        Capabilities(server: name, features: S3Buckets.all, identification: S3Provider.identification)
    }
    private let outgoing: Outgoing

    package init(outgoing: Outgoing) { self.outgoing = outgoing }

    package func violations(settings: JSON, secret: JSON?) -> [Problem.Violation] { S3Account.violations(settings, secret) }

    package func open(_ account: ProviderAccount) throws -> any Provider {
        let settings = try S3Account(settings: account.settings, secret: account.secret)
        let client = AWSClient(
            outgoing: outgoing, endpoint: AWSEndpoint(region: settings.region, custom: settings.endpoint),
            credentials: settings.credentials, role: nil, now: account.surroundings.now)
        return S3Provider(buckets: S3Buckets(client, installation: account.installation), endpoint: settings.endpoint)
    }
}

/// One account at one server, as one installation sees it.
struct S3Provider: Provider {
    static let identification: [ResourceKind: Capabilities.Identification] = [.bucket: .name]
    let buckets: S3Buckets
    let endpoint: String

    func probe() async throws(ProviderError) -> Capabilities {
        try await buckets.api.send(.s3(.get))
        return Capabilities(
            server: "S3 at \(endpoint)", features: try await buckets.features(), identification: Self.identification)
    }

    func identity() async throws(ProviderError) -> String? { endpoint }

    func create(_ order: Order) async throws(ProviderError) -> Sighting {
        guard case .bucket(let blueprint) = order.blueprint else { throw .notAtS3(order.subject.kind.feature) }
        return try await buckets.create(order, blueprint)
    }

    func find(_ subject: Subject) async throws(ProviderError) -> Sighting? {
        subject.kind == .bucket ? try await buckets.find(subject) : nil
    }

    func apply(_ change: Change, to subject: Subject) async throws(ProviderError) {
        switch change {
        case .configure(.bucket(let blueprint)): try await buckets.configure(subject, blueprint)
        case .empty: try await buckets.empty(subject)
        default: throw .notAtS3(subject.kind.feature)
        }
    }

    func delete(_ subject: Subject) async throws(ProviderError) {
        if subject.kind == .bucket { try await buckets.delete(subject) }
    }

    func list(_ kind: ResourceKind) async throws(ProviderError) -> [Sighting] { kind == .bucket ? try await buckets.list() : [] }

    func strangers(_ kind: ResourceKind) async throws(ProviderError) -> [Stranger] {
        kind == .bucket ? try await buckets.strangers() : []
    }

    func mark(_ subject: Subject) async throws(ProviderError) -> Bool {
        subject.kind == .bucket ? try await buckets.mark(subject) : false
    }

    func unmark(_ subject: Subject) async throws(ProviderError) {
        if subject.kind == .bucket { try await buckets.unmark(subject) }
    }

    func sample(_ subject: Subject) async throws(ProviderError) -> Sample { throw .notAtS3(.metrics) }

    func logs(_ subject: Subject, _ request: LogRequest) async throws(ProviderError) -> AsyncThrowingStream<LogLine, any Error> {
        throw .notAtS3(.logs)
    }
}

extension ProviderError {
    fileprivate static func notAtS3(_ feature: Capabilities.Feature) -> ProviderError {
        ProviderError(.unsupported(feature), "A server that speaks S3 has buckets and no \(feature.rawValue).")
    }
}
