import Foundation

/// What a person is asked for on the terminal; from a pipe, lines are taken as they come.
enum Prompt {
    static func line(_ question: String) throws -> String {
        if isatty(0) == 1 { Terminal.error(question, terminator: "") }
        guard let line = readLine(), !line.isEmpty else { throw RemoteFailure(.usage, "Error: Nothing was entered.") }
        return line
    }

    /// Without showing what is typed.
    static func secret(_ question: String) throws -> String {
        guard isatty(0) == 1 else { return try line(question) }
        var shown = termios()
        tcgetattr(0, &shown)
        var hidden = shown
        hidden.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(0, TCSAFLUSH, &hidden)
        defer {
            tcsetattr(0, TCSAFLUSH, &shown)
            Terminal.error("")
        }
        return try line(question)
    }

    /// Yes only when somebody says so; a pipe has nobody.
    static func agrees(_ question: String) -> Bool {
        guard isatty(0) == 1 else { return false }
        Terminal.error(question + " [y/N] ", terminator: "")
        return ["y", "yes"].contains(readLine()?.lowercased() ?? "")
    }
}
