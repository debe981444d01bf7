import Kernel
import Provider

/// A VPC that stands for a network.
struct EC2Network: Sendable {
    let id: String
    let cidr: String
    let tags: [String: String]
    let sighting: Sighting

    init?(_ item: XMLTree, marks: AWSMarks) {
        guard let id = item.string("vpcId"), let cidr = item.string("cidrBlock") else { return nil }
        self.id = id
        self.cidr = cidr
        tags = item.tags
        var state = ObservedState()
        state.cidr = cidr
        sighting = Sighting(reference: id, owner: marks.owner(item.tags), state: state, isWhole: AWSMarks.isWhole(item.tags))
    }
}

extension AWSProvider {
    /// Those that are whole first.
    func networks(_ filters: [EC2Filter]) async throws(ProviderError) -> [EC2Network] {
        try await ec2.list("DescribeVpcs", "vpcSet", filters).compactMap { EC2Network($0, marks: marks) }
            .sorted { ($0.sighting.isWhole ? 0 : 1, $0.id) < ($1.sighting.isWhole ? 0 : 1, $1.id) }
    }

    func network(_ subject: Subject) async throws(ProviderError) -> EC2Network? {
        try await located(subject, "vpc-id", "vpc-", networks) { $0.sighting.owner }
    }

    /// Where instances on a network are made: its own subnet, or the first of the zone in a VPC that was there before.
    func subnet(of subject: Subject) async throws(ProviderError) -> String {
        let found = try await ec2.list("DescribeSubnets", "subnetSet", marks.filters(subject)).compactMap { $0.string("subnetId") }
        if let subnet = found.sorted().first { return subnet }
        guard let vpc = try await network(subject), vpc.sighting.owner == .ours(subject.id) else { throw .missing(subject) }
        let inZone = [EC2Filter("vpc-id", [vpc.id]), EC2Filter("availability-zone", [zone])]
        let others = try await ec2.list("DescribeSubnets", "subnetSet", inZone).compactMap { $0.string("subnetId") }
        guard let subnet = others.sorted().first else { throw ProviderError(.rejected, "The VPC \(vpc.id) has no subnet in \(zone).") }
        return subnet
    }

    // MARK: Make

    func createNetwork(_ order: Order, _ blueprint: NetworkBlueprint) async throws(ProviderError) -> Sighting {
        let all = try await networks([marks.filter])
        let mine = all.first { $0.sighting.owner == .ours(order.subject.id) }
        if let mine, mine.sighting.isWhole { return mine.sighting }
        let vpc: EC2Network
        if let mine {
            vpc = mine
        } else {
            let range = try range(blueprint.cidr, taken: all.map(\.cidr))
            let answer = try await ec2.call("CreateVpc", with: [("CidrBlock", range)] + marks.specification("vpc", for: order))
            guard let made = answer["vpc"].flatMap({ EC2Network($0, marks: marks) }) else {
                throw ProviderError(.ambiguous, "EC2 did not say which VPC it made.")
            }
            vpc = made
        }
        return try await completing { () throws(ProviderError) in
            let subnet = try await makeSubnet(vpc, order)
            if blueprint.reachesOutside { try await open(vpc, subnet, order) }
            try await ec2.tag(vpc.id, AWSMarks.whole)
            return Sighting(reference: vpc.id, owner: .ours(order.subject.id), state: vpc.sighting.state)
        } orElse: { () throws(ProviderError) in
            try await remove(vpc, order.subject)
        }
    }

    /// EC2 takes ranges that overlap; two of ours never do, so that they can be joined one day. With none asked for, the first that is free.
    private func range(_ asked: String?, taken: [String]) throws(ProviderError) -> String {
        let used = taken.compactMap { AddressRange($0) }
        func isFree(_ range: AddressRange) -> Bool { !used.contains { $0.contains(range.first) || range.contains($0.first) } }
        guard let asked else {
            guard let free = (0...255).map({ "10.8.\($0).0/24" }).first(where: { AddressRange($0).map(isFree) ?? false }) else {
                throw ProviderError(.capacity, "There is no free range left in 10.8.0.0/16.")
            }
            return free
        }
        guard let range = AddressRange(asked) else { throw ProviderError(.rejected, "\(asked) is no range of addresses.") }
        guard isFree(range) else { throw ProviderError(.conflict, "The addresses \(asked) are taken.") }
        return asked
    }

