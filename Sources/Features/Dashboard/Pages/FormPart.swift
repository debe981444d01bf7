import Kernel

/// A form of a page: what is asked for, what was typed, where it goes. Pages have many, so they are described and drawn by one template.
struct FormPart: Sendable {
    let title: String
    var about: String?
    var action: String
    var submit: String
    var id: String?
    var place: Place { didSet { (isNew, isFolded, isCard) = place.flags } }
    private(set) var isNew: Bool
    private(set) var isFolded: Bool
    private(set) var isCard: Bool
    var isOpen = false
    var isDangerous = false
    /// What the call said to what was typed.
    var problem: String?
    /// What a second button would say, which sends the same with `preview`.
    var preview: String?
    /// What came of it.
    var outcome: [Fact] = [] { didSet { hasOutcome = !outcome.isEmpty } }
    private(set) var hasOutcome = false
    var fields: [Field]

    init(
        title: String, about: String? = nil, action: String, submit: String, id: String? = nil, place: Place = .card,
        isDangerous: Bool = false, preview: String? = nil, fields: [Field]
    ) {
        (self.title, self.about, self.action, self.submit, self.id) = (title, about, action, submit, id)
        (self.place, self.isDangerous, self.preview, self.fields) = (place, isDangerous, preview, fields)
        (isNew, isFolded, isCard) = place.flags
    }

    enum Place: Sendable {
        /// In sight, under its title.
        case card
        /// Behind its title, for what is seldom needed.
        case folded
        /// Behind the button beside the head of a page (`has-new`), for a new one of what the page lists.
        case new

        fileprivate var flags: (Bool, Bool, Bool) { (self == .new, self == .folded, self == .card) }
    }

    struct Field: Sendable {
        let name: String
        let label: String
        var id: String
        var value = ""
        var hint: String?
        /// What is wrong with what was typed.
        var wrong: String?
        var placeholder = ""
        var type = "text"
        var most = 1000
        var isRequired = false
        var isInput = false
        var isArea = false
        var isSelect = false
        var isHidden = false
        var choices: [Choice] = []
        var boxes: [Choice] = []
        var isBoxes = false
        var isPick = false

        private init(_ name: String, _ label: String) { (self.name, self.label, id) = (name, label, name) }

        static func text(
            _ name: String, _ label: String, _ value: String = "", hint: String? = nil, placeholder: String = "", type: String = "text",
            most: Int = 1000, isRequired: Bool = false
        ) -> Field {
            var field = Field(name, label)
            (field.value, field.hint, field.placeholder, field.type) = (value, hint, placeholder, type)
            (field.most, field.isRequired, field.isInput) = (most, isRequired, true)
            return field
        }

        /// Several lines.
        static func area(_ name: String, _ label: String, _ value: String = "", hint: String? = nil, placeholder: String = "") -> Field {
            var field = Field(name, label)
            (field.value, field.hint, field.placeholder, field.isArea) = (value, hint, placeholder, true)
            return field
        }

        static func select(_ name: String, _ label: String, _ choices: [(String, String)], chosen: String? = nil, hint: String? = nil)
            -> Field
        {
            var field = Field(name, label)
            field.choices = choices.map { Choice(value: $0.0, label: $0.1, isChosen: $0.0 == chosen) }
            (field.hint, field.isSelect) = (hint, true)
            return field
        }

        /// One of few, all of them in sight.
        static func pick(_ name: String, _ label: String, _ choices: [(String, String)], chosen: String, hint: String? = nil) -> Field {
            var field = select(name, label, choices, chosen: chosen, hint: hint)
            (field.isSelect, field.isPick) = (false, true)
            return field
        }

        /// Any number of them.
        static func boxes(_ name: String, _ label: String, _ choices: [(String, String)], ticked: Set<String> = [], hint: String? = nil)
            -> Field
        {
            var field = Field(name, label)
            field.boxes = choices.map { Choice(value: $0.0, label: $0.1, isChosen: ticked.contains($0.0)) }
            (field.hint, field.isBoxes) = (hint, true)
            return field
        }

        /// Yes or no: sent as `yes`, or not at all.
        static func box(_ name: String, _ label: String, _ words: String, isTicked: Bool, hint: String? = nil) -> Field {
            boxes(name, label, [("yes", words)], ticked: isTicked ? ["yes"] : [], hint: hint)
        }

        /// A detail of the schema begins in the middle of a sentence; one of a rule is a sentence.
        fileprivate func complaint(_ detail: String) -> String {
            guard detail.first?.isLowercase == true else { return detail }
            return "\(label.replacing(" (optional)", with: "")) \(detail)."
        }

        static func hidden(_ name: String, _ value: String) -> Field {
            var field = Field(name, "")
            (field.value, field.isHidden) = (value, true)
            return field
        }
    }

    /// The same with ids of its own, for pages that ask for the same thing twice.
    func identified(by prefix: String) -> FormPart {
        var copy = self
        for index in fields.indices { copy.fields[index].id = "\(prefix)-\(fields[index].name)" }
        return copy
    }

    /// What was typed stands in it again, with what was said to it: beside the fields that the problem names, and above them all.
    func filled(from form: Form, saying said: Problem? = nil) -> FormPart {
        var copy = self
        copy.isOpen = true
        var unplaced = Set(said?.violations.map(\.pointer) ?? [""])
        for index in fields.indices where !fields[index].isHidden {
            let name = fields[index].name
            if let violation = said?.violations.first(where: { $0.pointer == "/" + name || $0.pointer.hasPrefix("/\(name)/") }) {
                copy.fields[index].wrong = fields[index].complaint(violation.detail)
                unplaced.remove(violation.pointer)
            }
            guard fields[index].type != "password" else { continue }
            if let value = form[name] { copy.fields[index].value = value }
            copy.fields[index].choices = fields[index].choices.map {
                Choice(value: $0.value, label: $0.label, isChosen: $0.value == form[name])
            }
            let ticked = Set(form.all(name))
            copy.fields[index].boxes = fields[index].boxes.map {
                Choice(value: $0.value, label: $0.label, isChosen: ticked.contains($0.value))
            }
        }
        copy.problem = said.map { !$0.violations.isEmpty && unplaced.isEmpty ? "Look again at what is marked below." : $0.sentence }
        return copy
    }

