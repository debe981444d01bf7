import Hummingbird
import Kernel

/// Asks before something is done that cannot be undone. With a script the browser asks and the form says `confirmed`; without it, this page does.
struct AskPage: Sendable {
    let title: String
    let text: String
    /// What the button says.
    let verb: String
    let action: String
    let back: String
    /// Fields of the form that led here, to be sent again.
    var fields: [Field] = []

    struct Field: Sendable {
        let name: String
        let value: String
    }

    func response(_ visit: Visit, section: Frame.Section) -> Response { visit.page("ask", title, section: section, self) }

    static let template = """
        {{<frame}}{{$main}}
        <section class="card ask"><h1>{{page.title}}</h1>
        <p class="muted">{{page.text}}</p>
        <form method="post" action="{{page.action}}">{{> form-fields}}<input type="hidden" name="confirmed" value="yes">
        {{#page.fields}}<input type="hidden" name="{{name}}" value="{{value}}">{{/page.fields}}
        <div class="actions"><button class="stop" type="submit" id="confirm">{{page.verb}}</button><a href="{{page.back}}">Cancel</a></div></form></section>
        {{/main}}{{/frame}}
        """
}

extension Visit {
    func ask(_ title: String, _ text: String, _ verb: String, at action: String, orBackTo back: String, section: Frame.Section) -> Response
    {
        AskPage(title: title, text: text, verb: verb, action: action, back: back).response(self, section: section)
    }

    var isConfirmed: Bool { form["confirmed"] == "yes" }
}
