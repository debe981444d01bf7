/// The one sight of a secret that is no key.
struct FreshSecretPanel: Sendable {
    let title: String
    let about: String
    let label: String
    let secret: String
    /// A command to try it with, or nil.
    let example: String?
    /// The page a reload asks for.
    let address: String
    /// What belongs to it and is no secret, such as the id of a client.
    var other: Other?

    struct Other: Sendable {
        let name: String
        let value: String
    }

    static let template = """
        <section class="card fresh" aria-labelledby="fresh-title" data-address="{{address}}" data-focus tabindex="-1">
        <h2 id="fresh-title">{{title}}</h2>
        <p>{{about}}</p>
        {{#other}}<p class="label" id="other-label">{{name}}</p>
        <div class="copyable"><code id="other" aria-labelledby="other-label">{{value}}</code><button type="button" class="plain" data-copy="other" hidden>Copy</button></div>{{/other}}
        <p class="label" id="secret-label">{{label}}</p>
        <div class="copyable"><code id="secret" aria-labelledby="secret-label">{{secret}}</code><button type="button" data-copy="secret" hidden>Copy</button></div>
        {{#example}}<p class="label" id="curl-label">Try it</p>
        <div class="copyable"><code id="curl" aria-labelledby="curl-label">{{.}}</code><button type="button" class="plain" data-copy="curl" hidden>Copy</button></div>{{/example}}
        </section>
        """
}
