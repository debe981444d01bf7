import Kernel
import Provider
import Testing

extension ProviderConformance {
    static let ownership = [
        ProviderConformance("it lists what this installation made and nothing else", needs: []) { scene in
            for order in scene.oneOfEach {
                _ = try await scene.stranger.create(order)
                #expect(try await scene.ours.list(order.subject.kind).isEmpty)
                #expect(try await scene.stranger.list(order.subject.kind).count == 1)
            }
        },
        ProviderConformance("a name another installation has taken is a conflict, and what it made is foreign", needs: []) { scene in
            for order in scene.oneOfEach where scene.capabilities.identification[order.subject.kind] == .name {
                let theirs = try await scene.stranger.create(order)
                #expect(try await scene.ours.find(order.subject)?.owner == .foreign)
                #expect(try await scene.ours.find(order.subject)?.reference == theirs.reference)
                let error = await scene.failure { () throws(ProviderError) in _ = try await scene.ours.create(order) }
                #expect(error?.kind == .conflict)
                #expect(try await scene.stranger.find(order.subject) == theirs)
            }
        },
        ProviderConformance("what another installation made is neither changed nor deleted", needs: []) { scene in
            for order in scene.oneOfEach where scene.capabilities.identification[order.subject.kind] == .name {
                let theirs = try await scene.stranger.create(order)
                for reference in [nil, theirs.reference] {
                    let subject = Subject(kind: order.subject.kind, id: order.subject.id, reference: reference)
                    let error = await scene.failure { () throws(ProviderError) in try await scene.ours.delete(subject) }
                    #expect(error?.kind == .conflict)
                    let change: Change? =
                        switch order.blueprint {
                        case .instance: .start
                        case .bucket: .configure(order.blueprint)
                        default: nil
                        }
                    if let change {
                        let error = await scene.failure { () throws(ProviderError) in try await scene.ours.apply(change, to: subject) }
                        #expect(error?.kind == .conflict)
                    }
                }
                #expect(try await scene.stranger.find(order.subject) == theirs)
            }
        },
        ProviderConformance("what it did not make is shown, and marked and left again where that can be done", needs: []) { scene in
            for order in scene.oneOfEach {
                let kind = order.subject.kind
                let theirs = Subject(kind: kind, id: order.subject.id, reference: try await scene.stranger.create(order).reference)
                let mine = Subject(kind: kind, id: order.subject.id + "x", reference: theirs.reference)
                #expect(try await scene.shown(mine)?.isMarked == true, "\(kind)")
                let error = await scene.failure { () throws(ProviderError) in
                    if try await !scene.ours.mark(mine) { throw ProviderError(.conflict, "It cannot be marked at all.") }
                }
                #expect(error?.kind == .conflict, "\(kind)")
                try await scene.stranger.unmark(theirs)
                guard let free = try await scene.shown(mine), !free.isMarked, try await scene.ours.mark(mine) else {
                    // Marks of what exists cannot be changed there.
                    try await scene.stranger.delete(order.subject)
                    continue
                }
                #expect(try await scene.ours.mark(mine))
                #expect(try await scene.ours.find(mine)?.owner == .ours(mine.id), "\(kind)")
                #expect(try await scene.ours.list(kind).map(\.owner) == [.ours(mine.id)], "\(kind)")
                #expect(try await scene.shown(mine) == nil, "\(kind)")
                for _ in 1...2 { try await scene.ours.unmark(mine) }
                #expect(try await scene.shown(mine) == free, "\(kind)")
                #expect(try await scene.stranger.mark(theirs))
            }
        },
        ProviderConformance("another resource's object is not taken for one's own by its reference", needs: []) { scene in
            for order in scene.oneOfEach {
                let made = try await scene.ours.create(order)
                let other = Subject(kind: order.subject.kind, id: order.subject.id + "x", reference: made.reference)
                #expect(try await scene.ours.find(other)?.owner != .ours(other.id))
                _ = await scene.failure { () throws(ProviderError) in try await scene.ours.delete(other) }
                #expect(try await scene.ours.find(order.subject) != nil)
            }
        },
    ]
}

extension Scene {
    /// As it stands among what this installation did not make.
    fileprivate func shown(_ subject: Subject) async throws -> Stranger? {
        try await ours.strangers(subject.kind).first { $0.reference == subject.reference }
    }
}
