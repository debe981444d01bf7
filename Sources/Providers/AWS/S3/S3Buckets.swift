// Buckets at any server that speaks S3. A bucket's name is ours alone (`cloudapi-bkt-…`, made of 80 random bits), so looking by name is
// enough to find what a lost answer left; whose it is stands on its tags. A bucket of that name without any mark that has nothing in it is
// what an attempt left that died between making and marking: it is taken for ours, and marked at the next one.

import Kernel
import Outgoing
import Provider

struct S3Buckets: Sendable {
    let api: S3API
    let marks: S3Marks
    /// Where buckets are made; `us-east-1` must not be said.
    let region: String

    /// What the server has calls for, where that is known without asking.
    private let known: Set<Capabilities.Feature>?

    /// What AWS itself has calls for.
    static let all: Set<Capabilities.Feature> = [.buckets, .publicBuckets, .versioning, .bucketEncryption, .expiry]

    init(_ client: AWSClient, installation: String, known: Set<Capabilities.Feature>? = nil) {
        api = S3API(client: client)
        self.known = known
        marks = S3Marks(installation: installation)
        region = client.region
    }

    func create(_ order: Order, _ blueprint: BucketBlueprint) async throws(ProviderError) -> Sighting {
        let name = order.subject.name
        try await check(blueprint)
        try await make(name)
        let tags = try await api.marks(of: name)
        if let tags {
            guard marks.owner(tags) == .ours(order.subject.id) else {
                throw ProviderError(.conflict, "There is a bucket named \(name) that this installation did not make.")
            }
        } else {
            guard try await api.isEmpty(name) else {
                throw ProviderError(.conflict, "There is a bucket named \(name) that nobody has marked.")
            }
            try await api.mark(name, marks.tags(for: order))
        }
        try await api.set(blueprint, on: name, from: try await api.settings(of: name))
        return try await sighting(of: name, order.subject.id)
    }

    /// One that is there already is looked at afterwards.
    private func make(_ name: String) async throws(ProviderError) {
        let place = "<LocationConstraint>\(XMLText.escaped(region))</LocationConstraint>"
        let document =
            region == "us-east-1" ? nil : "<CreateBucketConfiguration xmlns=\"\(S3API.namespace)\">\(place)</CreateBucketConfiguration>"
        guard case .refused(let error) = try await api.reply(.s3(.put, name, xml: document)) else { return }
        if error.code != "BucketAlreadyOwnedByYou" { throw ProviderError(s3: error) }
    }

    /// Refuses what the server has no call for before anything is made. A bucket that is not there is asked.
    private func check(_ blueprint: BucketBlueprint) async throws(ProviderError) {
        guard blueprint.quotaBytes == nil else { throw .cannot(.bucketQuota, "S3 has no bound for what is in a bucket.") }
        let wanted: [(Bool, Capabilities.Feature)] = [
            (blueprint.isPublic, .publicBuckets), (blueprint.isVersioned, .versioning), (blueprint.isEncrypted, .bucketEncryption),
            (blueprint.expireDays != nil, .expiry),
        ]
        guard wanted.contains(where: \.0) else { return }
        let features = try await features()
        for (isWanted, feature) in wanted where isWanted && !features.contains(feature) {
            throw .cannot(feature, "The server cannot do \(feature.rawValue).")
        }
    }

    /// What the server has calls for. Swift has to be known by its looks: it takes a query it does not know for none, and so would make a
    /// bucket where it was asked to encrypt one.
    func features() async throws(ProviderError) -> Set<Capabilities.Feature> {
        if let known { return known }
        let isSwift = try await api.send(.s3(.get)).header("x-openstack-request-id") != nil
        guard !isSwift else { return [.buckets, .versioning] }
        var found: Set<Capabilities.Feature> = [.buckets]
        let calls: [(String, Capabilities.Feature)] = [
            ("policy", .publicBuckets), ("versioning", .versioning), ("encryption", .bucketEncryption), ("lifecycle", .expiry),
        ]
        for (setting, feature) in calls {
            switch try await api.reply(.s3(.get, "cloudapi-probe-none", setting: setting)) {
            case .refused(let error) where error.isNotImplemented: continue
            default: found.insert(feature)
            }
        }
        return found
    }

    func find(_ subject: Subject) async throws(ProviderError) -> Sighting? {
        for name in [subject.reference, subject.name].compactMap({ $0 }) where Self.isName(name) {
            if let found = try await look(at: name, for: subject) { return found }
        }
        return nil
    }

