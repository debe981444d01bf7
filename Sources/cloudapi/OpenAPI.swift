import ArgumentParser
import Server

struct OpenAPI: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "openapi", abstract: "Print the API's OpenAPI 3.1 description, as openapi/cloudapi.json keeps it.")

    func run() {
        print(OpenAPIDocument(routes: RouteTable.described.routes).prettyText, terminator: "")
    }
}
