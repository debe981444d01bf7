import Hummingbird
import Kernel

/// Asks before something goes for good: for browsers without a script, which would ask by itself.
struct Confirmation: Sendable {
    let question: String
    let about: String
    let yes: String
    let action: String
    let back: String

    static let template = """
        {{<frame}}{{$main}}
        <section class="card ask"><h1>{{page.question}}</h1>
        <p class="muted">{{page.about}}</p>
        <form method="post" action="{{page.action}}">{{> form-fields}}<input type="hidden" name="confirmed" value="yes">
        <div class="actions"><button class="stop" type="submit">{{page.yes}}</button><a href="{{page.back}}">Keep it</a></div></form></section>
        {{/main}}{{/frame}}
        """
}

extension Visit {
    func ask(_ question: String, _ about: String, _ yes: String, at action: String, orBackTo back: String, section: Frame.Section)
        -> Response
    {
        page(
            "confirmation", question, section: section,
            Confirmation(question: question, about: about, yes: yes, action: action, back: back))
    }
}
