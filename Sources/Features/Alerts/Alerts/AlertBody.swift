import Identity
import Kernel
import Outgoing
import Prices
import Resources
import Storage
import Web

/// How a request says what an alert is to be.
enum AlertBody {
    private static let span = Schema.string(2...8, .text, "`90s`, `5m`, `4h`, `1d`.")
    private static let channel = Schema.choice(of: Alert.Channel.self)
    private static let rule = Schema.string(1...Rule.longest, .echo, "Such as `quota_percent > 85 and requests > 1k`.")
        .example("quota_percent > 85")

    static let subjectFields: [Schema.Field] = [
        .optional(
            "account_id",
            .id(
                "acc",
                "What it is about: one of `account_id`, `project_id`, `resource_id`, `selector`; with none, the key's project, or the workspace."
            )),
        .optional("project_id", .id("proj")), .optional("resource_id", .id("inst")),
        .optional("selector", .string(1...1000, .text, "Labels, `team=core,tier!=dev`; with `project_id`, of that project only.")),
        .optional(
            "group_by",
            .array(
                .string(1...300, .echo), 0...GroupKey.most,
                "`project`, `resource`, `provider`, `label:NAME`, `dimension:NAME`: a state, timers and notices for each, of at most \(Alert.mostGroups)."
            )),
    ]
    static let fields: [Schema.Field] = [
        .optional("name", .name("The rule when left out.")),
        .optional("recover", rule.described("A second rule: it is over only when this holds.").nullable),
        .optional("for", span.described("How long the rule must hold before it fires; `0s` when left out.")),
        .optional("keep_firing_for", span.described("How long it must be over before it is resolved; `0s` when left out.")),
        .optional("repeat_every", span.described("How often it is told again while it fires; `4h` when left out, `0s` for never.")),
        .optional(
            "no_data", .choice(of: AlertTiming.NoData.self, "What it means that there is no data: all is well, all is as it was, or fire.")),
        .optional("channel", channel), .optional("channels", .array(channel, 0...2, "Or one as `channel`.")),
        .optional("action", action.nullable), .optional("severity", .choice(of: Alert.Severity.self, "`warning` when left out.")),
        .optional("labels", Schema(.map(.string(0...63, .echo)), "Up to 64, sent with every notice.")),
        .optional("currency", Money.currency.described("That of `spend`; USD when left out.")),
    ]
    static let creation = Schema.object(subjectFields + [.required("rule", rule)] + fields)
    static let change = Schema.object([.optional("rule", rule)] + fields)

    private static let action = Schema.object(
        [
            .required("type", .choice(["stop", "freeze"])),
            .optional("selector", Schema.string(1...1000, .text, "Which instances are stopped.").nullable),
            .optional("project_id", Schema.id("proj", "Whose; or the project that is frozen.").nullable),
            .optional("cooldown", span.described("How long it is not done again; `10m` when left out.")),
            .optional("dry_run", .boolean("Only the log says what would have been done.")),
        ], "What is done when it fires: running instances are stopped, or the project admits nothing any more.")
}

extension AlertBody {
    /// Who is asking, and where the names in the body are looked up.
    struct Reader {
        let caller: Caller
        let connection: Connection

        /// Throws `validation_failed` for what is no alert, `forbidden` for who may not make it.
        func draft(_ body: JSON?) throws -> AlertDraft {
            let rule = try self.rule(body?["rule"]?.string ?? "", at: "rule")
            let subject = try subject(body)
            var draft = AlertDraft(name: String(rule.source.prefix(120)), subject: subject, rule: rule, channels: [])
            draft.groupBy = try groupBy(body)
            try apply(body, to: &draft)
            return draft
        }

        /// Merge-patch; the subject stays.
        func apply(_ body: JSON?, to draft: inout AlertDraft) throws {
            if let name = body?["name"]?.string { draft.name = name }
            if let text = body?["rule"]?.string { draft.rule = try self.rule(text, at: "rule") }
            if let recover = body?["recover"] { draft.recover = try recover.string.map { try self.rule($0, at: "recover") } }
            try span(body, "for", 0...2_592_000) { draft.timing.pendingFor = $0 }
            try span(body, "keep_firing_for", 0...2_592_000) { draft.timing.keepFiringFor = $0 }
            try span(body, "repeat_every", 0...2_592_000) { draft.timing.repeatEvery = $0 }
            if let noData = body?["no_data"]?.string.flatMap(AlertTiming.NoData.init) { draft.timing.noData = noData }
            if let channels = try channels(body) { draft.channels = channels }
            if let severity = body?["severity"]?.string.flatMap(Alert.Severity.init) { draft.severity = severity }
            if let currency = body?["currency"]?.string { draft.currency = currency }
            if let labels = body?["labels"]?.members {
                guard labels.count <= 64, labels.allSatisfy({ (1...63).contains($0.name.count) }) else {
                    throw Problem.invalid("labels", "There may be 64 labels, each with a name of 1 to 63 characters.")
                }
                draft.labels = Dictionary(labels.map { ($0.name, $0.value.string ?? "") }, uniquingKeysWith: { $1 })
            }
            if let action = body?["action"] { draft.action = try self.action(action, of: draft.subject, isGrouped: !draft.groupBy.isEmpty) }
            try checkGroups(of: draft)
            for (rule, field) in [(draft.rule, "rule"), (draft.recover ?? draft.rule, "recover")] {
                try check(rule, fits: draft, at: field)
            }
        }

