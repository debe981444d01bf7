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

@Suite struct `A progress bar` {
    @Test(arguments: [
        (0, "[..............................]   0 %  x"), (33, "[#########.....................]  33 %  x"),
        (250, "[##############################] 100 %  x"),
    ])
    func `is as long as what is done`(percent: Int, text: String) { #expect(ProgressBar.text(percent: percent, "x") == text) }
}
