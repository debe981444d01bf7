import ArgumentParser
import Kernel

/// How much of a list.
struct Paging: ParsableArguments {
    @Option(help: "At most so many, 1 to 100.")
    var limit = 25
    @Flag(help: "All of them, page by page; with --json one page a line.")
    var all = false

    func validate() throws {
        guard (1...100).contains(limit) else { throw ValidationError("--limit takes 1 to 100.") }
    }
}

extension RemoteCommand {
    func list(_ server: Remote, _ path: String, _ query: [(String, String?)] = [], _ paging: Paging, _ columns: [TextTable.Column])
        async throws
    {
        var rows: [JSON] = []
        var cursor: String?
        var hasMore = false
        repeat {
            let limit = paging.all ? 100 : paging.limit
            let answer = try await server.get(path, [("limit", String(limit)), ("cursor", cursor)] + query)
            if remote.json { Terminal.out(json: answer.text) }
            rows += answer.json["data"]?.array ?? []
            cursor = answer.json["next_cursor"]?.string
            hasMore = cursor != nil
        } while paging.all && hasMore
        guard !remote.json else { return }
        let terminal = Terminal.current()
        Terminal.out(TextTable(columns, rows).text(width: terminal.width, colours: terminal.hasColours))
        if hasMore { Terminal.error("There are more: --limit, or --all.") }
    }
}
