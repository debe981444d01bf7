import Kernel
import Prices
import Provider
import Web

/// A place that takes it, and what it costs there.
struct Placement: Sendable {
    let account: ProviderConnection
    let location: String
    /// Of an instance.
    let size: String?
    /// While it is at work.
    let rate: HourlyRate
    let estimate: Estimate
    /// What policies warn of.
    let policyResults: [PolicyResult]
    /// When there was no room last, if that was lately.
    let failedAt: Timestamp?
    /// Why it stands where it does, in sentences.
    var reason = ""

    /// What else there is to say.
    var remark: String { failedAt.map { " It had no room at \($0), so it comes after those that had." } ?? "" }

    /// As it stands in the log.
    var json: JSON {
        [
            "connection_id": JSON(account.id), "connection_name": .string(account.name), "provider": .string(account.provider),
            "location": .string(location), "size": JSON(size), "hourly": .string(rate.amount.formatted(minimumPlaces: 4)),
            "currency": .string(rate.currency), "capacity_failed_at": JSON(failedAt), "reason": .string(reason),
        ]
    }

    static let fields: [Schema.Field] =
        PlacementRefusal.place + [
            .required("location", .string(1...63)), .required("size", Schema.string(1...20, .text, "Of an instance.").nullable),
            .required("hourly", Money.amount.described("While it runs.")), .required("currency", Money.currency),
            .required("capacity_failed_at", Schema.timestamp("When there was no room, if that was lately.").nullable),
            .required("reason", .string(0...4000, .echo, "Why it stands where it does.")),
        ]

    static let schema = Schema.named("Placement", .object(fields))
}

/// A place that does not take it, and why.
struct PlacementRefusal: Sendable {
    let account: ProviderConnection
    /// Nil where it is not known before the source is.
    let location: String?
    let problem: Problem

    init(_ candidate: PlacementSearch.Candidate, _ problem: Problem) {
        (account, location, self.problem) = (candidate.account, candidate.location, problem)
    }

    /// What a create there answers, or what its operation ends with.
    var code: String {
        problem.code == .providerUnreachable && account.state == .unauthorized
            ? Operation.Failure.Code.providerAuth.rawValue : problem.code.rawValue
    }

    func isOfSamePlace(as other: PlacementRefusal) -> Bool { account.id == other.account.id && location == other.location }

    var json: JSON {
        [
            "connection_id": JSON(account.id), "connection_name": .string(account.name), "provider": .string(account.provider),
            "location": JSON(location), "code": .string(code), "detail": .string(problem.detail),
        ]
    }

    static let place: [Schema.Field] = [
        .required("connection_id", .id(ConnectionKind.prefix)), .required("connection_name", .string(1...63)),
        .required("provider", .string(1...40)),
    ]

    static let schema = Schema.object(
        place + [
            .required("location", Schema.string(1...63).nullable),
            .required(
                "code",
                .string(1...60, .text, "Of the problem that a create there answers, or `provider_auth` where credentials are refused.")
            ), .required("detail", .string(0...4000, .echo)),
        ])

    // MARK: Several

    /// Why the place after them was taken.
    static func reason(after refusals: [PlacementRefusal]) -> String {
        guard !refusals.isEmpty else { return "The cheapest." }
        let passed = refusals.prefix(10).map { "\($0.account.name)\($0.location.map { " at \($0)" } ?? "") (\($0.code))" }
        let more = refusals.count > 10 ? " and \(refusals.count - 10) more" : ""
        return "The cheapest that takes it. Passed over: \(passed.joined(separator: ", "))\(more)."
    }

    /// What a create is told that no place takes: what was wrong at the first that could be asked.
    static func problem(_ refusals: [PlacementRefusal]) -> Problem {
        let first = refusals.first { $0.account.state == .connected } ?? refusals.first
        guard var problem = first?.problem else { return Problem(.providerRequired, "There is no place to ask.") }
        if refusals.count > 1 { problem.detail = "No place takes it. At the first: " + problem.detail }
        problem.members["refusals"] = .array(refusals.prefix(100).map(\.json))
        return problem
    }
}

/// Where something can be made at this moment.
struct PlacementAnswer: Sendable {
    let kind: ResourceKind
    let project: ProjectID
    var placements: [Placement] = []
    var refusals: [PlacementRefusal] = []

    /// The cheapest; nil when there is none, or when there are several in currencies that cannot be compared.
    var chosen: Placement? { Set(placements.map(\.rate.currency)).count == 1 ? placements.first : nil }

    /// Puts places that had no room lately last, and the cheapest of each currency first; says why.
    mutating func rank() {
        placements.sort { one, other in
            if (one.failedAt == nil) != (other.failedAt == nil) { return one.failedAt == nil }
            if one.rate.currency != other.rate.currency { return one.rate.currency < other.rate.currency }
            if one.rate.amount != other.rate.amount { return one.rate.amount < other.rate.amount }
            return (one.account.name, one.location) < (other.account.name, other.location)
        }
        for index in placements.indices { placements[index].reason = reason(of: index) }
    }

    private func reason(of index: Int) -> String {
        let placement = placements[index]
        let best = placements.first { $0.rate.currency == placement.rate.currency } ?? placement
        let dearer = placement.rate.amount - best.rate.amount
        let reason =
            if best.account.id == placement.account.id, best.location == placement.location {
                placements.count == 1 ? "The only place that takes it." : "The cheapest in \(placement.rate.currency)."
            } else if dearer > .zero {
                "\(dearer.formatted(minimumPlaces: 4)) \(placement.rate.currency) an hour more than \(best.account.name) at \(best.location)."
            } else {
                "Not dearer than \(best.account.name) at \(best.location)."
            }
        return reason + placement.remark
    }
}

extension PlacementAnswer: JSONRepresentable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("kind", kind.rawValue)
            json.field("project_id", project)
            json.field("chosen", chosen?.json)
            json.array("placements", placements.map(Offer.init))
            json.field("refusals", JSON.array(refusals.map(\.json)))
        }
    }

    /// A placement with all it comes to.
    private struct Offer: JSONRepresentable {
        let placement: Placement

        func write(to json: inout JSONWriter) {
            json.object { json in
                for member in placement.json.members ?? [] { json.dynamicField(member.name, member.value) }
                json.field("estimate", placement.estimate)
                json.field("policy_results", JSON.array(placement.policyResults.map(\.json)))
            }
        }
    }

    static let schema = Schema.named(
        "Placements",
        .object([
            .required("kind", .choice(of: ResourceKind.self)), .required("project_id", .id("proj")),
            .required(
                "chosen",
                Schema.object(
                    Placement.fields,
                    "What a create with these requirements gets; null when nothing takes it, or when prices cannot be compared."
                ).nullable),
            .required(
                "placements",
                .array(
                    .object(
                        Placement.fields + [
                            .required("estimate", Estimate.schema), .required("policy_results", PolicyResult.list),
                        ]), 0...100_000, "The cheapest of each currency first; what had no room lately comes last.")),
            .required("refusals", .array(PlacementRefusal.schema, 0...100_000)),
        ]))
}
