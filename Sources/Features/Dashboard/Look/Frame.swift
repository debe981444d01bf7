/// What stands around every page: the head, the navigation, who is signed in.
struct Frame: Sendable {
    let title: String
    let inProjects: Bool
    let inSettings: Bool
    let visitor: Visitor?

    struct Visitor: Sendable {
        let workspace: String
        let email: String
        let formToken: String
        /// Names the forms of this one rendering (`Visit.once`).
        let once: String
    }

    enum Section: Sendable {
        case projects, settings
        /// A page by itself: sign-in, an error, the documentation.
        case none
    }

    init(title: String, section: Section = .none, visitor: Visitor? = nil) {
        self.title = title
        inProjects = section == .projects
        inSettings = section == .settings
        self.visitor = visitor
    }

    /// What every form of a visitor carries.
    static let formFields = """
        <input type="hidden" name="form_token" value="{{frame.visitor.formToken}}"><input type="hidden" name="once" value="{{frame.visitor.once}}">
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
        <a class="brand" href="/app/projects">\(Icon.mark)<span>CloudAPI</span></a>
        {{#frame.visitor}}<p class="workspace" title="Workspace">{{workspace}}</p>{{/frame.visitor}}
        <nav class="main-nav" aria-label="Main">
        <a href="/app/projects"{{#frame.inProjects}} aria-current="page"{{/frame.inProjects}}>\(Icon.projects)<span>Projects</span></a>
        <a href="/app/settings"{{#frame.inSettings}} aria-current="page"{{/frame.inSettings}}>\(Icon.settings)<span>Settings</span></a>
        <a href="/docs">\(Icon.docs)<span>Docs</span></a>
        </nav>
        {{#frame.visitor}}<div class="who"><span class="email" title="Signed in as {{email}}">{{email}}</span>
        <form method="post" action="/app/sign-out">{{> form-fields}}<button class="quiet">Sign out</button></form></div>{{/frame.visitor}}
        </header>
        <main id="main" tabindex="-1">
        {{$main}}{{/main}}
        </main>
        </body>
        {{/body}}
        </html>
        """
}
