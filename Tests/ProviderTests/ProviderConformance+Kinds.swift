import Kernel
import Provider
import Testing

extension ProviderConformance {
    static let buckets = [
        ProviderConformance("a bucket is as it was ordered, and private unless it was ordered otherwise", needs: [.buckets]) { scene in
            for blueprint in scene.bucketSettings {
                let order = scene.bucket(blueprint)
                let made = try await scene.ours.create(order)
                #expect(made.state.bucket == blueprint)
                #expect(made.state.isEmpty == true)
                #expect(try await scene.ours.find(order.subject) == made)
                #expect(try await scene.ours.list(.bucket).contains(made))
            }
        },
        ProviderConformance("a bucket is brought to other settings and back, however often it is asked", needs: [.buckets]) { scene in
            let subject = try await scene.made(scene.bucket())
            for blueprint in scene.bucketSettings + [BucketBlueprint(isVersioned: scene.can(.versioning))] {
                for _ in 1...2 {
                    try await scene.ours.apply(.configure(.bucket(blueprint)), to: subject)
                    try await scene.eventually(subject, "is \(blueprint)") { $0.bucket == blueprint }
                }
            }
        },
        ProviderConformance("a bucket with something in it is not deleted, and is after it was emptied", needs: [.buckets]) { scene in
            guard let fill = scene.peer.fill else { return }
            for isVersioned in scene.can(.versioning) ? [false, true] : [false] {
                let subject = try await scene.made(scene.bucket(BucketBlueprint(isVersioned: isVersioned)))
                for _ in 1...2 { try await fill(scene.ours, subject, ["a", "dir/b c~(1).txt", "q?x=1&y", "ü/ß"]) }
                #expect(try await scene.ours.find(subject)?.state.isEmpty == false)
                let error = await scene.failure { () throws(ProviderError) in try await scene.ours.delete(subject) }
                #expect(error?.kind == .notEmpty)
                for _ in 1...2 { try await scene.ours.apply(.empty, to: subject) }
                #expect(try await scene.ours.find(subject)?.state.isEmpty == true)
                try await scene.ours.delete(subject)
                try await scene.expectNothing(of: subject)
            }
        },
        ProviderConformance("what cannot be set on a bucket is refused by name", needs: [.buckets]) { scene in
            let subject = try await scene.made(scene.bucket())
            let cases: [(Capabilities.Feature, BucketBlueprint)] = [
                (.publicBuckets, BucketBlueprint(isPublic: true)), (.versioning, BucketBlueprint(isVersioned: true)),
                (.bucketEncryption, BucketBlueprint(isEncrypted: true)), (.expiry, BucketBlueprint(expireDays: 1)),
                (.bucketQuota, BucketBlueprint(quotaBytes: 1)),
            ]
            for (feature, blueprint) in cases where !scene.can(feature) {
                let error = await scene.failure { () throws(ProviderError) in
                    try await scene.ours.apply(.configure(.bucket(blueprint)), to: subject)
                }
                #expect(error?.kind == .unsupported(feature))
            }
        },
    ]

