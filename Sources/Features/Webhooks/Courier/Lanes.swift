import Kernel
import Storage

/// What is under way to which endpoint, and which endpoints are worth looking at. Everything else about deliveries is in the database.
struct Lanes: Sendable {
    private struct Lane {
        var running: Set<DeliveryID> = []
        var failures = 0
        /// When something will be due that is not yet.
        var nextDue: Timestamp?
        /// Set when an outcome could not be written: the row still says that it is due.
        var restsUntil: Timestamp?

        var nextLook: Timestamp? { [nextDue, restsUntil].compactMap(\.self).min() }
        var isIdle: Bool { running.isEmpty && failures == 0 && nextDue == nil && restsUntil == nil }
    }

    private var lanes: [Address: Lane] = [:]
    /// Endpoints to which something may be due.
    var stirred: Set<Address> = []
    /// How far the log was when it was last turned into deliveries here.
    var cursors: [Tenant: Int64] = [:]
    /// When all endpoints are looked at again.
    var nextRound = Timestamp(milliseconds: 0)
    private(set) var underWay = 0

    /// The endpoints to look at now, and whether all are.
    mutating func takeStirred(at now: Timestamp, roundsEvery seconds: Int64) -> (Set<Address>, isRound: Bool) {
        var found = stirred
        stirred = []
        for (address, lane) in lanes where lane.nextLook.map({ $0 <= now }) == true { found.insert(address) }
        let isRound = nextRound <= now
        if isRound { nextRound = now.adding(seconds: seconds) }
        return (found, isRound)
    }

    /// What runs to the endpoint, and how much more may. With no room in the whole, it is looked at again as soon as there is.
    mutating func room(in address: Address, _ limits: Courier.Limits, at now: Timestamp) -> (running: Set<DeliveryID>, room: Int) {
        let lane = lanes[address] ?? Lane()
        if let restsUntil = lane.restsUntil, restsUntil > now { return (lane.running, 0) }
        if underWay >= limits.total { stirred.insert(address) }
        let own = (lane.failures >= limits.doubt ? 1 : limits.each) - lane.running.count
        return (lane.running, max(0, min(own, limits.total - underWay)))
    }

    /// Takes the room; answers those that got some, which are all unless another hand was quicker.
    mutating func take(_ parcels: [Parcel], in address: Address, nextDue: Timestamp?, at now: Timestamp) -> [Parcel] {
        var lane = lanes[address] ?? Lane()
        let taken = parcels.filter { lane.running.insert($0.delivery.id).inserted }
        lane.nextDue = nextDue
        lane.restsUntil = nil
        underWay += taken.count
        lanes[address] = lane.isIdle ? nil : lane
        return taken
    }

    mutating func giveBack(_ parcel: Parcel, _ outcome: Courier.Carried, at now: Timestamp) {
        var lane = lanes[parcel.address] ?? Lane()
        lane.running.remove(parcel.delivery.id)
        underWay -= 1
        stirred.insert(parcel.address)
        switch outcome {
        case .taken: lane.failures = 0
        case .refused: lane.failures += 1
        case .unknown: lane.restsUntil = now.adding(seconds: 1)
        }
        lanes[parcel.address] = lane.isIdle ? nil : lane
    }

    /// How long nothing needs to be looked at, unless something is said: a second at most.
    func pause(at now: Timestamp) -> Duration {
        let next = lanes.values.compactMap(\.nextLook).min()
        return .milliseconds(next.map { max(1, min(1000, $0.milliseconds - now.milliseconds)) } ?? 1000)
    }
}
