import Identity
import Kernel
import Provider

extension StackPlanner {
    /// Members of a spec that policies look at.
    private static let judged = ["size", "size_gib", "type", "encrypted", "public", "rules", "family"]

    /// What policies say against making or changing it so. A member of which something that matters is known only once another is made is
    /// asked about when it is made itself.
    func policyResults(_ change: PlannedChange, _ wanted: JSON, _ account: ProviderConnection) throws -> [PolicyResult] {
        guard !check.policies.isEmpty, change.action != .noop else { return [] }
        let isNew = change.action == .create || change.action == .replace
        let present = isNew ? nil : try resource(change)
        var json = spec(change, present, wanted)
        let told = [wanted["location"]] + Self.judged.map { json[$0] }
        guard told.allSatisfy({ $0.map { Template.references(in: $0).isEmpty } ?? true }) else { return [] }
        if change.kind == .volume, json["encrypted"] == nil {
            let isEncrypted = account.capabilities?.features.contains(.encryption) ?? false
            json = json.adding([.init("encrypted", .bool(isEncrypted))])
        }
        guard let spec = Spec(change.kind, json) else { return [] }
        let labels = try wanted["labels"].map { try ResourceDraft.labels($0) } ?? present?.labels ?? [:]
        let location = try wanted["location"]?.string ?? present?.location ?? location(ofSource: wanted, change.kind) ?? "local"
        let subject = PolicySubject(kind: change.kind, labels: labels, location: location, at: account, spec: spec)
        return try check.results(subject, before: present.map { PolicySubject($0, at: account) })
    }

    /// What is made from another is where that is.
    private func location(ofSource wanted: JSON, _ kind: ResourceKind) throws -> String? {
        guard let (member, source) = kind.madeFrom, let text = wanted["spec"]?[member]?.string else { return nil }
        return try? Resource.find(text, source, project: project.id, for: caller, connection).location
    }
}
