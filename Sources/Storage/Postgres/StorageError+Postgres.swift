extension StorageError {
    /// From an SQLSTATE, https://www.postgresql.org/docs/15/errcodes-appendix.html.
    static func postgres(state: String, message: String) -> StorageError {
        switch state {
        case "23505": .unique(message)
        case "40001", "40P01", "55P03": .conflict(message)
        case "25006", "53100", "58030": .readOnly(message)
        case "XX001", "XX002": .corrupt(message)
        case "08P01": .failed(message)  // a wrong number of values: ours, though it stands among the connection's faults
        default: .postgres(class: state.prefix(2), message: message)
        }
    }

    private static func postgres(class: Substring, message: String) -> StorageError {
        switch `class` {
        case "23": .constraint(message)
        case "08", "28", "53", "57": .unavailable(message)
        default: .failed(message)
        }
    }
}
