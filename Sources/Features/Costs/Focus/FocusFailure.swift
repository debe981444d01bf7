package import Kernel

/// What is wrong with a bill, and where.
package struct FocusFailure: Error, Sendable, Equatable {
    /// The line of the file where the row begins; the header is line 1. Zero when it is not about a line.
    package let line: Int
    /// The column's name, when one is to blame.
    package let column: String?
    package let detail: String
    /// The rows after it can be read.
    let isOfOneRow: Bool

    init(line: Int, column: String? = nil, _ detail: String, isOfOneRow: Bool = true) {
        self.line = line
        self.column = column
        self.detail = detail
        self.isOfOneRow = isOfOneRow
    }
}

extension FocusFailure: JSONRepresentable {
    package func write(to json: inout JSONWriter) { value.write(to: &json) }

    var value: JSON { ["line": .integer(Int64(line)), "column": JSON(column), "detail": .string(detail)] }

    init?(_ json: JSON) {
        guard let line = json["line"]?.integer, let detail = json["detail"]?.string else { return nil }
        self.init(line: Int(line), column: json["column"]?.string, detail)
    }
}
