import Kernel
import Storage

/// Which events a replay was asked for.
enum ReplaySpan: Sendable {
    case failed
    case event(EventID)
    case after(Int64)
    case time(from: Timestamp?, to: Timestamp?)

    /// Throws `validation_failed` for what says two things at once.
    init(_ body: JSON?) throws {
        let from = body?["from"]?.string.flatMap { Timestamp($0) }
        let to = body?["to"]?.string.flatMap { Timestamp($0) }
        var asked: [ReplaySpan] = []
        if let id = body?["event_id"]?.string { asked.append(.event(EventID(id))) }
        if let number = body?["after"]?.integer { asked.append(.after(number)) }
        if from != nil || to != nil { asked.append(.time(from: from, to: to)) }
        if body?["since"] != nil { asked.append(.failed) }
        guard asked.count <= 1 else {
            throw Problem.invalid("", "Ask for one of event_id, from and to, after, or since.", code: "combination")
        }
        if let from, let to, from >= to { throw Problem.invalid("to", "The end must be after the beginning.", code: "combination") }
        self = asked.first ?? .failed
    }

    /// Throws `validation_failed` for an event there is not, or one that is not meant for the webhook.
    func replay(of webhook: Webhook, id: ReplayID, _ connection: Connection) throws -> Replay {
        let head = try EventLog.head(of: webhook.tenant, connection)?.sequence ?? 0
        switch self {
        case .failed:
            return Replay(id: id, webhook: webhook.id, failedOnly: true, position: 0, last: head, from: nil, to: nil)
        case .event(let event):
            guard let found = try Event.find(event, in: webhook.tenant, connection), webhook.wants(found) else {
                throw Problem.invalid("event_id", "There is no such event for this webhook.", code: "not_found")
            }
            let number = found.sequence
            return Replay(id: id, webhook: webhook.id, failedOnly: false, position: number - 1, last: number, from: nil, to: nil)
        case .after(let number):
            return Replay(
                id: id, webhook: webhook.id, failedOnly: false, position: min(number, head), last: head, from: nil, to: nil)
        case .time(let from, let to):
            return Replay(id: id, webhook: webhook.id, failedOnly: false, position: 0, last: head, from: from, to: to)
        }
    }
}
