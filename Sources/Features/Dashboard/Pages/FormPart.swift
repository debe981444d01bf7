import Kernel

/// A form of a page: what is asked for, what was typed, where it goes. Settings have many, so they are described and drawn by one template.
struct FormPart: Sendable {
    let title: String
    var about: String?
    let action: String
    let submit: String
    var id: String?
    /// Behind a summary, for what is seldom needed.
    var isFolded = false
    var isOpen = false
    var isDangerous = false
    let fields: [Field]

    struct Field: Sendable {
        let name: String
        let label: String
        var id: String
        var value = ""
        var hint: String?
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

        /// Any number of them.
        static func boxes(_ name: String, _ label: String, _ choices: [(String, String)], ticked: Set<String> = [], hint: String? = nil)
            -> Field
        {
            var field = Field(name, label)
            field.boxes = choices.map { Choice(value: $0.0, label: $0.1, isChosen: ticked.contains($0.0)) }
            (field.hint, field.isBoxes) = (hint, true)
            return field
        }

        static func hidden(_ name: String, _ value: String) -> Field {
            var field = Field(name, "")
            (field.value, field.isHidden) = (value, true)
            return field
        }
    }

    /// The same with ids of its own, for pages that ask for the same thing twice.
    func identified(by prefix: String) -> FormPart {
        var fields = fields
        for index in fields.indices { fields[index].id = "\(prefix)-\(fields[index].name)" }
        return FormPart(
            title: title, about: about, action: action, submit: submit, id: id, isFolded: isFolded, isOpen: isOpen,
            isDangerous: isDangerous, fields: fields)
    }

    /// What was typed stands in it again.
    func filled(from form: Form) -> FormPart {
        var fields = fields
        for index in fields.indices where !fields[index].isHidden && fields[index].type != "password" {
            let name = fields[index].name
            if let value = form[name] { fields[index].value = value }
            fields[index].choices = fields[index].choices.map { Choice(value: $0.value, label: $0.label, isChosen: $0.value == form[name]) }
            let ticked = Set(form.all(name))
            fields[index].boxes = fields[index].boxes.map { Choice(value: $0.value, label: $0.label, isChosen: ticked.contains($0.value)) }
        }
        return FormPart(
            title: title, about: about, action: action, submit: submit, id: id, isFolded: isFolded, isOpen: true, isDangerous: isDangerous,
            fields: fields)
    }

    static let template = """
        {{#isFolded}}<details class="new"{{#isOpen}} open{{/isOpen}}><summary>{{title}}</summary>{{/isFolded}}
        <form class="card" method="post" action="{{action}}">{{> form-fields}}
        {{^isFolded}}<div class="card-head"><div><h2>{{title}}</h2>{{#about}}<p>{{.}}</p>{{/about}}</div></div>{{/isFolded}}
        <div class="fields">
        {{#fields}}
        {{#isHidden}}<input type="hidden" name="{{name}}" value="{{value}}">{{/isHidden}}
        {{#isInput}}<div class="field"><label for="{{id}}">{{label}}</label><input id="{{id}}" name="{{name}}" type="{{type}}" value="{{value}}" maxlength="{{most}}" placeholder="{{placeholder}}" autocomplete="off"{{#isRequired}} required{{/isRequired}}{{#hint}} aria-describedby="{{id}}-hint"{{/hint}}>{{#hint}}<p class="hint" id="{{id}}-hint">{{.}}</p>{{/hint}}</div>{{/isInput}}
        {{#isArea}}<div class="field"><label for="{{id}}">{{label}}</label><textarea id="{{id}}" name="{{name}}" placeholder="{{placeholder}}">{{value}}</textarea>{{#hint}}<p class="hint">{{.}}</p>{{/hint}}</div>{{/isArea}}
        {{#isSelect}}<div class="field"><label for="{{id}}">{{label}}</label><select id="{{id}}" name="{{name}}">{{#choices}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{label}}</option>{{/choices}}</select>{{#hint}}<p class="hint">{{.}}</p>{{/hint}}</div>{{/isSelect}}
        {{#isBoxes}}<fieldset class="field all"><legend>{{label}}</legend><div class="boxes">{{#boxes}}<label class="tick-box"><input type="checkbox" name="{{name}}" value="{{value}}"{{#isChosen}} checked{{/isChosen}}>{{label}}</label>{{/boxes}}</div>{{#hint}}<p class="hint">{{.}}</p>{{/hint}}</fieldset>{{/isBoxes}}
        {{/fields}}
        </div>
        <div class="actions"><button type="submit"{{#id}} id="{{.}}"{{/id}}{{#isDangerous}} class="stop"{{/isDangerous}}>{{submit}}</button></div>
        </form>
        {{#isFolded}}</details>{{/isFolded}}
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
