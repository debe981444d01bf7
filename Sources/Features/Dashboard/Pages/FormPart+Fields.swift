import Mustache

/// A field writes itself: looked up name by name in a template, the fields of one form took a third of what its page costs.
extension FormPart.Field: MustacheCustomRenderable {
    var isNull: Bool { false }

    var renderText: String {
        var html = MarkupWriter()
        if isHidden {
            html.element("input", ["type": "hidden", "name": name, "value": value])
        } else if isPick || isBoxes {
            html.element("fieldset", ["class": isBoxes ? "field all" : "field"]) { html in
                html.element("legend", text: label)
                writeChoices(to: &html)
                writeHint(to: &html)
            }
        } else {
            html.element("div", ["class": "field"]) { html in
                html.element("label", ["for": id], text: label)
                writeControl(to: &html)
                writeHint(to: &html)
            }
        }
        return html.text
    }

    private var hintID: String { id + "-hint" }
    private var invalid: String? { wrong == nil ? nil : "true" }

    private func writeControl(to html: inout MarkupWriter) {
        if isSelect {
            html.element("select", ["id": id, "name": name, "aria-describedby": hintID, "aria-invalid": invalid]) { html in
                for choice in choices {
                    html.element("option", ["value": choice.value, "selected": choice.isChosen ? "" : nil], text: choice.label)
                }
            }
        } else if isArea {
            html.element(
                "textarea", ["id": id, "name": name, "placeholder": placeholder, "aria-describedby": hintID, "aria-invalid": invalid],
                text: value)
        } else {
            html.element(
                "input",
                [
                    "id": id, "name": name, "type": type, "value": value, "maxlength": String(most), "placeholder": placeholder,
                    "autocomplete": "off", "required": isRequired ? "" : nil, "aria-invalid": invalid, "aria-describedby": hintID,
                ])
        }
    }

    private func writeChoices(to html: inout MarkupWriter) {
        html.element("div", ["class": isBoxes ? "boxes" : "switch"]) { html in
            for choice in isBoxes ? boxes : choices {
                html.element("label", ["class": isBoxes ? "tick-box" : nil]) { html in
                    html.element(
                        "input",
                        [
                            "type": isBoxes ? "checkbox" : "radio", "name": name, "value": choice.value,
                            "checked": choice.isChosen ? "" : nil,
                        ])
                    html.add(choice.label)
                }
            }
        }
    }

    /// What is wrong with it, and what is to be known of it.
    private func writeHint(to html: inout MarkupWriter) {
        html.element("div", ["id": hintID]) { html in
            if let wrong { html.element("p", ["class": "wrong"], text: wrong) }
            if let hint { html.element("p", ["class": "hint"], text: hint) }
        }
    }
}