        private func groupBy(_ body: JSON?) throws -> [GroupKey] {
            let texts = (body?["group_by"]?.array ?? []).compactMap(\.string)
            let keys = try texts.enumerated().map { place, text in
                guard let key = GroupKey(text) else {
                    let known = GroupKey.Kind.allCases.map(\.pattern)
                    throw Problem(
                        .validationFailed, "An alert cannot be grouped by \(text); there are \(known.joined(separator: ", ")).",
                        violations: [.init(pointer: "/group_by/\(place)", code: "group", detail: "is no key")],
                        members: ["group_keys": .array(known.map(JSON.string))])
                }
                return key
            }
            guard keys.filter({ $0.kind == .dimension }).count <= 1 else {
                throw Problem.invalid("group_by", "An alert is grouped by one dimension at most.", code: "combination")
            }
            guard Set(keys).count == keys.count else {
                throw Problem.invalid("group_by", "An alert is grouped by each key once.", code: "combination")
            }
            return keys
        }

        /// Throws for a key that the rule's metrics or the subject have not.
        private func checkGroups(of draft: AlertDraft) throws {
            let known = draft.groupKinds
            guard let place = draft.groupBy.firstIndex(where: { !known.contains($0.kind) }) else { return }
            let patterns = known.map(\.pattern)
            let choice = patterns.isEmpty ? "there is nothing to group it by" : "there are \(patterns.joined(separator: ", "))"
            throw Problem(
                .validationFailed, "This rule, of this subject, cannot be grouped by \(draft.groupBy[place].text); \(choice).",
                violations: [
                    .init(pointer: "/group_by/\(place)", code: "group", detail: "does not go with the metrics of the rule and the subject")
                ], members: ["group_keys": .array(patterns.map(JSON.string))])
        }

        /// What its selectors and its action may reach: what the caller may change. Nil for the whole workspace.
        func reach() -> [ProjectID]? {
            guard case .projects(let roles) = caller.reach else { return nil }
            return roles.filter { $0.value >= .editor }.keys.sorted()
        }

        // MARK: Parts

        private func rule(_ text: String, at field: String) throws -> Rule {
            do {
                return try Rule(text)
            } catch {
                throw Problem(
                    .validationFailed, "The \(field) cannot be read at column \(error.column): \(error.detail).",
                    violations: [.init(pointer: "/" + field, code: "rule", detail: "column \(error.column): \(error.detail)")],
                    members: [
                        "column": .integer(Int64(error.column)), "metrics": .array(Metric.allCases.map { .string($0.pattern) }),
                    ])
            }
        }

        private func check(_ rule: Rule, fits draft: AlertDraft, at field: String) throws {
            let kind = draft.askedKind
            for id in rule.uses.compactMap({ $0.matchers["budget"] }) { try checkBudget(id, at: field) }
            for use in rule.uses where !use.metric.isKnown(of: kind) {
                let known = Metric.allCases.filter { $0.isKnown(of: kind) }.map(\.pattern)
                let advice =
                    kind == .workspace
                    ? "; say whose: account_id, project_id, resource_id or selector, or group_by project" : ""
                throw Problem(
                    .validationFailed,
                    "\(use.metric.rawValue) is not known of a \(kind.rawValue); there are \(known.joined(separator: ", "))\(advice).",
                    violations: [
                        .init(pointer: "/" + field, code: "metric", detail: "\(use.metric.rawValue) does not go with the subject")
                    ],
                    members: ["metrics": .array(known.map(JSON.string))])
            }
            for use in rule.uses.sorted(by: { rule.columns[$0] ?? 0 < rule.columns[$1] ?? 0 }) {
                try checkNames(use, rule, draft, at: field)
            }
        }

        /// A view or a unit metric that there is not; a view where the project's own costs are meant.
        private func checkNames(_ use: Metric.Use, _ rule: Rule, _ draft: AlertDraft, at field: String) throws {
            let column = rule.columns[use] ?? 1
            func refusal(_ detail: String) -> Problem {
                Problem(
                    .validationFailed, "The \(field) cannot be read at column \(column): \(detail).",
                    violations: [.init(pointer: "/" + field, code: "not_found", detail: "column \(column): \(detail)")],
                    members: ["column": .integer(Int64(column))])
            }
            if draft.askedKind == .project, use.matchers["view"] != nil { throw refusal("a project has no cost views") }
            do {
                try AlertSources.check(use, of: caller.tenant, connection)
            } catch let problem as Problem where problem.code == .notFound {
                throw refusal(use.metric == .unitCost ? "there is no such unit metric" : "there is no such cost view")
            }
        }

        /// One that the caller sees; of a cost view, whole: who sees a part of it would learn of the rest.
        private func checkBudget(_ id: String, at field: String) throws {
            let budget = try? Budget.find(BudgetID(id), for: caller, connection)  // what is thrown is that there is none
            if let budget {
                guard case .view = budget.scope, !caller.reachesWorkspace else { return }
            }
            throw Problem.invalid(field, "There is no budget \(id.prefix(60)).", code: "not_found")
        }

