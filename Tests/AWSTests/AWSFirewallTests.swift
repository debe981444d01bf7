import AWS
import Kernel
import Provider
import Synchronization
import Testing

/// What stands at EC2 for a firewall; how one is made and changed is in ProviderConformance.
@Suite(.timeLimit(.minutes(5))) struct `A firewall at AWS` {
    private static let subject = Subject(kind: .firewall, id: "fw_1")

    private static func group(_ id: String, _ vpc: String, in rules: String, out: String, isPart: Bool = false) -> String {
        let name = "cloudapi-fw-1" + (isPart ? "-" + vpc : "")
        let tags = [("cloudapi.installation", "here"), ("cloudapi.resource", "fw_1"), ("cloudapi.whole", "true")]
            .map { "<item><key>\($0.0)</key><value>\($0.1)</value></item>" }.joined()
        return
            "<item><groupId>\(id)</groupId><groupName>\(name)</groupName><vpcId>\(vpc)</vpcId><tagSet>\(tags)</tagSet><ipPermissions>\(rules)</ipPermissions><ipPermissionsEgress>\(out)</ipPermissionsEgress></item>"
    }

    private static func rule(_ ipProtocol: String, _ ports: ClosedRange<Int>? = nil, _ peers: String) -> String {
        let range = ports.map { "<fromPort>\($0.lowerBound)</fromPort><toPort>\($0.upperBound)</toPort>" } ?? ""
        return "<item><ipProtocol>\(ipProtocol)</ipProtocol>\(range)\(peers)</item>"
    }

    private static func ranges(_ cidrs: String...) -> String {
        let v4 = cidrs.filter { !$0.contains(":") }.map { "<item><cidrIp>\($0)</cidrIp></item>" }.joined()
        let v6 = cidrs.filter { $0.contains(":") }.map { "<item><cidrIpv6>\($0)</cidrIpv6></item>" }.joined()
        return "<ipRanges>\(v4)</ipRanges><ipv6Ranges>\(v6)</ipv6Ranges>"
    }

    private static let everything = rule("-1", nil, ranges("0.0.0.0/0", "::/0"))

    /// What is seen when EC2 has these groups of it.
    private static func rules(_ groups: String...) async throws -> [FirewallRule] {
        try await ScriptedCloud.Script({ request in
            request.action == "DescribeSecurityGroups"
                ? .ok("<R><securityGroupInfo>\(groups.joined())</securityGroupInfo></R>") : .ok("<R><reservationSet/></R>")
        }).run { cloud in
            let seen = try #require(try await cloud.provider().find(subject))
            #expect(seen.owner == .ours("fw_1") && seen.reference == "sg-1")
            return try #require(seen.state.firewall).rules
        }
    }

    private static func said(
        _ direction: FirewallRule.Direction, _ networkProtocol: FirewallRule.NetworkProtocol, _ ports: ClosedRange<Int>? = nil,
        _ cidr: String
    ) -> FirewallRule { FirewallRule(direction: direction, networkProtocol: networkProtocol, ports: ports, cidr: cidr) }

    @Test func `is read as a spec would say it`() async throws {
        let rules = try await Self.rules(
            Self.group(
                "sg-1", "vpc-1",
                in: Self.rule("tcp", 443...443, Self.ranges("0.0.0.0/0", "2001:db8::/32"))
                    + Self.rule("17", 0...65_535, Self.ranges("10.0.0.0/8"))
                    + Self.rule("icmp", nil, "<fromPort>-1</fromPort><toPort>-1</toPort>" + Self.ranges("10.0.0.0/8"))
                    + Self.rule("58", nil, "<fromPort>-1</fromPort><toPort>-1</toPort>" + Self.ranges("2001:db8::/32")),
                out: Self.everything))
        #expect(
            rules
                == [
                    Self.said(.ingress, .icmp, nil, "10.0.0.0/8"), Self.said(.ingress, .icmp, nil, "2001:db8::/32"),
                    Self.said(.ingress, .tcp, 443...443, "0.0.0.0/0"), Self.said(.ingress, .tcp, 443...443, "2001:db8::/32"),
                    Self.said(.ingress, .udp, nil, "10.0.0.0/8"),
                ])
    }

    @Test func `that lets nothing out, or something no spec can say, is seen to be another`() async throws {
        #expect(try await Self.rules(Self.group("sg-1", "vpc-1", in: "", out: Self.everything)).isEmpty)
        let shut = try await Self.rules(Self.group("sg-1", "vpc-1", in: "", out: ""))
        #expect(shut == [Self.said(.egress, .all, nil, "255.255.255.255/32")])
        let half = try await Self.rules(Self.group("sg-1", "vpc-1", in: "", out: Self.rule("-1", nil, Self.ranges("0.0.0.0/0"))))
        #expect(half == [Self.said(.egress, .all, nil, "0.0.0.0/0")])
        let peered = Self.rule("tcp", 22...22, "<groups><item><groupId>sg-9</groupId></item></groups>")
        let odd = Self.rule("50", nil, Self.ranges("10.0.0.0/8"))
        let unsayable = try await Self.rules(Self.group("sg-1", "vpc-1", in: peered + odd, out: Self.everything))
        #expect(unsayable.map(\.cidr) == ["50 10.0.0.0/8", "tcp 22-22 sg-9"])
    }

    @Test func `whose groups differ is seen to, whichever was changed`() async throws {
        let web = Self.rule("tcp", 443...443, Self.ranges("0.0.0.0/0"))
        let both = web + Self.rule("tcp", 22...22, Self.ranges("0.0.0.0/0"))
        for (first, second) in [(web, both), (both, web)] {
            let rules = try await Self.rules(
                Self.group("sg-1", "vpc-1", in: first, out: Self.everything),
                Self.group("sg-2", "vpc-2", in: second, out: Self.everything, isPart: true))
            #expect(rules.count == 2 && rules.contains(Self.said(.ingress, .tcp, 443...443, "0.0.0.0/0")))
            #expect(rules.contains { $0.cidr == "0.0.0.0/0 in \(first == both ? "sg-1" : "sg-2") alone" })
        }
        let same = try await Self.rules(
            Self.group("sg-1", "vpc-1", in: web, out: Self.everything),
            Self.group("sg-2", "vpc-2", in: web, out: Self.everything, isPart: true))
        #expect(same == [Self.said(.ingress, .tcp, 443...443, "0.0.0.0/0")])
    }

    @Test func `that is cut off while it is made is unfinished, and the same order gives it its rules`() async throws {
        let steps = Mutex<[String]>([])
        try await ScriptedCloud.Script({ request in
            steps.withLock { $0.append(request.action) }
            switch request.action {
            case "DescribeSecurityGroups":
                let isWhole = steps.withLock { $0.contains("CreateTags") }
                let group = Self.group("sg-1", "vpc-1", in: "", out: Self.rule("-1", nil, Self.ranges("0.0.0.0/0")))
                return .ok("<R><securityGroupInfo>\(isWhole ? group : group.replacing("true", with: "no"))</securityGroupInfo></R>")
            case "DescribeInstances": return .ok("<R><reservationSet/></R>")
            default: return .ok("<R/>")
            }
        }).run { cloud in
            let provider = try cloud.provider()
            #expect(try await provider.find(Self.subject)?.isWhole == false)
            let blueprint = FirewallBlueprint(rules: [Self.said(.ingress, .tcp, 443...443, "0.0.0.0/0")])
            let made = try await provider.create(Order(subject: Self.subject, token: "token", blueprint: .firewall(blueprint)))
            #expect(made.isWhole)
            #expect(!cloud.actions.contains("CreateSecurityGroup"))
            let opened = try #require(cloud.requests.first { $0.action == "AuthorizeSecurityGroupIngress" }).parameters
            #expect(opened["IpPermissions.1.FromPort"] == "443" && opened["IpPermissions.1.IpRanges.1.CidrIp"] == "0.0.0.0/0")
            let out = try #require(cloud.requests.first { $0.action == "AuthorizeSecurityGroupEgress" }).parameters
            #expect(out["IpPermissions.1.IpProtocol"] == "-1" && out["IpPermissions.1.Ipv6Ranges.1.CidrIpv6"] == "::/0")
        }
    }
}
