/// Days of a question that a point store answered, to be used where the database still says the same of them.
package struct CopiedAnswer: Sendable {
    enum Content: Sendable {
        case sums([CopiedSum])
        case hours([CopiedSum])
        case points(PointColumns)
    }

    struct Day: Sendable {
        /// The fold that was copied.
        let version: Int
        let content: Content
    }

    struct OfMetric: Sendable {
        /// The groups by their place.
        let names: [String?]
        var days: [Int: Day] = [:]
    }

    var metrics: [Int64: OfMetric] = [:]

    package static let none = CopiedAnswer()
}

/// What a point store is asked for one metric.
struct CopyRequest: Sendable {
    enum Shape: Sendable {
        case sums, hours, points
    }

    let shape: Shape
    let selection: CopySelection
    let names: [String?]
    let standing: [PointCopies.Standing]
}
