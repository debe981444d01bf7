import Kernel
import Outgoing
import Provider

// Buckets that were there before. A bucket's tags are written all at once, so ours are put among those it has; where a server has no tags, nothing
// is put into a bucket of somebody else's: it is told by its name alone.
extension S3Buckets {
    func strangers() async throws(ProviderError) -> [Stranger] {
        var found: [Stranger] = []
        for name in try await names() {
            let stranger = try await passingOver(name) { () throws(ProviderError) in
                let tags = try await api.marks(of: name) ?? [:]
                // One of ours that has no mark yet is being made.
                guard marks.owner(tags) == .foreign, S3Marks.isMarked(tags) || !Self.isOurs(name) else { return Stranger?.none }
                var state = ObservedState()
                state.bucket = try await api.settings(of: name)
                return Stranger(reference: name, name: name, state: state, isMarked: S3Marks.isMarked(tags))
            }
            if let stranger { found.append(stranger) }
        }
        return found
    }

    /// S3 takes fifty tags on a bucket.
    private static let mostTags = 50

    func mark(_ subject: Subject) async throws(ProviderError) -> Bool {
        guard let name = subject.reference else { return false }
        let tags = try await api.marks(of: name) ?? [:]
        if marks.owner(tags) == .ours(subject.id) { return true }
        guard !S3Marks.isMarked(tags) else { throw ProviderError(.conflict, "The bucket \(name) bears another mark.") }
        let all = S3Marks.others(tags) + marks.tags(for: subject.id)
        guard all.count <= Self.mostTags else { return false }
        return try await api.tag(name, all)
    }

    func unmark(_ subject: Subject) async throws(ProviderError) {
        guard let name = subject.reference, let tags = try await api.marks(of: name), marks.owner(tags) == .ours(subject.id) else { return }
        try await api.removeMark(from: name)
        let others = S3Marks.others(tags)
        guard others.isEmpty else {
            _ = try await api.tag(name, others)
            return
        }
        if case .refused(let error) = try await api.reply(.s3(.delete, name, setting: "tagging")), !error.isNotImplemented {
            throw ProviderError(s3: error)
        }
    }
}
