import Kernel

/// What a span of time costs: cut at every full hour, each slice priced with what is in force at its first instant, and rounded once,
/// half to even, to 18 places.
///
/// Estimates, what is held against budgets and the closed hours are all sums of exactly these slices. So an estimate equals the bill to
/// the last digit, and a price that changes inside an hour counts from the next one on.
enum Slices {
    /// Without a price in force a slice costs nothing: it was admitted with one, and somebody ended it.
    static func cost(
        _ line: Demand.Line, from start: Timestamp, to end: Timestamp, at place: PricePlace, _ timeline: PriceTimeline
    ) -> Amounts {
        var sum = Amounts.none
        var moment = start
        while moment < end {
            let price = timeline.price(of: line.sku, at: place, on: moment)
            let next: Timestamp
            if moment.isHour, moment.nextHour <= end {
                // Whole hours under one price cost the same, so that a month is one product and not 730.
                let change = timeline.change(of: line.sku, at: place, after: moment)?.hourOrNext
                next = min(end.hour, change ?? end.hour)
                if let price {
                    let hours = (next.milliseconds - moment.milliseconds) / Timestamp.hourMilliseconds
                    sum.add(cost(line.units, Timestamp.hourMilliseconds, price) * ExactDecimal(hours), in: price.currency)
                }
            } else {
                next = min(moment.nextHour, end)
                if let price { sum.add(cost(line.units, next.milliseconds - moment.milliseconds, price), in: price.currency) }
            }
            moment = next
        }
        return sum
    }

    /// One slice, of at most an hour.
    static func cost(_ units: Int, _ milliseconds: Int64, _ price: PriceTimeline.Entry) -> ExactDecimal {
        let product = price.amount * ExactDecimal(units)
        // Amounts have at most 18 places, so a whole hour needs no division.
        guard milliseconds != Timestamp.hourMilliseconds else { return product.rounded(scale: 18) }
        return (product * ExactDecimal(milliseconds)).divided(by: ExactDecimal(Timestamp.hourMilliseconds), scale: 18)
    }

    /// Units × hours of one slice.
    static func quantity(_ units: Int, _ milliseconds: Int64) -> ExactDecimal {
        (ExactDecimal(units) * ExactDecimal(milliseconds)).divided(by: ExactDecimal(Timestamp.hourMilliseconds), scale: 18)
    }
}
