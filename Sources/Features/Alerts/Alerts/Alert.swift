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

    package struct Silence: Sendable, Equatable {
        package let until: Timestamp
        package let reason: String
    }

    var etag: ETag { ETag(version: version) }
    package func isSilenced(at now: Timestamp) -> Bool { silence.map { now < $0.until } ?? false }

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

extension Alert {
    /// What stands in the log about it.
    var snapshot: JSON {
        var members: [JSON.Member] = [
            .init("name", .string(draft.name)), .init("rule", .string(draft.rule.source)), .init("recover", JSON(draft.recover?.source)),
            .init("channels", .array(draft.channels.map { .string($0.rawValue) })), .init("action", draft.action?.json ?? .null),
            .init("severity", .string(draft.severity.rawValue)), .init("labels", JSON(labels: draft.labels)),
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
