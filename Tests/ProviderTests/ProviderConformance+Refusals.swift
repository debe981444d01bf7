import Kernel
import Provider
import Testing

extension ProviderConformance {
    static let refusals = [
        ProviderConformance("what it cannot do is refused by name, and nothing is made") { scene in
            var instance = InstanceBlueprint(size: Scene.size, image: scene.peer.image)
            instance.userData = "#cloud-config"
            var commanded = InstanceBlueprint(size: Scene.size, image: scene.peer.image)
            commanded.command = ["sh"]
            var equipped = InstanceBlueprint(size: Scene.size, image: scene.peer.image)
            equipped.environment = ["COLOUR": "blue"]
            let cases: [(Capabilities.Feature, Blueprint)] = [
                (.userData, .instance(instance)), (.command, .instance(commanded)), (.command, .instance(equipped)),
                (.encryption, .volume(VolumeBlueprint(sizeGiB: 1, type: "standard", isEncrypted: true))),
            ]
            for (feature, blueprint) in cases where !scene.can(feature) {
                let order = scene.order(blueprint)
                let error = await scene.failure { () throws(ProviderError) in _ = try await scene.ours.create(order) }
                #expect(error?.kind == .unsupported(feature))
                try await scene.expectNothing(of: order.subject)
            }
        },
        ProviderConformance("an image that is not there is named, and nothing is made") { scene in
            let order = scene.order(.instance(InstanceBlueprint(size: Scene.size, image: "cloudapi-no-such-image:7")))
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
