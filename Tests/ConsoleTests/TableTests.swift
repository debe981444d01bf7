import Console
import Kernel
import Testing

@Suite struct `A table` {
    private let columns: [TextTable.Column] = [
        .init("ID", "id", whole: true), .init("NAME", "name"), .init("PHASE", "status.phase"), .init("AN HOUR", "cost.hourly", right: true),
    ]

    private func row(_ id: String, _ name: String, _ phase: String, _ cost: String) -> JSON {
        ["id": .string(id), "name": .string(name), "status": ["phase": .string(phase)], "cost": ["hourly": .string(cost)]]
    }

    @Test func `is aligned, numbers to the right, and without blanks at the ends`() {
        let table = TextTable(columns, [row("inst_1", "web", "ready", "0.0070"), row("inst_22", "a-longer-name", "creating", "12.5")])
        #expect(
            table.text(width: nil) == """
                ID       NAME           PHASE     AN HOUR
                inst_1   web            ready      0.0070
                inst_22  a-longer-name  creating     12.5
                """)
    }

    @Test func `is cut to a terminal where it must, but for ids`() {
        let name = String(repeating: "n", count: 60)
        let table = TextTable(columns, [row("inst_0123456789", name, "ready", "1")])
        let lines = table.text(width: 60).split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= 60 })
        #expect(lines[1].hasPrefix("inst_0123456789  nnn"))
        #expect(lines[1].contains("n…  ready"))
        #expect(table.text(width: nil).contains(name))
        #expect(table.text(width: 10).contains("inst_0123456789"))
    }

    @Test func `has colours only when told to, and they take no room`() {
        let table = TextTable(columns, [row("inst_1", "web", "failed", "1"), row("inst_2", "b", "ready", "10")])
        #expect(!table.text(width: 80).contains("\u{1B}"))
        let coloured = table.text(width: 80, colours: true)
        #expect(coloured.contains("\u{1B}[31mfailed\u{1B}[0m"))
        let plain = coloured.replacing(#/\u{1B}\[[0-9]+m/#, with: "")
        #expect(plain == table.text(width: 80))
    }

    @Test func `lets no control sequence of a server through`() {
        let table = TextTable([.init("NAME", "name")], [["name": "a\u{1B}[2Jb\rc\u{9B}1m"]])
        #expect(table.text(width: nil) == "NAME\na\u{FFFD}[2Jb\u{FFFD}c\u{FFFD}1m")
    }

    @Test func `shows what is missing, lists, objects and booleans in words`() {
        let columns: [TextTable.Column] = [.init("A", "a"), .init("B", "b"), .init("C", "c"), .init("D", "d"), .init("E", "e.f")]
        let row: JSON = ["a": .null, "b": ["x", "y"], "c": ["team": "core"], "d": true]
        #expect(TextTable(columns, [row]).text(width: nil).split(separator: "\n").last == "-  x,y  team=core  yes  -")
    }

    @Test func `of one object has a line for each member`() {
        #expect(TextTable.object(["id": "a", "name": "b"], [.init("Id", "id"), .init("Its name", "name")]) == "Id        a\nIts name  b")
    }
}

@Suite struct `What reaches a terminal` {
    @Test(arguments: [
        ("\u{1B}]0;owned\u{07}", "\u{FFFD}]0;owned\u{FFFD}"), ("a\u{1B}[2J", "a\u{FFFD}[2J"), ("a\u{1B}", "a\u{FFFD}"),
        ("\u{9B}31m", "\u{FFFD}31m"), ("over\rwritten\u{8}", "over\u{FFFD}written\u{FFFD}"), ("two\nlines, ü 漢", "two\nlines, ü 漢"),
        ("\u{1B}\u{301}[2J", "\u{FFFD}\u{301}[2J"), ("", ""),
    ])
    func `is text, whatever a name holds`(name: String, shown: String) { #expect(Terminal.safe(name) == shown) }

    @Test func `keeps the colours of tables`() {
        let table = TextTable([.init("NAME", "name"), .init("PHASE", "phase")], [["name": "a\u{1B}[2Jb", "phase": "failed"]])
        let text = table.text(width: 80, colours: true)
        #expect(Terminal.safe(text) == text && text.contains("\u{1B}[31mfailed\u{1B}[0m") && !text.contains("\u{1B}[2J"))
    }

    @Test func `is harmless in a problem that a server sent`() {
        let text = RemoteFailure(answer: 409, ["title": "x\u{1B}]0;t\u{7}", "detail": "y\u{1B}[2J"]).description
        #expect(!text.contains("\u{1B}") && text.contains("y\u{FFFD}[2J"))
    }
}

@Suite struct `A progress bar` {
    @Test(arguments: [
        (0, "[..............................]   0 %  x"), (33, "[#########.....................]  33 %  x"),
        (250, "[##############################] 100 %  x"),
    ])
    func `is as long as what is done`(percent: Int, text: String) { #expect(ProgressBar.text(percent: percent, "x") == text) }
}
