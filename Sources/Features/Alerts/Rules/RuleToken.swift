import Kernel

/// Why a text is no rule, and where.
package struct RuleError: Error, Equatable {
    /// Of the first letter that does not fit, counted from 1.
    package let column: Int
    package let detail: String
}

struct RuleToken: Equatable {
    let kind: Kind
    let column: Int

    enum Kind: Equatable {
        /// With `isPercent` when it was written with a `%`.
        case number(ExactDecimal, isPercent: Bool)
        case duration(Int64)
        case word(String)
        case text(String)
        case symbol(String)
        case end
    }

    private static let symbols = [">=", "<=", "==", "!=", ">", "<", "(", ")", "{", "}", ",", "=", "+", "-", "*", "/"]

    static func split(_ source: String) throws(RuleError) -> [RuleToken] {
        let letters = Array(source.unicodeScalars)
        var tokens: [RuleToken] = []
        var index = 0
        while index < letters.count {
            let begin = index
            let letter = letters[index]
            if letter == " " || letter == "\t" || letter == "\n" {
                index += 1
                continue
            }
            let kind: Kind
            if letter.isDigit {
                kind = try number(letters, &index)
            } else if letter.isWord {
                while index < letters.count, letters[index].isWord || letters[index].isDigit || letters[index] == "." { index += 1 }
                kind = .word(letters.text(begin, index))
            } else if letter == "\"" {
                index += 1
                while index < letters.count, letters[index] != "\"" { index += 1 }
                guard index < letters.count else { throw RuleError(column: begin + 1, detail: "a quotation mark is never closed") }
                kind = .text(letters.text(begin + 1, index))
                index += 1
            } else if let symbol = symbols.first(where: { letters[index...].starts(with: $0.unicodeScalars) }) {
                index += symbol.count
                kind = .symbol(symbol)
            } else {
                throw RuleError(column: begin + 1, detail: "\(String(letter).debugDescription) has no meaning here")
            }
            tokens.append(RuleToken(kind: kind, column: begin + 1))
        }
        tokens.append(RuleToken(kind: .end, column: letters.count + 1))
        return tokens
    }

    private static let units: [String: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]

    /// `85`, `85.5%`, `10k`, `1M`; a whole number with `s`, `m`, `h` or `d` is a span of time.
    private static func number(_ letters: [Unicode.Scalar], _ index: inout Int) throws(RuleError) -> Kind {
        let begin = index
        while index < letters.count, letters[index].isDigit || letters[index] == "." { index += 1 }
        let digits = letters.text(begin, index)
        guard digits.count <= 40, let value = ExactDecimal(digits) else {
            throw RuleError(column: begin + 1, detail: "\(digits.prefix(50)) is no number")
        }
        if index < letters.count, letters[index] == "%" {
            index += 1
            return .number(value, isPercent: true)
        }
        let suffix = index
        while index < letters.count, letters[index].isWord || letters[index].isDigit { index += 1 }
        let unit = letters.text(suffix, index)
        switch unit {
        case "": return .number(value, isPercent: false)
        case "k": return .number(value * 1000, isPercent: false)
        case "M": return .number(value * 1_000_000, isPercent: false)
        default:
            guard let factor = units[unit], let count = Int64(digits), count <= 31_622_400 else {
                throw RuleError(column: suffix + 1, detail: "\(unit.prefix(50)) is no unit; there are %, k, M, and s, m, h, d for time")
            }
            return .duration(count * factor)
        }
    }
}

extension [Unicode.Scalar] {
    fileprivate func text(_ begin: Int, _ end: Int) -> String { String(String.UnicodeScalarView(self[begin..<end])) }
}

extension Unicode.Scalar {
    fileprivate var isDigit: Bool { ("0"..."9").contains(self) }
    fileprivate var isWord: Bool { ("a"..."z").contains(self) || ("A"..."Z").contains(self) || self == "_" }
}
