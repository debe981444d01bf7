import Kernel

/// A name and what is so, with the way to what it speaks of.
struct LinkedFact: Sendable {
    let name: String
    let words: [Word]

    struct Word: Sendable {
        let text: String
        let link: String?

        init(_ text: String, link: String? = nil) {
            self.text = text
            self.link = link
        }
    }

    /// Nil when there is nothing to say.
    init?(_ name: String, _ words: [Word]) {
        guard words.contains(where: { !$0.text.isEmpty }) else { return nil }
        self.name = name
        self.words = words
    }

    init?(_ name: String, _ value: String, link: String? = nil) { self.init(name, [Word(value, link: link)]) }

    /// Of `facts`.
    static let template = """
        <dl class="facts">{{#facts}}<dt>{{name}}</dt><dd>{{#words}}{{> linked-word}}{{/words}}</dd>{{/facts}}</dl>
        """

    static let wordTemplate = "{{#link}}<a href=\"{{.}}\">{{text}}</a>{{/link}}{{^link}}{{text}}{{/link}}"
}
