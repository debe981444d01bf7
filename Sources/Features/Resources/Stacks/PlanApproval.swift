import Kernel
import Prices
import Provider
import Storage
import Web

/// That a plan has to be approved before it is applied: which policies ask for it and why, and who has approved it.
struct PlanApproval: Sendable, Equatable {
    struct Reason: Sendable, Equatable {
        let policy: PolicyID
        let name: String
        let detail: String
    }

    let reasons: [Reason]
    /// The person, once it is given.
    var approver: String?
    var approvedAt: Timestamp?

    var isGiven: Bool { approvedAt != nil }

    var json: JSON {
        [
            "reasons": .array(
                reasons.map { ["policy_id": JSON($0.policy), "name": .string($0.name), "detail": .string($0.detail)] }),
            "approved_by": JSON(approver), "approved_at": JSON(approvedAt),
        ]
    }

    init(reasons: [Reason]) { self.reasons = reasons }

    init(_ json: JSON) {
        reasons = (json["reasons"]?.array ?? []).map {
            Reason(policy: PolicyID($0["policy_id"]?.string ?? ""), name: $0["name"]?.string ?? "", detail: $0["detail"]?.string ?? "")
        }
        approver = json["approved_by"]?.string
        approvedAt = json["approved_at"]?.string.flatMap { Timestamp($0) }
    }

    static let schema = Schema.object(
        [
            .required(
                "reasons",
                .array(
                    .object([
                        .required("policy_id", .id(PolicyKind.prefix)), .required("name", .string(1...120, .echo)),
                        .required("detail", .string(1...10_000, .echo)),
                    ]))),
            .required("approved_by", Schema.id("usr", "Who has approved it.").nullable),
            .required("approved_at", Schema.timestamp().nullable),
        ], "What policies want an approval for, and who has given it; null when none does.")
}

extension PolicyCheck {
    /// Nil when nobody has to approve it.
    func approval(of plan: StackPlan) -> PlanApproval? {
        let reasons = policies.compactMap { policy -> PlanApproval.Reason? in
            guard case .approval(let destroysData, let limit, let currency) = policy.rule else { return nil }
            let own = plan.changes.filter { $0.action != .noop && policy.isAbout($0.kind, in: environment) }
            guard !own.isEmpty else { return nil }
            var details: [String] = []
            if !destroysData, limit == nil { details.append("It changes \(Self.words(own)) in \(environment).") }
            let losing = own.filter(\.destroysData)
            if destroysData, !losing.isEmpty { details.append("It destroys the data of \(Self.words(losing)).") }
            if let limit, plan.currency == currency, plan.monthlyDelta > limit {
                let amounts = [plan.monthlyDelta, limit].map { $0.formatted(minimumPlaces: 2) }
                details.append("It costs \(amounts[0]) \(currency) a month more, which is above \(amounts[1]).")
            }
            guard !details.isEmpty else { return nil }
            let said = ([policy.message] + details).filter { !$0.isEmpty }
            return .init(policy: policy.id, name: policy.name, detail: said.joined(separator: " "))
        }
        return reasons.isEmpty ? nil : PlanApproval(reasons: reasons)
    }

    private static func words(_ changes: [PlannedChange]) -> String {
        let names = changes.prefix(10).map(\.key).joined(separator: ", ")
        return changes.count > 10 ? "\(names) and \(changes.count - 10) more" : names
    }
}

extension StackPlan {
    /// Throws `policy_denied` while somebody has to approve what is left to do of it, or when a policy denies one of these changes.
    func requireAllowed(_ rest: StackPlan) throws {
        if let reason = rest.approval?.reasons.first(where: { !isApproved($0, rest) }) {
            throw Problem(
                .policyDenied, "The policy \(reason.name) wants this approved by somebody else than who made the plan. \(reason.detail)",
                members: ["policy_id": JSON(reason.policy), "approval": (approval ?? rest.approval)?.json ?? .null])
        }
        for change in rest.changes where change.action != .noop {
            if let problem = Problem.denied(change.policyResults, kind: change.kind, named: change.name, in: project) { throw problem }
        }
    }

    /// An approval holds for the rest too, as long as that loses no other data.
    private func isApproved(_ reason: PlanApproval.Reason, _ rest: StackPlan) -> Bool {
        guard let approval, approval.isGiven else { return false }
        let losing = Set(changes.filter(\.destroysData).map(\.key))
        return approval.reasons.contains { $0.policy == reason.policy }
            && rest.changes.allSatisfy { !$0.destroysData || losing.contains($0.key) }
    }

    /// Throws `forbidden` for who made it and for what is no person, `plan_stale`, and `invalid_state` where nobody has to approve it.
    mutating func approve(for caller: Caller, by: Attribution, _ connection: Connection) throws {
        try caller.require(.admin, in: project)
        guard let person = caller.user else {
            throw Problem(.forbidden, "A plan is approved by a person: sign in, or use a token of yours.")
        }
        guard maker != person.rawValue else { throw Problem(.forbidden, "A plan is approved by somebody else than who made it.") }
        guard var approval else { throw Problem(.invalidState, "Nobody has to approve this plan.") }
        guard !approval.isGiven else { return }
        guard state == .open, by.at < expiresAt else { throw Problem(.planStale, "The plan was good until \(expiresAt), and for one use.") }
        (approval.approver, approval.approvedAt) = (person.rawValue, by.at)
        self.approval = approval
        try connection.execute(
            "UPDATE stack_plans SET approval = ? WHERE workspace = ? AND mode = ? AND id = ?", approval.json.text, tenant.workspace,
            tenant.mode, id)
        connection.append(
            EventDraft("plan.approved", subject: id.rawValue, data: .object([.init("after", snapshot)] + approved)), by: by)
    }

    /// As the log says it.
    var approved: [JSON.Member] { approval?.approver.map { [.init("approved_by", .string($0))] } ?? [] }
}