    static let template = """
        {{#isNew}}<details class="new"{{#isOpen}} open{{/isOpen}}><summary>\(Icon.plus){{title}}</summary>{{/isNew}}
        {{#isFolded}}<details class="card filters"{{#isOpen}} open{{/isOpen}}><summary>{{title}}</summary>{{/isFolded}}
        <form{{^isFolded}} class="card"{{/isFolded}} method="post" action="{{action}}">{{> form-fields}}
        {{#isCard}}<div class="card-head"><div><h2>{{title}}</h2>{{#about}}<p>{{.}}</p>{{/about}}</div></div>{{/isCard}}
        {{#problem}}<p class="notice bad" role="alert">{{.}}</p>{{/problem}}
        {{#hasOutcome}}<div class="notice good" role="status"><dl class="facts">{{#outcome}}<dt>{{name}}</dt><dd>{{value}}</dd>{{/outcome}}</dl></div>{{/hasOutcome}}
        <div class="fields">
        {{#fields}}{{{.}}}
        {{/fields}}
        </div>
        <div class="actions"><button type="submit"{{#id}} id="{{.}}"{{/id}}{{#isDangerous}} class="stop"{{/isDangerous}}>{{submit}}</button>{{#preview}}<button type="submit" class="plain" name="preview" value="yes">{{.}}</button>{{/preview}}</div>
        </form>
        {{^isCard}}</details>{{/isCard}}
        """
}

/// A table of a page: rows with what can be done to each.
struct TablePart: Sendable {
    let title: String
    let about: String?
    let columns: [String]
    let rows: [Row]
    let none: String
    let pager: Pager?

    let isEmpty: Bool

    struct Row: Sendable {
        let id: String
        let cells: [Cell]
        var actions: [Action] = []
        var isGone = false
    }

    struct Cell: Sendable {
        var text = ""
        /// Beneath it, smaller.
        var small: String?
        var link: String?
        /// `good`, `warn`, `bad`, `accent` or plain ``; nil for no badge.
        var badge: String?
        var isName = false
        var label = ""

        static func name(_ text: String, _ small: String? = nil, link: String? = nil) -> Cell {
            Cell(text: text, small: small, link: link, isName: true)
        }
        static func text(_ text: String, _ small: String? = nil) -> Cell { Cell(text: text, small: small) }
        static func badge(_ text: String, _ look: String = "") -> Cell { Cell(text: text, badge: look) }
        static func badge(_ badge: Badge) -> Cell { Cell(text: badge.word, badge: badge.look) }
    }

    struct Action: Sendable {
        let label: String
        let path: String
        /// Asked in the browser first; nil for what can be undone.
        var question: String?
        var isDangerous = false
        /// What the button says to the form.
        var name = "action"
        var value: String?
    }

    init(_ title: String, about: String? = nil, columns: [String], rows: [Row], none: String = "None yet", pager: Pager? = nil) {
        (self.title, self.about, self.columns, self.none, self.pager) = (title, about, columns, none, pager)
        isEmpty = rows.isEmpty
        self.rows = rows.map { row in
            var row = row
            row = Row(
                id: row.id,
                cells: row.cells.enumerated().map { index, cell in
                    var cell = cell
                    cell.label = columns[index]
                    return cell
                }, actions: row.actions, isGone: row.isGone)
            return row
        }
    }

    /// One form around the table: each button says where it goes.
    static let template = """
        <section class="card table-card" aria-label="{{title}}"><div class="card-head"><div><h2>{{title}}</h2>{{#about}}<p>{{.}}</p>{{/about}}</div></div>
        {{#isEmpty}}<div class="empty"><h3>{{none}}</h3></div>{{/isEmpty}}
        {{^isEmpty}}<form method="post" action="/app/settings">{{> form-fields}}
        <table class="reflow"><thead><tr>{{#columns}}<th scope="col">{{.}}</th>{{/columns}}<th scope="col"><span class="sr">Actions</span></th></tr></thead><tbody>
        {{#rows}}
        <tr data-row="{{id}}"{{#isGone}} class="gone"{{/isGone}}>{{#cells}}<td data-label="{{label}}">{{#isName}}<div class="name">{{#link}}<a href="{{.}}">{{text}}</a>{{/link}}{{^link}}{{text}}{{/link}}</div>{{#small}}<div class="mono">{{.}}</div>{{/small}}{{/isName}}{{^isName}}{{#badge}}<span class="badge {{.}}">{{text}}</span>{{/badge}}{{^badge}}<div>{{text}}{{#small}}<div class="muted small">{{.}}</div>{{/small}}</div>{{/badge}}{{/isName}}</td>{{/cells}}
        <td class="row-actions">{{#actions}}<button class="plain{{#isDangerous}} danger{{/isDangerous}}" formaction="{{path}}"{{#value}} name="{{name}}" value="{{.}}"{{/value}}{{#question}} data-confirm="{{.}}"{{/question}}>{{label}}</button>{{/actions}}</td></tr>
        {{/rows}}
        </tbody></table></form>{{/isEmpty}}
        {{> pager}}
        </section>
        """
}
