import Kernel
import Provider
import Testing

extension ProviderConformance {
    static let identity = [
        ProviderConformance("it says who it is and what it can do", needs: []) { scene in
            #expect(!scene.capabilities.server.isEmpty)
            #expect(!scene.oneOfEach.isEmpty)
            #expect(Set(scene.capabilities.identification.keys) == Set(ResourceKind.allCases.filter { scene.can($0.feature) }))
            #expect(Capabilities(scene.capabilities.json) == scene.capabilities)
        },
        ProviderConformance("what it made is found by name, by reference and in the list", needs: []) { scene in
            for order in scene.oneOfEach {
                let made = try await scene.ours.create(order)
                #expect(made.owner == .ours(order.subject.id))
                for reference in [nil, made.reference, "gone"] {
                    let found = try await scene.ours.find(Subject(kind: order.subject.kind, id: order.subject.id, reference: reference))
                    #expect(found?.reference == made.reference)
                    #expect(found?.owner == .ours(order.subject.id))
                }
                #expect(try await scene.ours.list(order.subject.kind).map(\.owner) == [.ours(order.subject.id)])
            }
        },
        ProviderConformance("what it made is as it was ordered, and instances are stopped where they can be") { scene in
            let instance = try await scene.ours.create(scene.instance()).state
            #expect(instance.capacity == scene.peer.size)
            if scene.can(.madeStopped) {
                #expect(instance.power == .stopped)
                #expect(instance.runningSince == nil)
            } else {
                #expect(instance.power == .starting || instance.power == .running)
            }
            #expect(try await scene.ours.create(scene.volume()).state.sizeGiB == 3)
            for reachesOutside in [true, false] {
                let order = scene.network(reachesOutside: reachesOutside)
                guard case .network(let blueprint) = order.blueprint else { return }
                #expect(try await scene.ours.create(order).state.cidr == blueprint.cidr)
            }
        },
        ProviderConformance("the list tells as much as a look at each") { scene in
            for _ in 1...3 { try await scene.made(scene.instance()) }
            let listed = try await scene.ours.list(.instance)
            #expect(listed.count == 3)
            for sighting in listed {
                guard case .ours(let id) = sighting.owner else { continue }
                #expect(try await scene.ours.find(Subject(kind: .instance, id: id)) == sighting)
            }
        },
        ProviderConformance("the same order twice makes one object", needs: []) { scene in
            for order in scene.oneOfEach {
                let first = try await scene.ours.create(order)
                do {
                    #expect(try await scene.ours.create(order).reference == first.reference)
                } catch let error as ProviderError {
                    #expect(error.kind == .conflict || error.kind == .ambiguous, "\(error)")
                }
                #expect(try await scene.ours.list(order.subject.kind).map(\.reference) == [first.reference])
            }
        },
        ProviderConformance("the same order at the same time makes one object", needs: []) { scene in
            for order in scene.oneOfEach {
                await withTaskGroup(of: Void.self) { group in
                    for _ in 1...4 { group.addTask { _ = try? await scene.ours.create(order) } }
                }
                let found = try #require(try await scene.ours.find(order.subject))
                #expect(found.owner == .ours(order.subject.id))
                try await scene.ours.delete(order.subject)
                #expect(try await scene.ours.list(order.subject.kind).isEmpty)
            }
        },
        ProviderConformance("what is deleted is gone, and deleting it again is success", needs: []) { scene in
            for order in scene.oneOfEach {
                let subject = try await scene.made(order)
                for _ in 1...2 {
                    try await scene.ours.delete(subject)
                    try await scene.expectNothing(of: subject)
                    #expect(try await scene.ours.list(order.subject.kind).isEmpty)
                }
            }
        },
        ProviderConformance("what was never there is not found, and deleting it is success", needs: []) { scene in
            for order in scene.oneOfEach {
                try await scene.expectNothing(of: order.subject)
                try await scene.ours.delete(order.subject)
            }
            for order in scene.oneOfEach {
                guard let change = order.anyChange else { continue }
                let error = await scene.failure { () throws(ProviderError) in try await scene.ours.apply(change, to: order.subject) }
                #expect(error?.kind == .absent, "\(order.subject.kind)")
            }
        },
    ]
}

extension Order {
    /// A change that one of its kind can be asked for; nil where there is none that every cloud knows.
    fileprivate var anyChange: Change? {
        switch blueprint {
        case .instance: .start
        case .bucket, .address, .firewall: .configure(blueprint)
        case .volume, .network, .snapshot: nil
        }
    }
}
