import Kernel

/// One row of the log in a list.
struct EventRow: Sendable {
    let id: String
    let sequence: String
    let type: String
    let subject: String
    let actor: String
    /// What is or was done, where the event is about that.
    let operation: String?
    let at: Moment?

    init(_ event: JSON, at now: Timestamp) {
        id = event.text("id")
        sequence = event.text("seq")
        type = event.text("type")
        subject = event.text("subject")
        operation = event["data"]?["operation_id"]?.string
        actor = event.text("actor", "type") == "system" ? "System" : event.text("actor", "id")
        at = Moment(event.time("occurred_at"), at: now)
    }

    /// Of `history`.
    static let template = """
        <table class="reflow"><thead><tr><th scope="col">Event</th><th scope="col">About</th><th scope="col">By</th><th scope="col">When</th></tr></thead><tbody>
        {{#history}}<tr data-event-id="{{id}}"><td><a href="/app/events/{{sequence}}">{{type}}</a></td><td data-label="About" class="mono"><span>{{subject}}{{#operation}} <a class="small" href="/app/operations/{{.}}">operation</a>{{/operation}}</span></td><td data-label="By" class="mono">{{actor}}</td><td data-label="When" class="when">{{#at}}{{> moment}}{{/at}}</td></tr>
        {{/history}}{{^history}}<tr><td colspan="4" class="muted">Nothing yet.</td></tr>{{/history}}</tbody></table>
        """
}
