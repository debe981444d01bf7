import Provider

/// A security group as `DescribeSecurityGroups` shows it.
struct EC2Group: Sendable {
    let id: String
    let name: String
    let vpc: String
    let tags: [String: String]
    let permissions: Set<EC2Permission>

    init?(_ item: XMLTree) {
        guard let id = item.string("groupId"), let vpc = item.string("vpcId") else { return nil }
        (self.id, self.vpc, tags) = (id, vpc, item.tags)
        name = item.string("groupName") ?? ""
        permissions = Set(
            item.items("ipPermissions").flatMap { EC2Permission.all($0, .ingress) }
                + item.items("ipPermissionsEgress").flatMap { EC2Permission.all($0, .egress) })
    }

    /// Every VPC has one that cannot be deleted, which an instance is in when it is in no other.
    static let standard = "default"

    /// The name of a firewall's group in a VPC other than the one it began in: nobody can make it twice.
    static func name(of subject: Subject, in vpc: String) -> String { subject.name + "-" + vpc }

    func isPart(of subject: Subject) -> Bool { name == Self.name(of: subject, in: vpc) }
}

extension [EC2Group] {
    /// The rules of one firewall. One that some of its groups have and others have not is told as what no spec can say: so much is never
    /// what is wanted.
    var rules: [FirewallRule] {
        guard let first else { return [] }
        let common = dropFirst().reduce(first.permissions) { $0.intersection($1.permissions) }
        guard contains(where: { $0.permissions != common }) else { return common.rules }
        let some = flatMap { group in
            group.permissions.subtracting(common).map { permission in
                let rule = permission.rule
                return FirewallRule(
                    direction: rule.direction, networkProtocol: rule.networkProtocol, ports: rule.ports,
                    cidr: "\(rule.cidr) in \(group.id) alone")
            }
        }
        return FirewallRule.canonical(common.map(\.rule) + some)
    }
}
