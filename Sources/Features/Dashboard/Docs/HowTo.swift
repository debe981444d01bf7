/// How to do one common job: what to type, in order. The one source of its page, of its line in the list, and of the test that types it
/// (`Tests/Conformance/docs.py` runs every step from top to bottom).
///
/// In a step's shell `URL` stands for where the server is, `AUTH` for the header with the key and `JSON` for the one of a JSON body.
struct HowTo: Sendable {
    let name: String
    let title: String
    let lead: String
    let steps: [Step]
    let closing: String

    struct Step: Sendable {
        let about: String
        let shell: String

        init(_ about: String, _ shell: String) {
            self.about = about
            self.shell = shell
        }
    }

    static let all: [HowTo] = [
        provision, webhooks, alertsThatAct, ingestPoints, importABill, costView, unitMetric, verifyTheLog, complianceReport, teams,
    ]
}

/// The list of them.
struct DocsHowTos: Sendable {
    let entries = HowTo.all

    static let template = """
        {{<docs}}{{$main}}
        <h1>How to</h1>
        <p>One page for each common job. Set <code>CLOUD_API_KEY</code> to a workspace key with all scopes, and paste from top to bottom; ids go into shell variables by <code>jq</code>. These very lines are run against a fresh server by the tests.</p>
        <div class="cards">
        {{#entries}}<a class="card" href="/docs/how-to/{{name}}"><h2>{{title}}</h2><p>{{lead}}</p></a>
        {{/entries}}</div>
        {{/main}}{{/docs}}
        """
}

/// One of them, as its page shows it.
struct DocsHowTo: Sendable {
    let title: String
    let lead: String
    let steps: [Line]
    let closing: String

    struct Line: Sendable {
        let anchor: String
        let about: String
        let shell: String
    }

    init(_ howTo: HowTo, baseURL: String) {
        title = howTo.title
        lead = Markup.sentence(howTo.lead)
        closing = Markup.sentence(howTo.closing)
        steps = howTo.steps.enumerated().map { index, step in
            let shell = step.shell.replacing("URL/", with: baseURL + "/")
                .replacing(" AUTH", with: " -H \"Authorization: Bearer $CLOUD_API_KEY\"")
                .replacing(" JSON", with: " -H 'Content-Type: application/json'")
            return Line(anchor: "step-\(index + 1)", about: Markup.sentence(step.about), shell: shell)
        }
    }

    static let template = """
        {{<docs}}{{$main}}
        <p class="crumb"><a href="/docs/how-to">How to</a></p>
        <h1>{{title}}</h1>
        <p>{{{lead}}}</p>
        <ol>
        {{#steps}}<li>{{{about}}}
        <div class="block"><pre tabindex="0"><code id="{{anchor}}">{{shell}}</code></pre><button type="button" class="plain" data-copy="{{anchor}}" aria-label="Copy the commands" hidden>Copy</button></div></li>
        {{/steps}}</ol>
        <p>{{{closing}}}</p>
        {{/main}}{{/docs}}
        """
}
