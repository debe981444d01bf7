import Kernel
import Provider

/// What came of one attempt at one step. Nothing is decided here about the operation; that is `Outcome+Effect`.
enum Outcome: Sendable {
    /// It is as the step wants it; with what was seen, when something was.
    case done(Sighting?)
    /// Not yet: look again.
    case pending(Sighting?)
    /// It did not work, and may work later.
    case trouble(ProviderError)
    /// A search that can lag behind found nothing; it has to be repeated before that is believed.
    case nothingYet
    /// It cannot work.
    case failed(Operation.Failure)
    /// What was to run has ended by itself; seen like this.
    case ended(Operation.Failure, Sighting)
    /// Only a person can tell.
    case blocked(String)
}

/// One attempt at one step: calls the provider, and after any doubt looks before it believes.
struct Attempt {
    let work: Work
    let step: Step
    let now: Timestamp

    func run() async -> Outcome {
        do throws(ProviderError) {
            switch step.action {
            case .create: return try await create()
            case .delete: return try await refusingWhatIsFull { () throws(ProviderError) in try await delete() }
            case .keep: return .done(nil)
            case .await(let goal): return try await look(for: goal)
            default: return try await change()
            }
        } catch {
            return .trouble(error)
        }
    }

    // MARK: Create

    private func create() async throws(ProviderError) -> Outcome {
        if work.mayHaveHappened(step) {
            switch try await search() {
            // What is half made is completed below.
            case .found(let sighting) where sighting.owner == .ours(work.resource.id.rawValue) && !sighting.isWhole: break
            case .found(let sighting): return adopt(sighting)
            case .uncertain: return .nothingYet
            case .invisible where step.isInDoubt || step.attempt == 0:
                return .blocked("The provider may have made the object, and it cannot be told from others. Look there, then resolve.")
            case .invisible, .absent: break
            }
        }
        do throws(ProviderError) {
            return adopt(try await work.provider.create(work.order(step)))
        } catch {
            return try await afterFailedCreate(error)
        }
    }

    private func adopt(_ sighting: Sighting) -> Outcome {
        guard sighting.owner == .ours(work.resource.id.rawValue) else {
            return .failed(
                .init(code: .ownershipConflict, detail: "The provider has an object named \(work.subject.name) that is not ours."))
        }
        return .done(sighting)
    }

    /// A refusal is believed only when nothing is there: providers say 409 and 400 after having made the object, and 500 for a name that is taken.
    private func afterFailedCreate(_ error: ProviderError) async throws(ProviderError) -> Outcome {
        switch error.kind {
        case .conflict, .rejected, .absent:
            guard work.identification == .name, let found = try await work.provider.find(work.subject), found.isWhole else { break }
            return adopt(found)
        default: break
        }
        switch error.kind {
        case .rejected, .absent: return .failed(.init(code: .providerRejected, detail: error.detail))
        case .unsupported(let feature):
            return .failed(.init(code: .providerRejected, detail: "The provider cannot do \(feature.rawValue)."))
        case .unauthorized: return .failed(.init(code: .providerAuth, detail: error.detail))
        default: return .trouble(error)
        }
    }

    /// What a look for an object of ours shows, by how far looking can be trusted.
    private enum Finding {
        case found(Sighting)
        case absent
        /// Nothing seen, but what was made may not show yet.
        case uncertain
        /// Looking tells nothing.
        case invisible
    }

    /// A token stays good for at least so long (the shortest window known is 24 h, of EC2's client tokens).
    private static let tokenLife: Int64 = 12 * 3600
    /// A list that can lag is believed after so many empty answers over so many seconds.
    private static let searches = (count: 3, seconds: Int64(30))

    private func search() async throws(ProviderError) -> Finding {
        switch work.identification {
        case .none: return .invisible
        case .token where now < (step.startedAt ?? work.operation.createdAt).adding(seconds: Self.tokenLife): return .absent
        case .token, .name:
            if let found = try await work.provider.find(work.subject) { return .found(found) }
            return .absent
        case .label:
            if let found = try await work.provider.find(work.subject) { return .found(found) }
            let isSure =
                step.emptySearches + 1 >= Self.searches.count
                && (step.emptySince ?? now).adding(seconds: Self.searches.seconds) <= now
            return isSure ? .absent : .uncertain
        }
    }

    // MARK: Change

