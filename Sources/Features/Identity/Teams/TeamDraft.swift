import Kernel
import Web

/// What a team will be: what a body says, over what it was.
struct TeamDraft: Sendable {
    let id: String
    let name: String
    let slackChannel: String?
    let lists: JSON

    /// A new one. The schema has seen to it that id and name are there.
    init(_ body: JSON?) { self.init(body, id: body?["id"]?.text ?? "", over: nil) }

    /// A change: what the body does not name stays, and a list it names is replaced whole. Throws `validation_failed` for another id.
    init(_ body: JSON?, changing team: Team) throws {
        if let id = body?["id"]?.text, id != team.id {
            throw Problem.invalid("id", "A team keeps its id; leave it out, or send the one in the path.", code: "immutable")
        }
        self.init(body, id: team.id, over: team)
    }

    private init(_ body: JSON?, id: String, over team: Team?) {
        self.id = id
        name = body?["name"]?.string ?? team?.name ?? ""
        if let sent = body?["slack_channel"] {
            slackChannel = sent.string.flatMap { $0.isEmpty ? nil : $0 }
        } else {
            slackChannel = team?.slackChannel
        }
        lists = .object(
            Team.List.allCases.compactMap { list in
                if let sent = body?[list.rawValue] { return .init(list.rawValue, list.kept(sent)) }
                return team?.lists[list.rawValue].map { .init(list.rawValue, $0) }
            })
    }

    static let fields: [Schema.Field] =
        [
            .optional("slack_channel", Schema.string(0...255, .text, "Null or empty for none.").nullable)
        ] + Team.listFields
}
