// Points are taken in, and kept, by the main database; that alone is what an acknowledgement means. A point store holds copies of folded
// days beside it, for reading: days that no batch waits for, each under a number that no other copy ever had.
//
// Nothing is believed for being there. The database's ledger (PointCopies) says which copy of which day is whole and of which fold; the
// store is asked for exactly these, answers with how many points it found, and a day is used only if that is what the database counts. So a
// batch that was written twice or half, a replica that lags and a store that forgot what it had acknowledged all come to the same: the day
// is read from the database, and copied again.
//
// The answers are those of the database to the last bit. Values are doubles, and a sum of doubles depends on its order, so a store adds in
// the order that the database does: the hours of a series, then the series.

import Kernel

/// Where copies of points stand.
package protocol PointStore: Sendable {
    /// Makes what is missing for `add`; harmless where it is there.
    func open() async throws

    /// Returns when all of them can be read. What is left of an attempt that failed is never asked for.
    func add(_ days: [CopiedDay]) async throws

    /// Forgets all days of a metric, in its own time.
    func remove(metric: Int64) async throws

    /// What series came to on each of those days; days it does not have are missing. Each needs to be whole for who asks.
    func sums(_ selection: CopySelection) async throws -> [CopiedSum]

    /// The same for each hour.
    func hours(_ selection: CopySelection) async throws -> [CopiedSum]

    /// The points themselves, of the series that are wanted.
    func points(_ selection: CopySelection) async throws -> [CopiedPoints]
}

/// A folded day of one metric as it is copied.
package struct CopiedDay: Sendable {
    let metric: Int64
    let day: Int
    let copy: Int64
    let points: PointColumns
    let sums: DayRollup
}

/// Which copies are asked for, and how series are put together.
package struct CopySelection: Sendable {
    package var metric: Int64
    package var function: MetricFunction
    package var copies: [(day: Int, copy: Int64)]
    /// For each series its group, −1 where it is left out; empty where all are group 0. Series past the end are left out.
    package var places: [Int32]
}

/// What the series of a group came to on a day, or in an hour of it.
package struct CopiedSum: Sendable {
    let day: Int
    let hour: Int
    /// −1 for those that are left out, of which only the points are counted.
    let place: Int
    let combined: Combined
}

/// A day's points, and how many there were with those that are left out.
package struct CopiedPoints: Sendable {
    let day: Int
    let all: Int
    let points: PointColumns
}
