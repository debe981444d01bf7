// A security group belongs to one VPC, and an instance can be in groups of its own VPC only. So a firewall is a group in the account's default
// VPC, where it begins and by which it is known, and one more in every other VPC where it stands before an instance, for as long as it does.
// All have the same rules and our tags. Names are unique in a VPC and told by our id alone: nothing is made twice, whatever is lost on the
// way.
//
// Groups only ever let more through, and the default group of a VPC lets its instances talk to one another and to everybody. So an instance
// leaves that group when a firewall comes before it, and is back in it when the last one is gone: EC2 has no instance without a group.

import Kernel
import Provider

extension AWSProvider {
    // MARK: Look

    /// By name: the order is the same at each look.
    func groups(_ filters: [EC2Filter]) async throws(ProviderError) -> [EC2Group] {
        try await ec2.list("DescribeSecurityGroups", "securityGroupInfo", filters).compactMap { EC2Group($0) }
            .sorted { ($0.name, $0.id) < ($1.name, $1.id) }
    }

    /// All groups of a firewall, the one it is known by first.
    private func groups(of subject: Subject) async throws(ProviderError) -> [EC2Group] {
        Self.ordered(try await groups(marks.filters(subject)), subject)
    }

    private static func ordered(_ groups: [EC2Group], _ subject: Subject) -> [EC2Group] {
        groups.filter { !$0.isPart(of: subject) } + groups.filter { $0.isPart(of: subject) }
    }

    func firewall(_ subject: Subject) async throws(ProviderError) -> Sighting? {
        let own = try await groups(of: subject)
        guard own.isEmpty else {
            let members = try await instances([marks.filter, EC2Filter("instance.group-id", own.map(\.id))])
            return sighting(own, among: members)
        }
        var others: [EC2Group] = []
        if let reference = subject.reference("sg-") { others = try await groups([EC2Filter("group-id", [reference])]) }
        if others.isEmpty { others = try await groups([EC2Filter("group-name", [subject.name])]) }
        return others.first.map { sighting([$0], among: []) }
    }

    /// Two calls, whatever their number.
    func firewalls() async throws(ProviderError) -> [Sighting] {
        var byID: [String: [EC2Group]] = [:]
        for group in try await groups([marks.filter]) {
            if case .ours(let id) = marks.owner(group.tags) { byID[id, default: []].append(group) }
        }
        let members = byID.isEmpty ? [] : try await instances([marks.filter])
        return byID.sorted { $0.key < $1.key }
            .map { sighting(Self.ordered($1, Subject(kind: .firewall, id: $0)), among: members) }
    }

    func sighting(_ groups: [EC2Group], among instances: [EC2Instance]) -> Sighting {
        let ids = Set(groups.map(\.id))
        let targets = instances.filter { !$0.isEnding && !ids.isDisjoint(with: $0.groups) }.compactMap { instance -> String? in
            if case .ours(let id) = marks.owner(instance.tags) { id } else { nil }
        }
        var state = ObservedState()
        state.firewall = FirewallState(rules: groups.rules, targets: targets)
        let first = groups[0]
        return Sighting(reference: first.id, owner: marks.owner(first.tags), state: state, isWhole: AWSMarks.isWhole(first.tags))
    }

    // MARK: Make

    func createFirewall(_ order: Order, _ blueprint: FirewallBlueprint) async throws(ProviderError) -> Sighting {
        let subject = order.subject
        if try await groups(of: subject).isEmpty {
            try await ec2.call(
                "CreateSecurityGroup", with: Self.naming(subject.name, subject) + marks.specification("security-group", for: order))
        }
        return try await completing { () throws(ProviderError) in
            try await configure(subject, blueprint)
            guard let made = try await groups(of: subject).first else { throw .missing(subject) }
            try await ec2.tag(made.id, AWSMarks.whole)
            guard let seen = try await firewall(subject) else { throw .missing(subject) }
            return seen
        } orElse: { () throws(ProviderError) in
            try await deleteFirewall(subject)
        }
    }

    private static func naming(_ name: String, _ subject: Subject) -> [AWSParameter] {
        [("GroupName", name), ("GroupDescription", "cloudapi:" + subject.id)]
    }

    /// In the VPC of an instance.
    private func makePart(of subject: Subject, in vpc: String) async throws(ProviderError) -> EC2Group {
        let name = EC2Group.name(of: subject, in: vpc)
        try await ec2.call(
            "CreateSecurityGroup",
            with: Self.naming(name, subject) + [("VpcId", vpc)]
                + AWSMarks.specification("security-group", [("Name", name)] + marks.tags(of: subject)))
        guard let made = try await groups([EC2Filter("vpc-id", [vpc]), EC2Filter("group-name", [name])]).first else {
            throw ProviderError(.ambiguous, "EC2 does not show the group it made yet.")
        }
        return made
    }

    // MARK: Change