    private func change() async throws(ProviderError) -> Outcome {
        guard let change = work.change(step.action) else {
            return .failed(.init(code: .providerRejected, detail: "There is no such size or setting."))
        }
        if work.mayHaveHappened(step), let outcome = try await outcome(of: change) { return outcome }
        do throws(ProviderError) {
            try await work.provider.apply(change, to: work.subject)
            guard change.isGradual else { return .done(nil) }
            return try await outcome(of: change) ?? .pending(nil)
        } catch {
            switch error.kind {
            case .conflict, .rejected, .absent, .ambiguous:
                if let outcome = try await outcome(of: change) { return outcome }
            case .unsupported(let feature):
                return .failed(.init(code: .providerRejected, detail: "The provider cannot do \(feature.rawValue)."))
            case .unauthorized: return .failed(.init(code: .providerAuth, detail: error.detail))
            default: break
            }
            if error.kind == .rejected || error.kind == .absent {
                return .failed(.init(code: .providerRejected, detail: error.detail))
            }
            return .trouble(error)
        }
    }

    /// Nil while the change is still to be made.
    private func outcome(of change: Change) async throws(ProviderError) -> Outcome? {
        guard let found = try await work.provider.find(work.subject) else {
            return .failed(.init(code: .providerRejected, detail: "The provider does not have the object any more."))
        }
        guard found.owner == .ours(work.resource.id.rawValue) else { return adopt(found) }
        return change.isSatisfied(by: found.state, askedAt: step.startedAt ?? work.operation.createdAt) ? .done(found) : nil
    }

    // MARK: Delete

    private func delete() async throws(ProviderError) -> Outcome {
        if work.resource.reference == nil {
            switch try await search() {
            case .found(let sighting) where sighting.owner != .ours(work.resource.id.rawValue): return .done(nil)
            case .found(let sighting):
                var subject = work.subject
                subject.reference = sighting.reference
                try await work.provider.delete(subject)
                return .pending(sighting)
            case .absent where work.identification == .token:
                guard try await work.provider.find(work.subject) != nil else { return .done(nil) }
            case .absent: return .done(nil)
            case .uncertain: return .nothingYet
            case .invisible:
                return .blocked("The provider may have an object that cannot be told from others. Look there, then resolve.")
            }
        }
        try await work.provider.delete(work.subject)
        return .done(nil)
    }

    /// What is in a bucket is nobody's to remove by the way: the operation ends, and says so.
    private func refusingWhatIsFull(_ delete: () async throws(ProviderError) -> Outcome) async throws(ProviderError) -> Outcome {
        do throws(ProviderError) {
            return try await delete()
        } catch {
            guard error.kind == .notEmpty else { throw error }
            return .failed(.init(code: .notEmpty, detail: error.detail))
        }
    }

    // MARK: Look

    private func look(for goal: Step.Goal) async throws(ProviderError) -> Outcome {
        let found = try await work.provider.find(work.subject)
        if let found, found.owner != .ours(work.resource.id.rawValue) { return goal == .absent ? .done(nil) : adopt(found) }
        switch (goal, found?.state.power) {
        case (.absent, _): return found == nil ? .done(nil) : .pending(found)
        case (.whole, _) where found == nil && step.attempt < Self.looksForWhatWasMade: return .pending(nil)
        case (_, _) where found == nil:
            return .failed(.init(code: .notStabilized, detail: "The provider does not have the object any more."))
        case (.present, _): return .done(found)
        case (.whole, _): return whole(found)
        case (.running, .running), (.stopped, .stopped), (.stopped, .crashed): return .done(found)
        case (.running, .stopped), (.running, .crashed):
            guard let found else { return .pending(nil) }
            return .ended(.ended(found), found)
        default: return .pending(found)
        }
    }
}

extension Attempt {
    /// What was just made may not show yet: with the pauses between two looks, ten seconds.
    fileprivate static let looksForWhatWasMade = 8

    /// By what the provider says of its progress.
    private func whole(_ found: Sighting?) -> Outcome {
        switch found?.state.progress {
        case .going: .pending(found)
        case .failed: .failed(.init(code: .providerRejected, detail: "The provider has begun it and says that it failed."))
        case .done, nil: .done(found)
        }
    }
}

extension Operation.Failure {
    fileprivate static func ended(_ sighting: Sighting) -> Operation.Failure {
        let code = sighting.state.exitCode.map { " with exit code \($0)" } ?? ""
        return .init(code: .notStabilized, detail: "The instance ended by itself\(code); its logs say why.")
    }
}
