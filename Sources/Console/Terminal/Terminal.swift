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

    /// At once, also into a pipe.
    static func out(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }

    static func error(_ text: String, terminator: String = "\n") { FileHandle.standardError.write(Data((text + terminator).utf8)) }
}
