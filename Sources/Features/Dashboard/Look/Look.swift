import HTTPTypes
import Hummingbird
import Mustache
import NIOCore
import Web

/// How every page looks: the templates, compiled once, and the assets they name.
struct Look: Sendable {
    let assets: Assets
    let baseURL: String
    private let library: MustacheLibrary

    private static let templates: [String: String] = [
        "frame": Frame.template, "navigation": Frame.navigation, "form-fields": Frame.formFields, "pager": Pager.template,
        "badge": Badge.template, "moment": Moment.template,
        "ask": AskPage.template, "event-table": EventRow.template, "events": EventsPage.template, "event": EventsPage.oneTemplate,
        "audit": AuditPage.template,
        "webhooks": WebhooksPage.template, "webhook": WebhookPage.template, "delivery": DeliveryPage.template,
        "usage": UsagePage.template, "tabs": Tab.template, "budgets": BudgetsPage.template, "budget": BudgetsPage.editTemplate,
        "alerts": AlertsPage.template, "alert": AlertPage.template, "resources": ResourcesPage.template,
        "new-resource": NewResourcePage.template, "stacks": StacksPage.template, "stack": StacksPage.oneTemplate,
        "schedules": SchedulesPage.template, "policies": PoliciesPage.template,
        "overview": OverviewPage.template, "resource": ResourcePage.template, "operation": OperationPage.template,
        "linked-facts": LinkedFact.template, "linked-word": LinkedFact.wordTemplate,
        "error": ErrorPage.template,
        "sign-in": SignInPage.template, "invitation": InvitationPage.template,
        "projects": ProjectsPage.template, "project": ProjectPage.template, "api-keys": APIKeysPage.template,
        "key-form": NewKeyForm.template, "key-list": KeyList.template, "fresh-key": FreshKeyPanel.template,
        "settings": SettingsPage.template,
        "settings-tabs": SettingsPage.tabsTemplate, "fresh-secret": FreshSecretPanel.template, "form-part": FormPart.template,
        "table-part": TablePart.template, "unit-metrics": UnitMetricsPage.template, "unit-metric": UnitMetricContent.template,
        "markers": PageMarker.template, "chart-part": ChartPart.template, "costs": CostsPage.template,
        "cost-breakdown": CostsBreakdown.template,
        "cost-view": CostViewForm.template, "cost-imports": CostImportsPage.template,
        "consent": ConsentPage.template,
        "docs": Docs.template, "docs-overview": DocsOverview.template,
        "docs-authentication": DocsAuthentication.template, "docs-endpoints": DocsEndpoints.template, "docs-faq": DocsFAQ.template,
        "docs-how-tos": DocsHowTos.template, "docs-how-to": DocsHowTo.template,
        "docs-errors": DocsErrors.listTemplate, "docs-error": DocsErrors.template,
    ]

    init(baseURL: String) throws {
        self.baseURL = baseURL
        assets = Assets()
        library = try Self.compiled.get()
    }

    /// The same for every server in a process.
    private static let compiled = Result {
        MustacheContentTypes.register(Markup(), named: Markup.name)
        return MustacheLibrary(
            templates: try templates.mapValues { try MustacheTemplate(string: "{{% CONTENT_TYPE:\(Markup.name)}}\n" + $0) })
    }

    /// A page of `template` in its frame; `content` is what the template calls `page`.
    func html(_ template: String, _ frame: Frame, _ content: Any) -> [UInt8] {
        let model: [String: Any] = [
            "frame": Members(frame), "page": Members(content), "style": assets.style.address, "script": assets.script.address,
            "icon": assets.icon.address,
            "base": baseURL,
        ]
        // A missing template cannot be: the table above is all there is, and a test renders each.
        return Array((library.render(model, withTemplate: template) ?? "").utf8)
    }

    func page(_ template: String, _ frame: Frame, _ content: Any, status: HTTPResponse.Status = .ok) -> Response {
        Response(status: status, html: html(template, frame, content), cacheControl: "no-store")
    }
}

/// What a template finds in a struct and in all that is in it, looked up once: Mustache reflects the whole of a struct for every name it meets.
private struct Members: MustacheParent {
    private let values: [String: Any]

    init(_ content: Any) { self.init(Mirror(reflecting: content)) }

    private init(_ mirror: Mirror) {
        values = Dictionary(
            mirror.children.compactMap { child in
                child.label.flatMap { label in Self.value(child.value).map { (label, $0) } }
            }, uniquingKeysWith: { first, _ in first })
    }

    /// Nil for an optional that is nil. What writes itself stays as it is. What most values are is asked first: a mirror costs more than all else.
    private static func value(_ any: Any) -> Any? {
        let type = type(of: any)
        if type == String.self || type == Bool.self || type == Int.self { return any }
        if type == String?.self { return any as? String }
        let mirror = Mirror(reflecting: any)
        switch mirror.displayStyle {
        case .optional: return mirror.children.first.flatMap { value($0.value) }
        case .collection: return mirror.children.compactMap { value($0.value) }
        case .struct where !(any is any CustomStringConvertible || any is any MustacheCustomRenderable): return Members(mirror)
        default: return any
        }
    }

    func child(named name: String) -> Any? { values[name] }
}

/// Escapes text for HTML, between tags and in quoted attributes, byte by byte: in UTF-8 none of the five is ever part of another character.
///
/// Mustache's own escaping goes by characters and lets a quote pass that has a combining mark on it; a browser does not see the two as one.
struct Markup: MustacheContentType {
    static let name = "PAGE"

    func escapeText(_ text: String) -> String {
        guard text.utf8.contains(where: Self.isSpecial) else { return text }
        var escaped: [UInt8] = []
        escaped.reserveCapacity(text.utf8.count + 32)
        Self.escape(text, into: &escaped)
        return String(decoding: escaped, as: UTF8.self)
    }

    static func escape(_ text: String, into bytes: inout [UInt8]) {
        var text = text
        text.withUTF8 { escape($0, into: &bytes) }
    }

    static func escape(_ text: UnsafeBufferPointer<UInt8>, into bytes: inout [UInt8]) {
        var written = 0
        for (index, byte) in text.enumerated() where isSpecial(byte) {
            bytes.append(contentsOf: text[written..<index])
            bytes.append(contentsOf: entity(of: byte).utf8)
            written = index + 1
        }
        bytes.append(contentsOf: text[written...])
    }

    private static func isSpecial(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">") || byte == UInt8(ascii: "&") || byte == UInt8(ascii: "\"")
            || byte == UInt8(ascii: "'")
    }

    private static func entity(of byte: UInt8) -> String {
        switch byte {
        case UInt8(ascii: "<"): "&lt;"
        case UInt8(ascii: ">"): "&gt;"
        case UInt8(ascii: "&"): "&amp;"
        case UInt8(ascii: "\""): "&quot;"
        default: "&#39;"
        }
    }

    /// Our own sentences, with `code` between back-ticks; everything else in them is escaped.
    static func sentence(_ text: String) -> String {
        text.split(separator: "`", omittingEmptySubsequences: false).enumerated().map { index, part in
            let escaped = Markup().escapeText(String(part))
            return index % 2 == 1 ? "<code>\(escaped)</code>" : escaped
        }.joined()
    }
}
