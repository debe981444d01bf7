/// What a command ends with, so that a script can tell why. Documented in docs/cli.md and in `--help`.
package enum ExitStatus: Int32, Sendable, CaseIterable {
    case done = 0
    /// It was tried and did not work: an operation failed, a file cannot be read.
    case failure = 1
    /// The command line itself is wrong.
    case usage = 2
    /// No credential, a wrong one, or one that may not do this.
    case credential = 3
    case notFound = 4
    /// What is there does not allow it: a name is taken, a quota or a budget is used up, something has changed meanwhile.
    case conflict = 5
    /// The server cannot be reached, is overloaded or broken, or wants fewer requests: the same may work later.
    case unavailable = 6
    /// The server understood and refused what was asked.
    case refused = 7

    package init(httpStatus: Int) {
        self =
            switch httpStatus {
            case 200..<300: .done
            case 401, 403: .credential
            case 404, 410: .notFound
            case 402, 409, 412, 423: .conflict
            case 408, 429, 500...: .unavailable
            case 300..<400: .unavailable
            default: .refused
            }
    }

    package static let text = """
        Exit status: 0 done; 1 it failed; 2 wrong usage; 3 no credential, or not allowed; 4 not found; 5 conflict, quota or budget; \
        6 server not reachable, overloaded or broken; 7 the server refused the request.
        """
}
