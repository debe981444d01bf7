import Kernel
import Storage

extension Points {
    /// Series whose groups one query can name.
    private static let mostPlaces = 200_000
    /// Points read one by one, where a bucket begins or ends within a day of UTC.
    private static let mostPoints = 4_000_000

    /// What of a question can be asked of a point store: nothing where day totals answer it.
    static func requests(_ question: Question, in tenant: Tenant, _ connection: Connection) throws -> [CopyRequest] {
        try metrics(question, in: tenant, connection).flatMap { metric -> [CopyRequest] in
            var sums = Sums(question, .none)
            guard !sums.readsTotals, let (first, last) = sums.days(of: metric) else { return [] }
            let standing = try PointCopies.standing(of: metric.number, from: first, through: last, connection)
            guard !standing.isEmpty, metric.series <= mostPlaces else { return [] }
            let places = try sums.places(of: metric, connection)
            if !places.isEmpty, places.allSatisfy({ $0 < 0 }) { return [] }
            var points = 0
            var shapes: [CopyRequest.Shape: [PointCopies.Standing]] = [:]
            for day in standing {
                let shape = sums.shape(of: day.day)
                if shape == .points { points += day.points }
                if shape != .points || points <= mostPoints { shapes[shape, default: []].append(day) }
            }
            return shapes.map { shape, days in
                CopyRequest(
                    shape: shape,
                    selection: CopySelection(
                        metric: metric.number, function: metric.function, copies: days.map { ($0.day, $0.copy) }, places: places),
                    names: sums.names, standing: days)
            }
        }
    }
}

extension Points.Sums {
    /// How a day is read: a point store combines what comes into a bucket as one.
    fileprivate func shape(of day: Int) -> CopyRequest.Shape {
        if buckets.isHourly { return .hours }
        return bucket(ofWhole: day) == nil ? .points : .sums
    }

    /// The days that were copied and have not changed since, in order.
    func copied(_ metric: StoredMetric, from first: Int, through last: Int, _ connection: Connection) throws -> [(Int, CopiedAnswer.Day)] {
        guard let answer = copies.metrics[metric.number], !answer.days.isEmpty else { return [] }
        return try PointCopies.standing(of: metric.number, from: first, through: last, connection).compactMap { standing in
            guard let day = answer.days[standing.day], day.version == standing.version else { return nil }
            return (standing.day, day)
        }
    }

    mutating func add(_ copied: CopiedAnswer.Day, of day: Int, _ metric: StoredMetric, _ places: [Int32]) {
        let names = copies.metrics[metric.number]?.names ?? []
        switch copied.content {
        case .points(let points): add(points, of: day, places)
        case .sums(let sums):
            guard let bucket = bucket(ofWhole: day) else { return }
            for sum in sums where names.indices.contains(sum.place) { add(sum.combined, names[sum.place], bucket) }
        case .hours(let sums):
            for sum in sums where names.indices.contains(sum.place) {
                let hour = day * 24 + sum.hour
                guard hour >= buckets.bounds[0], hour < buckets.bounds[buckets.count] else { continue }
                add(sum.combined, names[sum.place], buckets.bucket(of: hour))
            }
        }
    }
}
