import Kernel
import Keys

/// The one sight of a secret.
struct FreshKeyPanel: Sendable {
    let title: String
    let secret: String
    let baseURL: String
    /// What a reload asks for.
    let address: String
    /// Until when the secret before works too.
    let overlap: String?

    init(_ fresh: FreshKey, title: String, baseURL: String, address: String = APIKeysPage.path) {
        self.title = title
        secret = fresh.secret
        self.baseURL = baseURL
        self.address = address
        overlap = fresh.key.overlapsUntil.map(Words.moment)
    }

    static let template = """
        <section class="card fresh" aria-labelledby="fresh-title" data-address="{{address}}" data-focus tabindex="-1">
        <h2 id="fresh-title">{{title}}</h2>
        <p>Copy the secret now. It is not kept and cannot be shown again.{{#overlap}} The old secret works until {{overlap}}.{{/overlap}}</p>
        <p class="label" id="secret-label">Secret</p>
        <div class="copyable"><code id="secret" aria-labelledby="secret-label">{{secret}}</code><button type="button" data-copy="secret" hidden>Copy</button></div>
        <p class="label" id="curl-label">Try it</p>
        <div class="copyable"><code id="curl" aria-labelledby="curl-label">curl {{baseURL}}/v1/ping -H "Authorization: Bearer {{secret}}"</code><button type="button" class="plain" data-copy="curl" hidden>Copy</button></div>
        </section>
        """
}