    private func look(at name: String, for subject: Subject) async throws(ProviderError) -> Sighting? {
        do throws(ProviderError) {
            guard let tags = try await api.marks(of: name) else {
                guard name == subject.name, try await api.isEmpty(name) else {
                    return Sighting(reference: name, owner: .foreign, state: .init())
                }
                return try await sighting(of: name, subject.id)
            }
            guard case .ours(let id) = marks.owner(tags) else { return Sighting(reference: name, owner: .foreign, state: .init()) }
            return try await sighting(of: name, id)
        } catch {
            switch error.kind {
            case .absent: return nil
            // Somebody else's account has a bucket of that name, or of that reference.
            case .unauthorized where try await isThere(name): return Sighting(reference: name, owner: .foreign, state: .init())
            default: throw error
            }
        }
    }

    /// Tells a bucket that is another's from credentials that are not accepted.
    private func isThere(_ name: String) async throws(ProviderError) -> Bool {
        guard case .done = try await api.reply(.s3(.get)) else { return false }
        guard case .refused(let error) = try await api.reply(.s3(.head, name)) else { return true }
        return error.status == 403
    }

    private func sighting(of name: String, _ id: String) async throws(ProviderError) -> Sighting {
        var state = ObservedState()
        state.bucket = try await api.settings(of: name)
        state.isEmpty = try await api.isEmpty(name)
        return Sighting(reference: name, owner: .ours(id), state: state)
    }

    /// The name of a bucket stands in a path, and a reference may come from a user.
    private static func isName(_ text: String) -> Bool {
        (3...63).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
            }
    }

    func list() async throws(ProviderError) -> [Sighting] {
        var found: [Sighting] = []
        for name in try await names() {
            let sighting = try await passingOver(name) { () throws(ProviderError) in
                guard let tags = try await api.marks(of: name), case .ours(let id) = marks.owner(tags) else { return Sighting?.none }
                return try await self.sighting(of: name, id)
            }
            if let sighting { found.append(sighting) }
        }
        return found
    }

    /// Of all buckets of the account, wherever they are.
    func names() async throws(ProviderError) -> [String] {
        let all = try S3API.parsed(try await api.send(.s3(.get)))
        return (all["Buckets"]?.children ?? []).compactMap { $0.string("Name") }
    }

    /// Whether we may have made it. One that was there before can bear our mark, too, which only its tags say.
    static func isOurs(_ name: String) -> Bool { name.hasPrefix("cloudapi-bkt-") }

    /// One that is gone meanwhile, lives in another region, or is another's and shut to us, is none of a list; what else cannot be looked at
    /// fails the whole.
    func passingOver<Found>(
        _ name: String, _ look: () async throws(ProviderError) -> Found?
    ) async throws(ProviderError) -> Found? {
        do throws(ProviderError) {
            return try await look()
        } catch {
            let isPassable = error.kind == .absent || error.kind == .rejected || (error.kind == .unauthorized && !Self.isOurs(name))
            guard isPassable else { throw error }
            return nil
        }
    }

    func configure(_ subject: Subject, _ blueprint: BucketBlueprint) async throws(ProviderError) {
        try await check(blueprint)
        let found = try await own(subject)
        try await api.set(blueprint, on: found.reference, from: found.state.bucket ?? BucketBlueprint())
    }

    func empty(_ subject: Subject) async throws(ProviderError) {
        try await api.empty(try await own(subject).reference)
    }

    func delete(_ subject: Subject) async throws(ProviderError) {
        guard let found = try await find(subject) else { return }
        try require(found, subject)
        guard found.state.isEmpty != false else { throw ProviderError(.notEmpty, "The bucket \(found.reference) has something in it.") }
        do throws(ProviderError) {
            try await api.removeMark(from: found.reference)
            try await api.send(.s3(.delete, found.reference))
        } catch {
            switch error.kind {
            case .absent: return  // somebody was quicker
            // Somebody put something in: it stays ours.
            case .notEmpty where try await api.marks(of: found.reference) == nil:
                try await api.mark(found.reference, marks.tags(for: subject.id))
            default: break
            }
            throw error
        }
    }

    private func own(_ subject: Subject) async throws(ProviderError) -> Sighting {
        guard let found = try await find(subject) else { throw ProviderError(.absent, "There is no bucket \(subject.name).") }
        try require(found, subject)
        return found
    }

    private func require(_ found: Sighting, _ subject: Subject) throws(ProviderError) {
        guard found.owner == .ours(subject.id) else {
            throw ProviderError(.conflict, "The bucket \(found.reference) is not \(subject.id) of this installation.")
        }
    }
}
