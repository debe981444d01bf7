import Kernel
import Provider
import Testing

extension ProviderConformance {
    static let refusals = [
        ProviderConformance("what it cannot do is refused by name, and nothing is made", needs: []) { scene in
            var instance = InstanceBlueprint(size: scene.peer.size, image: scene.peer.image)
            instance.userData = "#cloud-config"
            var commanded = InstanceBlueprint(size: scene.peer.size, image: scene.peer.image)
            commanded.command = ["sh"]
            var equipped = InstanceBlueprint(size: scene.peer.size, image: scene.peer.image)
            equipped.environment = ["COLOUR": "blue"]
            let cases: [(Capabilities.Feature, Blueprint)] = [
                (.userData, .instance(instance)), (.command, .instance(commanded)), (.command, .instance(equipped)),
                (.encryption, .volume(VolumeBlueprint(sizeGiB: 1, type: "standard", isEncrypted: true))),
                (.buckets, .bucket(BucketBlueprint())), (.publicBuckets, .bucket(BucketBlueprint(isPublic: true))),
                (.versioning, .bucket(BucketBlueprint(isVersioned: true))),
                (.bucketEncryption, .bucket(BucketBlueprint(isEncrypted: true))),
                (.expiry, .bucket(BucketBlueprint(expireDays: 1))), (.bucketQuota, .bucket(BucketBlueprint(quotaBytes: 1))),
                (.addresses, .address(AddressBlueprint(family: .v4))), (.addressesV6, .address(AddressBlueprint(family: .v6))),
                (.reverseDNS, .address(AddressBlueprint(family: .v4, reverseDNS: "www.example.com"))),
                (.firewalls, .firewall(FirewallBlueprint(rules: []))),
                (.snapshots, .snapshot(SnapshotBlueprint(volume: scene.volume().subject))), (.instances, .instance(instance)),
            ]
            for (feature, blueprint) in cases where !scene.can(feature) {
                // A kind that is missing altogether is what is named.
                let kind = scene.order(blueprint).subject.kind.feature
                guard feature == kind || scene.can(kind) else { continue }
                let order = scene.order(blueprint)
                let error = await scene.failure { () throws(ProviderError) in _ = try await scene.ours.create(order) }
                #expect(error?.kind == .unsupported(feature))
                try await scene.expectNothing(of: order.subject)
            }
        },
        ProviderConformance("an image that is not there is named, and nothing is made") { scene in
            let order = scene.order(.instance(InstanceBlueprint(size: scene.peer.size, image: "cloudapi-no-such-image:7")))
            let error = await scene.failure { () throws(ProviderError) in _ = try await scene.ours.create(order) }
            #expect(error?.kind == .rejected)
            #expect(error?.detail.contains("cloudapi-no-such-image:7") == true)
            try await scene.expectNothing(of: order.subject)
        },
        ProviderConformance("a network whose addresses are taken is refused, and nothing is made") { scene in
            let first = scene.network()
            try await scene.made(first)
            let second = scene.order(first.blueprint)
            let error = await scene.failure { () throws(ProviderError) in _ = try await scene.ours.create(second) }
            #expect(error?.kind == .conflict)
            try await scene.expectNothing(of: second.subject)
        },
    ]
}
