// Where something can be made, and for how much: over all connections the project may use, and the places there.
//
// Nothing is worked out here that admission does not work out itself: every place is asked for a dry run, and what that answers or refuses is
// told. So what is offered is what a create of this moment would get, with quota, budget, policies and all; a table of offers of our own
// would say something else sooner or later. What admission does not ask stands here: a create waits for a provider that is down and tries again
// where there is no room, and whoever can choose goes elsewhere.
//
// Prices are looked up before anything is asked, so that who only wants the cheapest asks few places: those that refuse it, and the one that
// does not.

import Identity
import Kernel
import Prices
import Provider
import Storage
import Web

struct PlacementSearch {
    let admitting: Admitting
    let project: Project
    /// Without a connection, a location or requirements of its own.
    let draft: ResourceDraft
    let requirements: PlacementRequirements

    /// What can be asked for: one size at one place.
    struct Candidate: Sendable {
        let account: ProviderConnection
        /// Nil where its source is.
        let location: String?
        let spec: JSON
        /// By the price book; nil without a price.
        let rate: HourlyRate?
        let failedAt: Timestamp?
    }

    /// Every place, the cheapest size of each that it takes, in the order in which they are to be had.
    func survey() throws -> PlacementAnswer {
        var answer = PlacementAnswer(kind: draft.kind, project: project.id)
        for candidates in try places() {
            do {
                answer.placements.append(try cheapest(of: candidates))
            } catch let problem as Problem {
                answer.refusals.append(PlacementRefusal(candidates[0], problem))
            }
        }
        answer.rank()
        return answer
    }

    /// The first in that order. Throws what the first place throws, with all `refusals`, and `validation_failed` where prices in different
    /// currencies cannot be compared.
    func choose() throws -> Placement {
        let candidates = try places().joined().sorted(by: Self.precedes)
        let currencies = Set(candidates.compactMap(\.rate?.currency)).sorted()
        guard requirements.currency != nil || currencies.count <= 1 else {
            throw Problem.invalid(
                requirements.pointer + "/currency", "Prices are in \(currencies.joined(separator: ", ")): say which to compare.",
                code: "required")
        }
        var refusals: [PlacementRefusal] = []
        for candidate in candidates {
            do {
                var found = try offer(candidate)
                found.reason = PlacementRefusal.reason(after: refusals) + found.remark
                return found
            } catch let problem as Problem {
                let refusal = PlacementRefusal(candidate, problem)
                if !refusals.contains(where: { $0.isOfSamePlace(as: refusal) }) { refusals.append(refusal) }
            }
        }
        throw PlacementRefusal.problem(refusals)
    }

    // MARK: Parts

    /// The candidates of each place, the cheapest first.
    private func places() throws -> [[Candidate]] {
        let (tenant, connection, now) = (admitting.caller.tenant, admitting.connection, admitting.by.at)
        let failures = try CapacityFailure.recent(draft.kind, at: now, in: tenant, connection)
        let specs = requirements.specs(draft)
        let lines = specs.map { Spec(draft.kind, $0)?.linesAtWork ?? [] }
        return try requirements.accounts(for: project.id, tenant, connection).flatMap { account in
            try locations(of: account).map { location in
                let place = location ?? Resource.usualLocation
                let rates = try HourlyRate.each(
                    of: lines, provider: account.provider, location: place, at: now, in: tenant, connection)
                return zip(specs, rates).map { spec, rate in
                    Candidate(
                        account: account, location: location, spec: spec, rate: rate,
                        failedAt: failures[.init(connection: account.id, location: place)])
                }.sorted(by: Self.precedes)
            }
        }
    }

    private func locations(of account: ProviderConnection) throws -> [String?] {
        if let asked = requirements.locations { return asked }
        if draft.source != nil { return [nil] }
        let priced = try PricedLocations.of(account.provider, at: admitting.by.at, in: account.tenant, admitting.connection)
        return Resource.locations(priced)
    }

    /// What has had no room lately, and what has no price, comes last. Sizes come as they grow.
    private static func precedes(_ one: Candidate, _ other: Candidate) -> Bool {
        if (one.failedAt == nil) != (other.failedAt == nil) { return one.failedAt == nil }
        guard let price = one.rate, let otherPrice = other.rate else { return one.rate != nil && other.rate == nil }
        if price.currency != otherPrice.currency { return price.currency < otherPrice.currency }
        if price.amount != otherPrice.amount { return price.amount < otherPrice.amount }
        return (one.account.name, one.location ?? "") < (other.account.name, other.location ?? "")
    }

    /// Throws what the cheapest of them is refused with when all are.
    private func cheapest(of candidates: [Candidate]) throws -> Placement {
        var refusal: Problem?
        for candidate in candidates {
            do {
                return try offer(candidate)
            } catch let problem as Problem {
                refusal = refusal ?? problem
            }
        }
        throw refusal ?? Problem(.unsupportedByProvider, "There is nothing to ask for.")
    }

    /// What a create there gets. Throws what it is refused with, `provider_unreachable`, and `budget_exceeded` above `max_hourly`.
    private func offer(_ candidate: Candidate) throws -> Placement {
        try candidate.account.requireConnected()
        var draft = draft
        (draft.provider, draft.location, draft.spec) = (candidate.account.id.rawValue, candidate.location, candidate.spec)
        let admitted = try admitting.create(draft, in: project, isDryRun: true)
        guard let estimate = admitted.estimate else { throw Problem(.validationFailed, "It has no estimate.") }
        let rate = try rate(of: admitted.resource)
        try requirements.requireAffordable(rate)
        return Placement(
            account: candidate.account, location: admitted.resource.location, size: admitted.resource.spec.instance?.size, rate: rate,
            estimate: estimate, policyResults: admitted.policyResults, failedAt: candidate.failedAt)
    }

    /// While it is at work, also of an instance that is to be made stopped. Throws `validation_failed` without a price.
    private func rate(of resource: Resource) throws -> HourlyRate {
        let lines = resource.spec.linesAtWork
        let rate = try HourlyRate.of(
            lines, provider: resource.provider, location: resource.location, at: admitting.by.at, in: resource.tenant,
            admitting.connection)
        guard let rate else {
            throw Problem(
                .validationFailed,
                "There is no price for \(lines.map(\.sku).joined(separator: ", ")) (provider \(resource.provider), location \(resource.location)).",
                violations: [.init(pointer: "/spec", code: "no_price", detail: "has no price")])
        }
        return rate
    }
}

extension ProviderConnection {
    /// Throws `provider_unreachable` for one that could not be used when it was last asked.
    fileprivate func requireConnected() throws {
        guard state != .connected else { return }
        throw Problem(
            .providerUnreachable, "The connection \(name) is \(state.rawValue)\(stateDetail.isEmpty ? "." : ": \(stateDetail)")",
            retryAfter: 60)
    }
}
