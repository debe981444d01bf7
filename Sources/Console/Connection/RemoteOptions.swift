package import ArgumentParser
import Foundation

/// Which server, as whom, and how it is printed. Flags win over CLOUDAPI_URL, CLOUDAPI_KEY and CLOUDAPI_PROFILE, and those over the login.
package struct RemoteOptions: ParsableArguments {
    @Option(help: "The server's address, such as https://cloud.example.com.")
    package var url: String?
    @Option(help: "A key or token; - reads it from the standard input. Better kept in CLOUDAPI_KEY, since others can see a command line.")
    package var key: String?
    @Option(help: "One of several logins.")
    package var profile: String?
    @Flag(help: "Print the server's JSON as it came.")
    package var json = false

    package init() {}

    static let localURL = "http://127.0.0.1:8080"

    /// Throws `.credential` where there is no way to sign in.
    package func target(_ environment: [String: String] = ProcessInfo.processInfo.environment) throws -> Target {
        let content = try ConfigFile(environment: environment).read()
        let name = profile ?? environment["CLOUDAPI_PROFILE"] ?? content.current
        let login = content.profiles[name]
        if profile != nil, login == nil {
            throw RemoteFailure(.credential, "Error: There is no profile \(name). Next: cloudapi login --profile \(name)")
        }
        // A profile that is named wins over the environment, whose key is for another server perhaps.
        let isNamed = profile != nil
        let url = Target.canonical(url ?? (isNamed ? login?.url : nil) ?? environment["CLOUDAPI_URL"] ?? login?.url ?? Self.localURL)
        let given = try key == "-" ? Prompt.line("Key: ") : key ?? (isNamed ? nil : environment["CLOUDAPI_KEY"])
        // A login's token goes to its own server alone.
        let others = isNamed ? [] : content.profiles.sorted { $0.key < $1.key }.map(\.value)
        let known = login?.url == url ? login : others.first { $0.url == url }
        guard let token = given ?? known?.token else {
            throw RemoteFailure(
                .credential, "Error: There is no login for \(url).\n  Next: cloudapi login --url \(url), or set CLOUDAPI_KEY.")
        }
        return Target(url: url, token: token, profile: given == nil ? name : nil)
    }

    /// Whether a person means a server: one is named, or there is a login.
    package func namesServer(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> Bool {
        url != nil || profile != nil || environment["CLOUDAPI_URL"] != nil
            || (try? ConfigFile(environment: environment).read().profiles.isEmpty) == false
    }
}

package struct Target: Sendable {
    package let url: String
    package let token: String?
    package let profile: String?

    static func canonical(_ url: String) -> String { url.hasSuffix("/") ? canonical(String(url.dropLast())) : url }
}
