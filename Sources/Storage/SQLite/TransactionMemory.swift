/// What the writes that share a transaction have read of tables that none of them has changed since: who admits resources asks dozens of times in a
/// row for the same project, connection and prices.
package struct TransactionMemory {
    /// By table, then by what was asked.
    private var answers: [String: [[String]: Any]] = [:]

    func answer<Value>(to question: [String], of table: String) -> Value? {
        guard let answer = answers[table]?[question] else { return nil }
        return answer as? Value
    }

    mutating func keep(_ answer: some Any, to question: [String], of table: String) { answers[table, default: [:]][question] = answer }

    mutating func forget(_ change: StatementChange) {
        switch change {
        case .nothing: break
        case .table(let name): answers[name] = nil
        case .anything, .takesBack: answers = [:]
        }
    }
}

/// What a statement may change.
enum StatementChange {
    case nothing
    case table(String)
    case anything
    /// Ends a transaction, or a part of it, as if it had not been.
    case takesBack

    private static let verbs = ["INSERT INTO ", "UPDATE ", "DELETE FROM "]

    /// A statement that does not begin by naming its table may change anything.
    init(_ sql: String, isReadOnly: Bool) {
        if isReadOnly {
            self = sql.hasPrefix("ROLLBACK") ? .takesBack : .nothing
        } else if let verb = Self.verbs.first(where: sql.hasPrefix) {
            self = .table(String(Substring(sql.utf8.dropFirst(verb.utf8.count).prefix { $0 > UInt8(ascii: " ") })))
        } else {
            self = .anything
        }
    }

    var writes: Bool {
        switch self {
        case .nothing, .takesBack: false
        case .table, .anything: true
        }
    }
}

extension Connection {
    /// What `read` answers, asked once by all writes that share the transaction, for as long as none of them changes the table that it reads.
    /// `question` is unlike all others that are asked of that table.
    package func remembered<Value>(_ question: [String], of table: String, _ read: () throws -> Value) throws -> Value {
        if let known: Value = driver.memory?.answer(to: question, of: table) { return known }
        let answer = try read()
        remember(answer, as: question, of: table)
        return answer
    }

    /// Says what would be answered now.
    package func remember(_ answer: some Any, as question: [String], of table: String) {
        driver.memory?.keep(answer, to: question, of: table)
    }
}