    static let addresses = [
        ProviderConformance("an address is given, and is the same at each look", needs: [.addresses]) { scene in
            for family in [AddressBlueprint.Family.v4, .v6] where family == .v4 || scene.can(.addressesV6) {
                let orders = [scene.address(AddressBlueprint(family: family)), scene.address(AddressBlueprint(family: family))]
                var seen: Set<String> = []
                for order in orders {
                    let made = try await scene.ours.create(order)
                    let address = try #require(made.state.publicAddresses.first.flatMap { IPAddress($0) })
                    #expect(made.state.publicAddresses.count == 1 && address.isV4 == (family == .v4))
                    #expect(try await scene.ours.find(order.subject)?.state.publicAddresses == made.state.publicAddresses)
                    seen.insert(address.description)
                }
                #expect(seen.count == 2)
            }
        },
        ProviderConformance(
            "an instance has an address until it is taken away, however often it is asked", needs: [.instances, .attachAddress]
        ) {
            scene in
            let instance = try await scene.running(scene.instance())
            let address = try await scene.made(scene.address())
            let ip = try #require(try await scene.ours.find(address)?.state.publicAddresses.first)
            for _ in 1...2 {
                try await scene.ours.apply(.assign(address: address), to: instance)
                let state = try await scene.eventually(instance, "has the address") { $0.publicAddressIDs == [address.id] }
                #expect(state.publicAddresses == [ip])
            }
            let error = await scene.failure { () throws(ProviderError) in try await scene.ours.delete(address) }
            #expect(error?.kind == .conflict)
            for _ in 1...2 {
                try await scene.ours.apply(.unassign(address: address), to: instance)
                try await scene.eventually(instance, "has no address") { $0.publicAddressIDs.isEmpty }
            }
            try await scene.ours.apply(.assign(address: address), to: instance)
            try await scene.ours.delete(instance)
            try await scene.ours.delete(address)
            try await scene.expectNothing(of: address)
        },
        ProviderConformance("an address that one instance has is not given to another", needs: [.instances, .attachAddress]) { scene in
            let (one, other) = (try await scene.running(scene.instance()), try await scene.running(scene.instance()))
            let address = try await scene.made(scene.address())
            try await scene.ours.apply(.assign(address: address), to: one)
            let error = await scene.failure { () throws(ProviderError) in try await scene.ours.apply(.assign(address: address), to: other) }
            #expect(error?.kind == .conflict)
            #expect(try await scene.ours.find(one)?.state.publicAddressIDs == [address.id])
        },
        ProviderConformance("the name of an address is set and taken away", needs: [.addresses, .reverseDNS]) { scene in
            let subject = try await scene.made(scene.address())
            for name in ["www.example.com", nil] {
                for _ in 1...2 {
                    try await scene.ours.apply(.configure(.address(AddressBlueprint(family: .v4, reverseDNS: name))), to: subject)
                    try await scene.eventually(subject, "has the name") { $0.reverseDNS == name }
                }
            }
        },
    ]

    static let firewalls = [
        ProviderConformance(
            "a firewall has the rules it was ordered with, and others when it is told, in whatever order", needs: [.firewalls]
        ) {
            scene in
            let some = [
                Scene.web, FirewallRule(direction: .ingress, networkProtocol: .udp, ports: 5000...5010, cidr: "10.0.0.0/8"),
                FirewallRule(direction: .ingress, networkProtocol: .icmp, ports: nil, cidr: "0.0.0.0/0"),
                FirewallRule(direction: .ingress, networkProtocol: .tcp, ports: nil, cidr: "2001:db8::/32"),
                FirewallRule(direction: .egress, networkProtocol: .all, ports: nil, cidr: "192.0.2.0/24"),
            ]
            let subject = try await scene.made(scene.firewall(some))
            #expect(try await scene.ours.find(subject)?.state.firewall == FirewallState(rules: some.reversed(), targets: []))
            for rules in [some.dropLast(2), [], some.dropFirst(2)].map(Array.init) {
                for _ in 1...2 {
                    try await scene.ours.apply(.configure(.firewall(FirewallBlueprint(rules: rules))), to: subject)
                    try await scene.eventually(subject, "has the rules") { $0.firewall == FirewallState(rules: rules, targets: []) }
                }
            }
        },
        ProviderConformance("a firewall stands before the instances it is told, and before no other", needs: [.firewalls, .instances]) {
            scene in
            let (one, other) = (try await scene.running(scene.instance()), try await scene.running(scene.instance()))
            let subject = try await scene.made(scene.firewall())
            for targets in [[one], [other, one], [other], [], [one]] {
                for _ in 1...2 {
                    try await scene.ours.apply(.configure(.firewall(FirewallBlueprint(rules: [Scene.web], targets: targets))), to: subject)
                    try await scene.eventually(subject, "stands there") {
                        $0.firewall == FirewallState(rules: [Scene.web], targets: targets.map(\.id))
                    }
                }
            }
            try await scene.ours.delete(subject)
            try await scene.expectNothing(of: subject)
            #expect(try await scene.ours.find(one)?.state.power == .running)
        },
    ]
}

extension Scene {
    /// Everything that the cloud can set on a bucket, one by one and all at once.
    fileprivate var bucketSettings: [BucketBlueprint] {
        let cases: [(Capabilities.Feature, (inout BucketBlueprint) -> Void)] = [
            (.versioning, { $0.isVersioned = true }), (.publicBuckets, { $0.isPublic = true }),
            (.bucketEncryption, { $0.isEncrypted = true }), (.expiry, { $0.expireDays = 30 }), (.bucketQuota, { $0.quotaBytes = 1 << 30 }),
        ]
        var all = BucketBlueprint()
        var found = [BucketBlueprint()]
        for (feature, change) in cases where can(feature) {
            change(&all)
            found.append(all)
        }
        return found
    }
}
