import Identity
import Kernel
import Provider

// What is made from another has its size when its spec says none: a snapshot of a volume always, a volume of a snapshot unless it is to be
// larger. A plan that prices it has to look there, where a member of this stack may not be made yet.
extension StackPlanner {
    func sized(_ spec: JSON, _ kind: ResourceKind) -> JSON {
        guard spec["size_gib"] == nil, let (member, source) = kind.madeFrom, let text = spec[member]?.string else { return spec }
        let size =
            if let reference = Template.references(in: .string(text)).first(where: { !$0.isVariable }) {
                known[reference.key]?["spec"]?["size_gib"]
            } else {
                (try? Resource.find(text, source, project: project.id, for: caller, connection))?.spec.json["size_gib"]
            }
        return size.map { .object((spec.members ?? []) + [.init("size_gib", $0)]) } ?? spec
    }
}
