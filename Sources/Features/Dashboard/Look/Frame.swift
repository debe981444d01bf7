/// What stands around every page: the head, the navigation, the mode, who is signed in.
///
/// The navigation is written twice, as a column for wide windows and behind a `details` for narrow ones; the style sheet shows one of them,
/// so that it opens without a script and nothing is read out twice.
struct Frame: Sendable {
    let title: String
    let entries: [Entry]
    /// Where changing the mode leads.
    let sectionPath: String
    let visitor: Visitor?

    struct Visitor: Sendable {
        let workspace: String
        let email: String
        let isTest: Bool
        let formToken: String
        /// Names the forms of this one rendering (`Visit.once`).
        let once: String
    }

    enum Section: Sendable, CaseIterable {
        case overview, projects, resources, costs, unitMetrics, usage, webhooks, events, audit, settings
        /// A page by itself: sign-in, an error, the documentation.
        case none
    }

    struct Entry: Sendable {
        let path: String
        let label: String
        let icon: String
        let isCurrent: Bool
    }

    init(title: String, section: Section = .none, visitor: Visitor? = nil) {
        self.title = title
        entries = Section.allCases.compactMap { $0.entry(isCurrent: $0 == section) }
        sectionPath = section.entry(isCurrent: true)?.path ?? ReturnPath.home
        self.visitor = visitor
    }

    /// What every form of a visitor carries.
    static let formFields = """
        <input type="hidden" name="form_token" value="{{frame.visitor.formToken}}"><input type="hidden" name="once" value="{{frame.visitor.once}}">
        """

    static let navigation = """
        {{#frame.visitor}}<form class="mode" method="post" action="/app/mode">{{> form-fields}}<input type="hidden" name="next" value="{{frame.sectionPath}}">
        <div class="switch" role="group" aria-label="Mode"><button name="mode" value="live" aria-pressed="{{^isTest}}true{{/isTest}}{{#isTest}}false{{/isTest}}">Live</button><button name="mode" value="test" aria-pressed="{{#isTest}}true{{/isTest}}{{^isTest}}false{{/isTest}}">Test</button></div></form>{{/frame.visitor}}
        <nav class="main-nav" aria-label="Main"><ul>
        {{#frame.entries}}<li><a href="{{path}}"{{#isCurrent}} aria-current="page"{{/isCurrent}}>{{{icon}}}<span>{{label}}</span></a></li>
        {{/frame.entries}}<li><a href="/docs">\(Icon.docs)<span>Docs</span></a></li>
        </ul></nav>
        {{#frame.visitor}}<div class="who"><span class="email" title="Signed in as {{email}}">{{email}}</span>
        <form method="post" action="/app/sign-out">{{> form-fields}}<button class="quiet">Sign out</button></form></div>{{/frame.visitor}}
        """

    static let template = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>{{frame.title}} · CloudAPI</title>
        <link rel="icon" href="{{icon}}" type="image/svg+xml">
        <link rel="stylesheet" href="{{style}}">
        <script src="{{script}}" defer></script>
        </head>
        {{$body}}
        <body class="app">
        <a class="skip" href="#main">Skip to content</a>
        <header class="side">
        <a class="brand" href="\(ReturnPath.home)">\(Icon.mark)<span>CloudAPI</span></a>
        {{#frame.visitor}}<p class="workspace" title="Workspace">{{workspace}}</p>{{#isTest}}<span class="badge warn mode-badge">Test mode</span>{{/isTest}}{{/frame.visitor}}
        <div class="column">{{> navigation}}</div>
        <details class="menu"><summary>\(Icon.menu)Menu</summary><div class="panel">{{> navigation}}</div></details>
        </header>
        <main id="main" tabindex="-1">
        {{$main}}{{/main}}
        </main>
        </body>
        {{/body}}
        </html>
        """
}

extension Frame.Section {
    func entry(isCurrent: Bool) -> Frame.Entry? {
        switch self {
        case .overview: .init(path: "/app/overview", label: "Overview", icon: Icon.overview, isCurrent: isCurrent)
        case .projects: .init(path: "/app/projects", label: "Projects", icon: Icon.projects, isCurrent: isCurrent)
        case .resources: .init(path: "/app/resources", label: "Resources", icon: Icon.resources, isCurrent: isCurrent)
        case .costs: .init(path: "/app/costs", label: "Costs", icon: Icon.costs, isCurrent: isCurrent)
        case .unitMetrics: .init(path: "/app/unit-metrics", label: "Unit metrics", icon: Icon.unitMetrics, isCurrent: isCurrent)
        case .usage: .init(path: "/app/usage", label: "Usage", icon: Icon.usage, isCurrent: isCurrent)
        case .webhooks: .init(path: "/app/webhooks", label: "Webhooks", icon: Icon.webhooks, isCurrent: isCurrent)
        case .events: .init(path: "/app/events", label: "Events", icon: Icon.events, isCurrent: isCurrent)
        case .audit: .init(path: "/app/audit", label: "Audit", icon: Icon.audit, isCurrent: isCurrent)
        case .settings: .init(path: "/app/settings", label: "Settings", icon: Icon.settings, isCurrent: isCurrent)
        case .none: nil
        }
    }
}