        private func span(_ body: JSON?, _ field: String, _ range: ClosedRange<Int64>, _ set: (Int64) -> Void) throws {
            guard let text = body?[field]?.string else { return }
            guard let span = TimeSpan(text), range.contains(span.seconds) else {
                throw Problem.invalid(field, "\(text) is no span of time such as 90s, 5m, 4h or 1d, of at most 30 days.")
            }
            set(span.seconds)
        }

        private func channels(_ body: JSON?) throws -> [Alert.Channel]? {
            let one = body?["channel"]?.string
            let list = body?["channels"]?.array
            guard one == nil || list == nil else { throw Problem.invalid("channel", "Use channel or channels, not both.") }
            let texts = one.map { [$0] } ?? list?.compactMap(\.string)
            return texts.map { texts in Alert.Channel.allCases.filter { texts.contains($0.rawValue) } }
        }

        private func subject(_ body: JSON?) throws -> Subject {
            let project = body?["project_id"]?.string.map { ProjectID($0) }
            switch (body?["account_id"]?.string, body?["resource_id"]?.string, body?["selector"]?.string) {
            case (let account?, nil, nil) where project == nil: return try self.account(AccountID(account))
            case (nil, let resource?, nil) where project == nil: return try self.resource(ResourceID(resource))
            case (nil, nil, let selector?):
                _ = try self.selector(selector, at: "selector")
                if let project { try requireEditor(of: project, at: "project_id") }
                let inferred = project ?? caller.credential.project
                if inferred == nil { try caller.requireWorkspace(.editor) }
                return .selector(selector, project: inferred)
            case (nil, nil, nil):
                guard let project = project ?? caller.credential.project else {
                    guard caller.reachesWorkspace else {
                        throw Problem.invalid(
                            "account_id", "Say what it is about: account_id, project_id, resource_id or selector.", code: "combination")
                    }
                    try caller.requireWorkspace(.editor)
                    return .workspace
                }
                try requireEditor(of: project, at: "project_id")
                return .project(project)
            default:
                throw Problem.invalid(
                    "account_id", "An alert is about one account, project, resource or selector; only a selector goes with a project_id.",
                    code: "combination")
            }
        }

        private func account(_ id: AccountID) throws -> Subject {
            do {
                _ = try Account.find(id, for: caller, connection)
            } catch let problem as Problem where problem.code == .notFound {
                throw Problem.invalid("account_id", "There is no such account.", code: "not_found")
            }
            switch caller.reach {
            case .workspace: try caller.requireWorkspace(.editor)
            case .projects(let roles):
                guard roles.contains(where: { $0.value >= .editor }) else {
                    throw Problem(.forbidden, "This needs the role editor in a project of the account.")
                }
            }
            return .account(id)
        }

        private func resource(_ id: ResourceID) throws -> Subject {
            do {
                let resource = try Resource.find(id, in: caller.tenant, connection)
                try requireEditor(of: resource.project, at: "resource_id")
                return .resource(id, project: resource.project)
            } catch let problem as Problem where problem.code == .notFound {
                throw Problem.invalid("resource_id", "There is no such resource.", code: "not_found")
            }
        }

        private func requireEditor(of project: ProjectID, at field: String) throws {
            do {
                _ = try Project.find(project, for: caller, connection)
            } catch let problem as Problem where problem.code == .notFound {
                throw Problem.invalid(field, "There is no such \(field == "resource_id" ? "resource" : "project").", code: "not_found")
            }
            try caller.require(.editor, in: project)
        }

        private func selector(_ text: String, at field: String) throws -> LabelSelector {
            do {
                return try LabelSelector(text)
            } catch let problem as Problem {
                throw Problem.invalid(field, problem.detail)
            }
        }

        /// An alert by project, resource or label stops what its group is about.
        private func action(_ json: JSON, of subject: Subject, isGrouped: Bool) throws -> AlertAction? {
            guard json != .null else { return nil }
            let project = json["project_id"]?.string.map { ProjectID($0) }
            let selector = json["selector"]?.string
            if let project { try requireEditor(of: project, at: "action/project_id") }
            if let selector { _ = try self.selector(selector, at: "action/selector") }
            var action: AlertAction
            if json["type"]?.string == "freeze" {
                guard let frozen = project ?? subject.project, selector == nil else {
                    throw Problem.invalid("action/project_id", "Say which project is to be frozen.", code: "combination")
                }
                action = AlertAction(kind: .freeze(frozen))
            } else {
                if subject.account != nil || subject.kind == .workspace, selector == nil, project == nil, !isGrouped {
                    throw Problem.invalid("action/selector", "Say which of the instances are to be stopped.", code: "combination")
                }
                action = AlertAction(kind: .stop(selector: selector, project: project))
            }
            try span(json, "cooldown", 0...604_800) { action.cooldown = $0 }
            action.isDryRun = json["dry_run"]?.bool ?? false
            return action
        }
    }
}
