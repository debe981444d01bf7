import Identity
import Kernel
import Web

extension Admitting {
    /// The draft with connection, location and size where it says what it needs instead, and the place that was chosen. In the transaction of the
    /// create, so that nobody takes the place in between. Throws what `PlacementSearch.choose` throws, and `validation_failed` for one that
    /// says a place as well.
    func placed(_ draft: ResourceDraft, in project: Project) throws -> (draft: ResourceDraft, placement: Placement?) {
        guard let wanted = draft.placement else { return (draft, nil) }
        for (field, value) in [("provider", draft.provider), ("location", draft.location)] where value != nil {
            throw Problem.invalid(
                field, "Say where it is to be, or what its place must have in `placement`, not both.", code: "combination")
        }
        var draft = draft
        draft.placement = nil
        let requirements = try PlacementRequirements(wanted, for: draft, at: "placement")
        let found = try PlacementSearch(admitting: self, project: project, draft: draft, requirements: requirements).choose()
        (draft.provider, draft.location) = (found.account.id.rawValue, found.location)
        if requirements.sizes != nil, let size = found.size {
            draft.spec = .object((draft.spec.members ?? []) + [.init("size", .string(size))])
        }
        return (draft, found)
    }
}
