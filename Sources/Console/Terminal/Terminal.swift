import Foundation

/// What the two outputs are: a terminal of some width, or a file or pipe, which gets neither colours nor bars nor anything cut off.
package struct Terminal: Sendable {
    /// Columns; nil where nothing is to be cut off.
    package let width: Int?
    package let hasColours: Bool
    /// Whether lines on the error output may be written over.
    package let showsProgress: Bool

    package init(width: Int?, hasColours: Bool, showsProgress: Bool) {
        self.width = width
        self.hasColours = hasColours
        self.showsProgress = showsProgress
    }

    /// NO_COLOR (https://no-color.org) and TERM=dumb switch colours off; COLUMNS wins over what the terminal says.
    static func current(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> Terminal {
        let isTerminal = isatty(1) == 1
        let isPlain = !(environment["NO_COLOR"] ?? "").isEmpty || environment["TERM"] == "dumb"
        return Terminal(
            width: isTerminal ? environment["COLUMNS"].flatMap(Int.init) ?? columns : nil, hasColours: isTerminal && !isPlain,
            showsProgress: isatty(2) == 1 && environment["TERM"] != "dumb")
    }

    private static var columns: Int? {
        var size = winsize()
        guard ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// Text for people, at once, also into a pipe. Whoever wrote a name, a label or a message that stands in it moves no cursor and sets no title.
    static func out(_ text: String) { write(safe(text)) }

    /// What a server sent for programs: as it came, but for a terminal.
    static func out(json text: String) { write(isatty(1) == 1 ? safe(text) : text) }

    private static func write(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }

    /// Every control sequence but the colours of `TextTable` is made harmless.
    package static func safe(_ text: String) -> String {
        let parts = text.unicodeScalars.split(separator: "\u{1B}", omittingEmptySubsequences: false).map { TextTable.printable(String($0)) }
        return parts.dropFirst().reduce(parts.first ?? "") { safe, part in
            safe + (colours.contains { part.hasPrefix($0) } ? "\u{1B}" : "\u{FFFD}") + part
        }
    }

    private static let colours = ["[0m", "[1m", "[31m", "[32m", "[33m"]

    static func error(_ text: String, terminator: String = "\n") { FileHandle.standardError.write(Data((text + terminator).utf8)) }
}
