import Identity
import Kernel
import Provider
import Storage
import Web

// What buckets, addresses and firewalls are set to: the whole of it goes into the step, so that one that waits brings about what was
// asked when it was admitted, and two that differ are two.
extension Admitting {
    func change(_ spec: BucketSpec, by patch: JSON, of resource: Resource) throws -> (Spec, [Step]) {
        let wanted = spec.patched(by: patch)
        guard wanted != spec else { return (resource.spec, []) }
        let account = try ProviderConnection.find(resource.connection, in: resource.tenant, connection)
        for feature in wanted.features where !spec.features.contains(feature) { try account.require(feature) }
        return (.bucket(wanted), [Step(.configure(wanted.json, targets: []))])
    }

    func change(_ spec: AddressSpec, by patch: JSON, of resource: Resource) throws -> (Spec, [Step]) {
        var wanted = spec
        if let name = patch["reverse_dns"] { wanted.reverseDNS = name.string }
        guard wanted != spec else { return (resource.spec, []) }
        let account = try ProviderConnection.find(resource.connection, in: resource.tenant, connection)
        if wanted.reverseDNS != nil { try account.require(.reverseDNS) }
        return (.address(wanted), [Step(.configure(wanted.json, targets: []))])
    }

    /// Rules and `apply_to` are each replaced as a whole, but for what of `apply_to` the patch leaves out.
    func change(_ spec: FirewallSpec, by patch: JSON, of resource: Resource) throws -> (Spec, [Step]) {
        var wanted = spec
        let asked = FirewallSpec(patch)
        if patch["rules"] != nil { wanted.rules = asked.rules }
        if let target = patch["apply_to"] {
            if target["selector"] != nil { wanted.selector = asked.selector }
            if let ids = target["ids"] {
                var waitsFor: [OperationID] = []
                wanted.ids = try resolution(of: resource).instances(ids, &waitsFor)
            }
        }
        wanted = try resolution(of: resource).checked(wanted)
        guard wanted != spec else { return (resource.spec, []) }
        return (.firewall(wanted), try application(of: wanted, resource))
    }

    /// Puts the firewall before the instances that it is meant for now.
    func application(of spec: FirewallSpec, _ resource: Resource) throws -> [Step] {
        [Step(.configure(spec.json, targets: try targets(of: spec, resource))), Step(.await(.present))]
    }

    /// The instances that are named, and those whose labels fit and that a provider has. Throws `validation_failed` when they are too many.
    func targets(of spec: FirewallSpec, _ resource: Resource) throws -> [ResourceID] {
        var found = try spec.ids.filter { id in
            let instance = try Resource.find(id, in: resource.tenant, connection)
            return !instance.isGone && instance.phase != .deleting && instance.phase != .failed
        }
        if let selector = spec.selector {
            var scan = ResourceScan()
            (scan.kind, scan.projects, scan.selector) = (.instance, [resource.project], try LabelSelector(selector))
            let fitting = try scan.resources(in: resource.tenant, limit: FirewallSpec.mostTargets * 5, connection)
            found += fitting.filter { $0.connection == resource.connection && $0.reference != nil && $0.phase != .deleting }.map(\.id)
        }
        let targets = Set(found).sorted()
        guard targets.count <= FirewallSpec.mostTargets else {
            throw Problem.invalid(
                "spec/apply_to", "\(targets.count) instances fit; a firewall stands before at most \(FirewallSpec.mostTargets).",
                code: "too_many")
        }
        return targets
    }

    func resolution(of resource: Resource) throws -> SpecResolution {
        SpecResolution(
            caller: caller, project: try Project.find(resource.project, for: caller, connection),
            account: try ProviderConnection.find(resource.connection, in: resource.tenant, connection), connection: connection)
    }

    /// The calls that make it as its spec says.
    func steps(toMake resource: Resource, at account: ProviderConnection) throws -> [Step] {
        let steps = resource.spec.creationSteps(isMadeStopped: account.makesStopped)
        guard case .firewall(let spec) = resource.spec, spec.selector != nil || !spec.ids.isEmpty else { return steps }
        return steps + (try application(of: spec, resource))
    }
}