    func configure(_ subject: Subject, _ blueprint: FirewallBlueprint) async throws(ProviderError) {
        var own = try await owned(subject)
        let instances = try await instances([marks.filter]).filter { !$0.isEnding }
        var targets: [EC2Instance] = []
        for target in blueprint.targets {
            guard let instance = instances.first(where: { marks.owner($0.tags) == .ours(target.id) }) else { throw .missing(target) }
            targets.append(instance)
        }
        let places = Set(targets.map(\.vpc))
        for vpc in places.sorted() where !own.contains(where: { $0.vpc == vpc }) { own.append(try await makePart(of: subject, in: vpc)) }
        for group in own { try await set(blueprint.permissions, of: group) }
        try await stand(own, before: targets, among: instances)
        for part in own where part.isPart(of: subject) && !places.contains(part.vpc) { try await remove(part) }
    }

    private func owned(_ subject: Subject) async throws(ProviderError) -> [EC2Group] {
        let own = try await groups(of: subject)
        guard own.isEmpty else { return own }
        if let other = try await firewall(subject) { throw .notOurs(other.reference) }
        throw .missing(subject)
    }

    /// What is missing comes before what is too much goes.
    private func set(_ wanted: Set<EC2Permission>, of group: EC2Group) async throws(ProviderError) {
        for direction in FirewallRule.Direction.allCases {
            let ending = direction == .ingress ? "Ingress" : "Egress"
            let missing = wanted.subtracting(group.permissions).filter { $0.direction == direction }.sorted { $0.rule < $1.rule }
            if !missing.isEmpty {
                let parameters = missing.enumerated().flatMap { $1.parameters($0 + 1) }
                try await ec2.call("AuthorizeSecurityGroup\(ending)", with: [("GroupId", group.id)] + parameters)
            }
            let excess = group.permissions.subtracting(wanted).filter { $0.direction == direction }
            if !excess.isEmpty {
                let ids = try await rules(of: group).filter { excess.contains($0.permission) }.map(\.id)
                let parameters = ids.enumerated().map { (name: "SecurityGroupRuleId.\($0 + 1)", value: $1) }
                try await ec2.call("RevokeSecurityGroup\(ending)", with: [("GroupId", group.id)] + parameters)
            }
        }
    }

    /// A rule is taken away by its own id: told by its words, one for a range of IPv6 is not found by every server that speaks this API.
    private func rules(of group: EC2Group) async throws(ProviderError) -> [(id: String, permission: EC2Permission)] {
        try await ec2.list("DescribeSecurityGroupRules", "securityGroupRuleSet", [EC2Filter("group-id", [group.id])]).compactMap { item in
            guard let id = item.string("securityGroupRuleId"), let permission = EC2Permission(listed: item) else { return nil }
            return (id, permission)
        }
    }

    /// Brings exactly these instances, of all, behind one of the groups.
    private func stand(
        _ own: [EC2Group], before targets: [EC2Instance], among instances: [EC2Instance]
    ) async throws(ProviderError) {
        let ids = Set(own.map(\.id))
        var changes: [(instance: EC2Instance, wanted: Set<String>)] = []
        for instance in instances {
            let isTarget = targets.contains { $0.id == instance.id }
            let group = isTarget ? own.first { $0.vpc == instance.vpc } : nil
            let wanted = Set(instance.groups).subtracting(ids).union(group.map { [$0.id] } ?? [])
            if wanted != Set(instance.groups) { changes.append((instance, wanted)) }
        }
        guard !changes.isEmpty else { return }
        let standard = try await groups([
            EC2Filter("group-name", [EC2Group.standard]), EC2Filter("vpc-id", Set(changes.map(\.instance.vpc)).sorted()),
        ])
        for (instance, wanted) in changes {
            guard let fallback = standard.first(where: { $0.vpc == instance.vpc })?.id else {
                throw ProviderError(.ambiguous, "The VPC \(instance.vpc) shows no default group.")
            }
            let others = ids.isDisjoint(with: wanted) ? wanted : wanted.subtracting([fallback])
            let groups = others.isEmpty ? [fallback] : others.sorted()
            try await ec2.call(
                "ModifyInstanceAttribute",
                with: [("InstanceId", instance.id)] + groups.enumerated().map { ("GroupId.\($0 + 1)", $1) })
        }
    }

    // MARK: Remove

    /// The one it is known by goes last, so that what is left is found.
    func deleteFirewall(_ subject: Subject) async throws(ProviderError) {
        let own = try await groups(of: subject)
        guard !own.isEmpty else {
            if let other = try await firewall(subject) { throw .notOurs(other.reference) }
            return
        }
        try await stand(own, before: [], among: try await instances([marks.filter]).filter { !$0.isEnding })
        for group in own.reversed() { try await remove(group) }
    }

    /// Groups of ours that no instance of the VPC needs any more: they would keep it from being deleted.
    func removeParts(in vpc: String) async throws(ProviderError) {
        for group in try await groups([marks.filter, EC2Filter("vpc-id", [vpc])]) {
            guard case .ours(let id) = marks.owner(group.tags), group.isPart(of: Subject(kind: .firewall, id: id)) else { continue }
            try await remove(group)
        }
    }

    private func remove(_ group: EC2Group) async throws(ProviderError) {
        try await passing { () throws(ProviderError) in try await ec2.call("DeleteSecurityGroup", ("GroupId", group.id)) }
    }
}
