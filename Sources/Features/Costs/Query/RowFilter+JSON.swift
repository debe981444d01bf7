import Kernel
import Web

extension RowFilter {
    /// As views keep and bodies bring it: groups of lines.
    static let schema = Schema.array(
        .array(
            .object([
                .required(
                    "dimension",
                    .string(1...200, .text, "account, region, service, usage_type, operation, resource, a column's name, or tag:KEY.")),
                .optional("is_not", .boolean("Turns the line round.")),
                .optional("in", .array(Schema.string(0...4000, .echo).nullable, 1...1000, "One of these; null is a row without a value.")),
                .optional("like", .string(1...1000, .text, "`%` for any text, `_` for one character.")),
                .optional("regex", .string(1...500, .text, "POSIX extended.")),
            ]), 1...50), 0...50, "Groups of lines: a row counts when all lines of one group hold. No group lets every row through.")

    /// Throws `validation_failed` for a line that has not exactly one of in, like and regex.
    init(_ json: JSON?, at field: String = "filters") throws {
        guard let groups = json?.array, !groups.isEmpty else {
            self = .everything
            return
        }
        self.init(
            groups: try groups.map { group in
                try (group.array ?? []).map { line in
                    let read = Line(
                        Dimension(line["dimension"]?.string ?? ""), isNot: line["is_not"]?.bool ?? false,
                        try Self.operation(line, at: field))
                    _ = try read.test()
                    return read
                }
            })
    }

    private static func operation(_ line: JSON, at field: String) throws -> Line.Operation {
        switch (line["in"]?.array, line["like"]?.string, line["regex"]?.string) {
        case (let values?, nil, nil): return .isIn(values.map(\.string))
        case (nil, let pattern?, nil): return .like(pattern)
        case (nil, nil, let pattern?): return .regex(pattern)
        default: throw Problem.invalid(field, "A line has one of in, like and regex.", code: "combination")
        }
    }

    var json: JSON {
        .array(
            (groups ?? []).map { group in
                .array(
                    group.map { line in
                        var members: [JSON.Member] = [
                            .init("dimension", .string(line.dimension.name)), .init("is_not", .bool(line.isNot)),
                        ]
                        switch line.operation {
                        case .isIn(let values): members.append(.init("in", .array(values.map { JSON($0) })))
                        case .like(let pattern): members.append(.init("like", .string(pattern)))
                        case .regex(let pattern): members.append(.init("regex", .string(pattern)))
                        }
                        return .object(members)
                    })
            })
    }
}
