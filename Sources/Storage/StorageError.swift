/// What a database can answer other than rows, in words both engines share.
package enum StorageError: Error, Sendable, Equatable {
    /// A UNIQUE or primary key constraint; the text names it in the engine's own words.
    case unique(String)
    /// A FOREIGN KEY, NOT NULL or CHECK constraint.
    case constraint(String)
    /// The disk is full or cannot be written. Reads go on; a later write may succeed.
    case readOnly(String)
    /// A deadlock, a serialization failure or a lock that was not had in time; the transaction can be tried again.
    case conflict(String)
    /// The server or the file cannot be reached.
    case unavailable(String)
    /// A stored value is not one this program writes.
    case corrupt(String)
    /// Anything else: a fault in our SQL, as a rule.
    case failed(String)

    /// What the engine said, for the operator.
    package var sentence: String {
        let text =
            switch self {
            case .unique(let text), .constraint(let text), .readOnly(let text), .conflict(let text), .unavailable(let text),
                .corrupt(let text), .failed(let text):
                text
            }
        return text.hasSuffix(".") ? text : text + "."
    }
}
