import ArgumentParser
import Kernel

struct Providers: RemoteCommand {
    static let configuration = CommandConfiguration(abstract: "List the providers the server can speak to.")
    @OptionGroup var remote: RemoteOptions

    func run(_ server: Remote) async throws {
        let answer = try await server.get("/v1/providers")
        let found = (answer.json["data"] ?? answer.json["items"])?.array ?? []
        show(answer) { terminal in
            TextTable([.init("NAME", "name"), .init("AVAILABLE", "available"), .init("KINDS", "kinds")], found)
                .text(width: terminal.width, colours: terminal.hasColours)
        }
    }
}

struct Placements: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Find the cheapest place for a resource.", subcommands: [Resolve.self], defaultSubcommand: Resolve.self)

    struct Resolve: RemoteCommand {
        static let configuration = CommandConfiguration(
            abstract: "List where an instance, or another kind, can be made now, the cheapest first. Makes nothing.")
        @OptionGroup var remote: RemoteOptions
        @Option(help: "Id or name; not needed where there is only one.")
        var project: String?
        @Option(help: "instance, volume, network, bucket, ip or firewall.")
        var kind = "instance"
        @Option(help: "Processors, such as 0.5.")
        var vcpu: Double?
        @Option(help: "Of memory, in GiB.")
        var memory: Double?
        @Option(help: "What it may cost an hour, such as 0.05.")
        var maxHourly: String?
        @Option(name: .customLong("location"), help: "May be given several times.")
        var locations: [String] = []

        func run(_ server: Remote) async throws {
            let requirements = JSON.given([
                ("vcpu", vcpu.map { .double($0) }), ("memory_gib", memory.map { .double($0) }),
                ("max_hourly", maxHourly.map { .string($0) }),
                ("locations", locations.isEmpty ? nil : .array(locations.map { .string($0) })),
            ])
            let body = JSON.given([
                ("kind", .string(kind)), ("project_id", .string(try await server.project(project))), ("requirements", requirements),
            ])
            let answer = try await server.send(.post, "/v1/placements/resolve", [], body)
            show(answer) { Self.text(answer.json, $0) }
        }

        private static func text(_ answer: JSON, _ terminal: Terminal) -> String {
            let offered = TextTable(
                [
                    .init("CONNECTION", "connection_name"), .init("LOCATION", "location"), .init("SIZE", "size"),
                    .init("AN HOUR", "hourly", right: true), .init("CURRENCY", "currency"), .init("WHY", "reason"),
                ], answer["placements"]?.array ?? [])
            let refusals = answer["refusals"]?.array ?? []
            let refused = TextTable(
                [
                    .init("REFUSED", "connection_name"), .init("LOCATION", "location"), .init("CODE", "code"), .init("WHY", "detail"),
                ], refusals)
            return ([offered] + (refusals.isEmpty ? [] : [refused])).map { $0.text(width: terminal.width, colours: terminal.hasColours) }
                .joined(separator: "\n\n")
        }
    }
}
