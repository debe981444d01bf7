import Kernel
import Provider
import Testing

extension ProviderConformance {
    static let snapshots = [
        ProviderConformance("a snapshot is as large as its volume, and is found by name, by reference and in the list", needs: [.snapshots])
        {
            scene in
            let order = scene.snapshot(of: try await scene.made(scene.volume()))
            let subject = try await scene.kept(order)
            for reference in [nil, subject.reference, "gone"] {
                let found = try await scene.ours.find(Subject(kind: .snapshot, id: subject.id, reference: reference))
                #expect(found?.owner == .ours(subject.id) && found?.reference == subject.reference)
                #expect(found?.state.sizeGiB == 3 && found?.isWhole == true)
            }
            #expect(try await scene.ours.list(.snapshot).map(\.owner) == [.ours(subject.id)])
            #expect(try await scene.ours.list(.volume).count == 1, "it counts as no volume")
            #expect(try await scene.ours.strangers(.volume).allSatisfy { $0.reference != subject.reference })
        },
        ProviderConformance("the same snapshot ordered again, and at the same time, is one", needs: [.snapshots]) { scene in
            let volume = try await scene.made(scene.volume())
            let order = scene.snapshot(of: volume)
            let first = try await scene.kept(order)
            do {
                #expect(try await scene.ours.create(order).reference == first.reference)
            } catch let error as ProviderError {
                #expect(error.kind == .conflict || error.kind == .ambiguous, "\(error)")
            }
            #expect(try await scene.ours.list(.snapshot).map(\.reference) == [first.reference])
            let another = scene.snapshot(of: volume)
            await withTaskGroup(of: Void.self) { group in
                for _ in 1...4 { group.addTask { _ = try? await scene.ours.create(another) } }
            }
            #expect(try await scene.ours.find(another.subject)?.owner == .ours(another.subject.id))
            try await scene.ours.delete(another.subject)
            #expect(try await scene.ours.list(.snapshot).map(\.reference) == [first.reference])
        },
        ProviderConformance("a snapshot outlives its volume, and is deleted as often as it is asked", needs: [.snapshots]) { scene in
            let volume = try await scene.made(scene.volume())
            let snapshot = try await scene.kept(scene.snapshot(of: volume))
            try await scene.ours.delete(volume)
            try await scene.expectNothing(of: volume)
            #expect(try await scene.ours.find(snapshot)?.state.progress == .done)
            let copy = scene.volume(of: snapshot, sizeGiB: 3)
            try await scene.made(copy)
            for _ in 1...2 {
                try await scene.ours.delete(snapshot)
                try await scene.expectNothing(of: snapshot)
                #expect(try await scene.ours.list(.snapshot).isEmpty)
            }
            #expect(try await scene.ours.find(copy.subject)?.isWhole == true)
        },
        ProviderConformance("a volume of a snapshot is made once, and as large as it was ordered", needs: [.snapshots]) { scene in
            let snapshot = try await scene.kept(scene.snapshot(of: try await scene.made(scene.volume())))
            for size in [3, 4] {
                let order = scene.volume(of: snapshot, sizeGiB: size)
                let made = try await scene.made(order)
                #expect(try await scene.ours.find(made)?.state.sizeGiB == size)
                _ = try? await scene.ours.create(order)
            }
            #expect(try await scene.ours.list(.volume).count == 3)
        },
        ProviderConformance("a snapshot of nothing, and a volume of no snapshot, are refused, and nothing is made", needs: [.snapshots]) {
            scene in
            let nothing = Subject(kind: .snapshot, id: ProviderConformance.peerless("snap"))
            for order in [
                scene.snapshot(of: Subject(kind: .volume, id: ProviderConformance.peerless("vol"))), scene.volume(of: nothing, sizeGiB: 3),
            ] {
                let error = await scene.failure { () throws(ProviderError) in _ = try await scene.ours.create(order) }
                #expect(error?.kind == .absent || error?.kind == .rejected, "\(String(describing: error))")
                try await scene.expectNothing(of: order.subject)
            }
            try await scene.ours.delete(nothing)
        },
        ProviderConformance("a snapshot of what a running instance has is taken, or refused by name", needs: [.snapshots, .attachVolume]) {
            scene in
            let volume = try await scene.made(scene.volume())
            let instance = try await scene.running(scene.instance(volumes: [Mount(volume: volume, path: "/data")]))
            let order = scene.snapshot(of: volume)
            if scene.can(.liveSnapshots) {
                try await scene.kept(order)
            } else {
                let error = await scene.failure { () throws(ProviderError) in _ = try await scene.ours.create(order) }
                #expect(error?.kind == .rejected && error?.detail.contains("detach the volume") == true)
                try await scene.expectNothing(of: order.subject)
                try await scene.ours.apply(.stop, to: instance)
                try await scene.eventually(instance, "is stopped") { $0.power == .stopped }
                try await scene.kept(order)
            }
        },
        ProviderConformance("another installation's snapshot is left alone", needs: [.snapshots]) { scene in
            let volume = try await scene.made(scene.volume())
            let mine = try await scene.kept(scene.snapshot(of: volume))
            let theirs = Subject(kind: .snapshot, id: mine.id, reference: mine.reference)
            #expect(try await scene.stranger.list(.snapshot).isEmpty)
            #expect(try await scene.stranger.find(theirs)?.owner ?? .foreign == .foreign)
            _ = await scene.failure { () throws(ProviderError) in try await scene.stranger.delete(theirs) }
            #expect(try await scene.ours.find(mine)?.owner == .ours(mine.id))
        },
    ]

    fileprivate static func peerless(_ prefix: String) -> String { prefix + "_01kb0c4q9re5c8v8m3f4t2x7yz" }
}

extension Scene {
    func volume(of snapshot: Subject, sizeGiB: Int) -> Order {
        order(.volume(VolumeBlueprint(sizeGiB: sizeGiB, type: "standard", isEncrypted: false, source: snapshot)))
    }

    /// Makes a snapshot and waits until all of it is there.
    @discardableResult func kept(_ order: Order) async throws -> Subject {
        let subject = try await made(order)
        try await eventually(subject, "is whole") { $0.progress == .done }
        return subject
    }
}