    /// Over the whole VPC, in the zone of the connection.
    private func makeSubnet(_ vpc: EC2Network, _ order: Order) async throws(ProviderError) -> String {
        let known = try await ec2.list("DescribeSubnets", "subnetSet", [EC2Filter("vpc-id", [vpc.id])] + marks.filters(order.subject))
        if let subnet = known.lazy.compactMap({ $0.string("subnetId") }).first { return subnet }
        let answer = try await ec2.call(
            "CreateSubnet",
            with: [("VpcId", vpc.id), ("CidrBlock", vpc.cidr), ("AvailabilityZone", zone)] + marks.specification("subnet", for: order))
        guard let subnet = answer["subnet"]?.string("subnetId") else {
            throw ProviderError(.ambiguous, "EC2 did not say which subnet it made.")
        }
        return subnet
    }

    /// A gateway, the route to it, and addresses of their own for the instances.
    private func open(_ vpc: EC2Network, _ subnet: String, _ order: Order) async throws(ProviderError) {
        let gateway = try await makeGateway(vpc, order)
        let tables = try await ec2.list(
            "DescribeRouteTables", "routeTableSet", [EC2Filter("vpc-id", [vpc.id]), EC2Filter("association.main", ["true"])])
        guard let table = tables.first, let id = table.string("routeTableId") else {
            throw ProviderError(.ambiguous, "The VPC \(vpc.id) shows no route table yet.")
        }
        if !table.items("routeSet").contains(where: { $0.string("destinationCidrBlock") == "0.0.0.0/0" }) {
            try await ec2.call("CreateRoute", ("RouteTableId", id), ("DestinationCidrBlock", "0.0.0.0/0"), ("GatewayId", gateway))
        }
        try await ec2.call("ModifySubnetAttribute", ("SubnetId", subnet), ("MapPublicIpOnLaunch.Value", "true"))
    }

    private func makeGateway(_ vpc: EC2Network, _ order: Order) async throws(ProviderError) -> String {
        let known = try await gateways(order.subject)
        if let attached = known.first(where: { $0.vpcs.contains(vpc.id) }) { return attached.id }
        let id: String
        if let free = known.first(where: { $0.vpcs.isEmpty }) {
            id = free.id
        } else {
            let answer = try await ec2.call("CreateInternetGateway", with: marks.specification("internet-gateway", for: order))
            guard let made = answer["internetGateway"]?.string("internetGatewayId") else {
                throw ProviderError(.ambiguous, "EC2 did not say which gateway it made.")
            }
            id = made
        }
        try await ec2.call("AttachInternetGateway", ("InternetGatewayId", id), ("VpcId", vpc.id))
        return id
    }

    private func gateways(_ subject: Subject) async throws(ProviderError) -> [(id: String, vpcs: [String])] {
        try await ec2.list("DescribeInternetGateways", "internetGatewaySet", marks.filters(subject)).compactMap { item in
            item.string("internetGatewayId").map { ($0, item.items("attachmentSet").compactMap { $0.string("vpcId") }) }
        }
    }

    // MARK: Remove

    /// Every one of ours: a VPC has no token, so two requests on their way at once make two.
    func deleteNetworks(_ subject: Subject) async throws(ProviderError) {
        guard let found = try await network(subject) else { return }
        guard found.sighting.owner == .ours(subject.id) else { throw .notOurs(found.id) }
        for vpc in try await networks(marks.filters(subject)) { try await remove(vpc, subject) }
    }

    /// The subnet goes first: while anything is in it EC2 refuses, and nothing has changed. The VPC goes last, so that what is left is found.
    private func remove(_ vpc: EC2Network, _ subject: Subject) async throws(ProviderError) {
        let users = try await instances([EC2Filter("vpc-id", [vpc.id])])
        guard users.isEmpty else { throw ProviderError(.conflict, "The network is in use by \(users.count) instances.") }
        let inside = [EC2Filter("vpc-id", [vpc.id])] + marks.filters(subject)
        for subnet in try await ec2.list("DescribeSubnets", "subnetSet", inside).compactMap({ $0.string("subnetId") }) {
            try await passing { () throws(ProviderError) in try await ec2.call("DeleteSubnet", ("SubnetId", subnet)) }
        }
        for gateway in try await gateways(subject) where gateway.vpcs.isEmpty || gateway.vpcs.contains(vpc.id) {
            for holder in gateway.vpcs {
                try await passing { () throws(ProviderError) in
                    try await ec2.call("DetachInternetGateway", ("InternetGatewayId", gateway.id), ("VpcId", holder))
                }
            }
            try await passing { () throws(ProviderError) in
                try await ec2.call("DeleteInternetGateway", ("InternetGatewayId", gateway.id))
            }
        }
        try await removeParts(in: vpc.id)
        try await passing { () throws(ProviderError) in try await ec2.call("DeleteVpc", ("VpcId", vpc.id)) }
    }
}
