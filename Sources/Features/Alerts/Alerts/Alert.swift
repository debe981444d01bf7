package import Kernel
import Storage
import Web

/// A rule that is watched, what is told when it holds, and what is done.
package struct Alert: Sendable {
    package let id: AlertID
    package let tenant: Tenant
    package var draft: AlertDraft
    /// What its selectors and its action may reach; nil for the whole workspace.
    package let projects: [ProjectID]?
    package var phase: AlertPhase
    package var silence: Silence?
    /// It fired while it was silenced, and nobody has been told.
    package var owesNotice: Bool
    package let version: Int
    package let createdAt: Timestamp
    package var updatedAt: Timestamp
    /// How far it has heard of what came late; nil before the first look.
    var lateMark: LateData.Mark?
    /// Which of its groups this is; nil for the alert itself.
    package var group: AlertGroup?
    /// The group has not been seen before.
    var isNew = false
    /// What the group is about is not there any more.
    var isGone = false

    package struct Silence: Sendable, Equatable {
        package let until: Timestamp
        package let reason: String
        /// Of groups it silences those with all these values; empty for the whole alert.
        package var matchers: [String: String] = [:]
    }

    var etag: ETag { ETag(version: version) }

    package func isSilenced(at now: Timestamp) -> Bool {
        guard let silence, now < silence.until else { return false }
        return silence.matchers.isEmpty || group?.matches(silence.matchers) == true
    }

    /// How many a workspace may have, in each mode.
    static let most = 500

    package enum Channel: String, Sendable, CaseIterable {
        /// The workspace's Slack channel (`/v1/channels/slack`).
        case slack
        /// The endpoints of `/v1/webhooks`, which are sent every change of state because it is an event.
        case webhook
    }

    package enum Severity: String, Sendable, CaseIterable, SQLConvertible {
        case info, warning, critical
    }
}

/// What its owner decides of an alert.
package struct AlertDraft: Sendable {
    package var name: String
    package var subject: Subject
    /// What it is parted by; empty for one state of all.
    package var groupBy: [GroupKey] = []
    package var rule: Rule
    /// When this holds it is over; without it, when the rule does not hold.
    package var recover: Rule?
    package var timing = AlertTiming()
    package var channels: [Alert.Channel]
    package var action: AlertAction?
    package var severity = Alert.Severity.warning
    package var labels: [String: String] = [:]
    /// That of `spend`.
    package var currency = "USD"

    package init(name: String, subject: Subject, rule: Rule, channels: [Alert.Channel]) {
        self.name = name
        self.subject = subject
        self.rule = rule
        self.channels = channels
    }
}

extension AlertDraft {
    var uses: Set<Metric.Use> { rule.uses.union(recover?.uses ?? []) }
    var metrics: Set<Metric> { Set(uses.map(\.metric)) }

    /// What kind of subject its metrics are asked of: a group of one project is a project.
    var askedKind: Subject.Kind {
        if groupBy.contains(.resource) { return .resource }
        if groupBy.contains(.project), subject.selector == nil { return .project }
        return subject.kind
    }

    /// What it could be parted by: what all its metrics can be, and its subject has many of.
    var groupKinds: [GroupKey.Kind] {
        GroupKey.Kind.allCases.filter { kind in
            guard subject.resource == nil, kind != .project || subject.project == nil else { return false }
            return metrics.allSatisfy { $0.groupKinds.contains(kind) }
        }
    }
}

extension Alert {
    /// What stands in the log about it.
    var snapshot: JSON {
        var members: [JSON.Member] = [
            .init("name", .string(draft.name)), .init("rule", .string(draft.rule.source)), .init("recover", JSON(draft.recover?.source)),
            .init("channels", .array(draft.channels.map { .string($0.rawValue) })), .init("action", draft.action?.json ?? .null),
            .init("severity", .string(draft.severity.rawValue)), .init("labels", JSON(labels: draft.labels)),
            .init("group_by", .array(draft.groupBy.map { .string($0.text) })),
        ]
        members += subjectMembers
        return .object(members)
    }

    /// Those of the subject that there are.
    var subjectMembers: [JSON.Member] {
        let subject = draft.subject
        var members: [JSON.Member] = []
        if let id = subject.account { members.append(.init("account_id", JSON(id))) }
        if let id = subject.project { members.append(.init("project_id", JSON(id))) }
        if let id = subject.resource { members.append(.init("resource_id", JSON(id))) }
        if let text = subject.selector { members.append(.init("selector", .string(text))) }
        if let group { members.append(.init("group", group.json)) }
        return members
    }
}

extension JSON {
    init(labels: [String: String]) {
        self = .object(labels.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) })
    }

    /// As it is stored in a text column.
    var text: String {
        var json = JSONWriter()
        write(to: &json)
        return String(decoding: json.bytes, as: UTF8.self)
    }
}
