import Kernel
import Prices
import Provider
import Storage
import Web

/// What a policy says against a change.
struct PolicyResult: Sendable, Equatable {
    let policy: PolicyID
    let name: String
    let enforcement: Policy.Enforcement
    let message: String
    let complaints: [String]
    let advice: String

    var sentence: String { ([message] + complaints + [advice]).filter { !$0.isEmpty }.joined(separator: " ") }

    var json: JSON {
        [
            "policy_id": JSON(policy), "name": .string(name), "enforcement": .string(enforcement.rawValue), "message": .string(message),
            "complaints": .array(complaints.map(JSON.string)), "advice": .string(advice),
        ]
    }

    init(_ policy: Policy, _ complaints: [String]) {
        self.policy = policy.id
        name = policy.name
        enforcement = policy.enforcement
        message = policy.message
        self.complaints = complaints
        advice = policy.rule.advice
    }

    init?(_ json: JSON) {
        guard let policy = json["policy_id"]?.string, let enforcement = json["enforcement"]?.string.flatMap(Policy.Enforcement.init) else {
            return nil
        }
        self.policy = PolicyID(policy)
        self.enforcement = enforcement
        name = json["name"]?.string ?? ""
        message = json["message"]?.string ?? ""
        complaints = (json["complaints"]?.array ?? []).compactMap(\.string)
        advice = json["advice"]?.string ?? ""
    }

    static let schema = Schema.object([
        .required("policy_id", .id(PolicyKind.prefix)), .required("name", .string(1...120, .echo)),
        .required("enforcement", .choice(of: Policy.Enforcement.self)), .required("message", .string(0...500, .echo)),
        .required("complaints", .array(.string(0...1000, .echo))), .required("advice", .string(0...10_000, .echo, "How to mend it.")),
    ])
    static let list = Schema.array(schema, 0...1000, "What policies say against it; `deny` refuses it.")
}

/// The policies of a project, asked inside one transaction.
struct PolicyCheck {
    let policies: [Policy]
    let environment: String
    let tenant: Tenant
    let at: Timestamp
    let connection: Connection

    init(of project: ProjectID, _ environment: String, in tenant: Tenant, at now: Timestamp, _ connection: Connection) throws {
        policies = try Policy.enabled(for: project, in: tenant, connection)
        self.environment = environment
        self.tenant = tenant
        at = now
        self.connection = connection
    }

    /// What they say against it; `before` nil for what is new.
    func results(_ subject: PolicySubject, before: PolicySubject? = nil) throws -> [PolicyResult] {
        try policies.filter { $0.isAbout(subject.kind, in: environment) }.compactMap { policy in
            let complaints = try policy.rule.complaints(about: subject, before: before, in: tenant, at: at, connection)
            return complaints.isEmpty ? nil : PolicyResult(policy, complaints)
        }
    }
}

/// Why a problem says `policy_denied`. The refusal takes back what its transaction has written, so this is written after it.
struct PolicyDenial: Error {
    let events: [EventDraft]
}

extension Problem {
    /// For the first that denies; nil when none does.
    static func denied(_ results: [PolicyResult], kind: ResourceKind, named name: String, in project: ProjectID) -> Problem? {
        let denying = results.filter { $0.enforcement == .deny }
        guard let first = denying.first else { return nil }
        return Problem(
            .policyDenied, "The policy \(first.name) does not allow the \(kind.noun) \(name) so. \(first.sentence)",
            members: ["policy_id": JSON(first.policy), "policy_results": .array(results.map(\.json))],
            cause: PolicyDenial(events: denying.map { $0.event("denied", kind: kind, named: name, in: project) }))
    }
}

extension PolicyResult {
    func event(_ action: String, kind: ResourceKind, named name: String, in project: ProjectID) -> EventDraft {
        EventDraft(
            "policy." + action, subject: policy.rawValue,
            data: ["project_id": JSON(project), "kind": .string(kind.rawValue), "name": .string(name), "result": json])
    }
}

extension Admitting {
    /// Throws `policy_denied`; answers what policies only warn of, which the log is told.
    func requirePolicies(_ resource: Resource, before: Resource? = nil, isDryRun: Bool = false) throws -> [PolicyResult] {
        guard !isTakingBack else { return [] }
        let check = try PolicyCheck(of: resource.project, resource.environment, in: resource.tenant, at: by.at, connection)
        guard !check.policies.isEmpty else { return [] }
        let account = try ProviderConnection.find(resource.connection, in: resource.tenant, connection)
        let results = try check.results(PolicySubject(resource, at: account), before: before.map { PolicySubject($0, at: account) })
        if let problem = Problem.denied(results, kind: resource.kind, named: resource.name, in: resource.project) { throw problem }
        if !isDryRun {
            for result in results {
                connection.append(result.event("warned", kind: resource.kind, named: resource.name, in: resource.project), by: by)
            }
        }
        return results
    }
}

extension Call {
    /// Commits what policies may refuse, and tells the log when they have.
    func commitUnderPolicies(_ body: @escaping @Sendable (Connection) throws -> Answer) async throws -> Answer {
        do {
            return try await commit(body)
        } catch let problem as Problem {
            if let denial = problem.cause as? PolicyDenial {
                try await store.write(in: caller.workspace) { [attribution] connection in
                    for event in denial.events { connection.append(event, by: attribution) }
                }
            }
            throw problem
        }
    }
}
