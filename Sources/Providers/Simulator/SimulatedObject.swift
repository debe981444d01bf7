import Kernel
import Provider
import Storage

/// An object as the simulated cloud keeps it.
struct SimulatedObject: Sendable {
    let kind: ResourceKind
    let reference: String
    let name: String
    /// The marks it was made with; nil on what bears none.
    let installation: String?
    let resource: String?
    let madeAt: Timestamp
    var power: Power?
    var runningSince: Timestamp?
    /// When it stopped or died; nil while it runs and before it ever ran.
    var endedAt: Timestamp?
    var exitCode: Int?
    var size: Capacity?
    var image: String?
    var sizeGiB: Int?
    var cidr: String?
    var reachesOutside: Bool?
    /// Of the kinds that have no columns of their own.
    var settings: JSON?

    static let columns =
        """
        kind, reference, name, installation, resource, made_at, power, running_since, ended_at, exit_code, milli_cpus, memory_mib, image,
        size_gib, cidr, reaches_outside, settings
        """

    init(
        kind: ResourceKind, reference: String, name: String, installation: String?, resource: String?, madeAt: Timestamp
    ) {
        self.kind = kind
        self.reference = reference
        self.name = name
        self.installation = installation
        self.resource = resource
        self.madeAt = madeAt
    }

    init(_ row: Row) throws {
        kind = try .word(row, 0)
        reference = try row.get(1)
        name = try row.get(2)
        installation = try row.get(3)
        resource = try row.get(4)
        madeAt = try row.get(5)
        power = try row.get(6, as: String?.self).flatMap(Power.init)
        runningSince = try row.get(7)
        endedAt = try row.get(8)
        exitCode = try row.get(9)
        if let cpus: Int = try row.get(10), let memory: Int = try row.get(11) { size = Capacity(milliCPUs: cpus, memoryMiB: memory) }
        image = try row.get(12)
        sizeGiB = try row.get(13)
        cidr = try row.get(14)
        reachesOutside = try row.get(15)
        settings = try row.get(16, as: String?.self).map { try JSONParser.parse($0.utf8) }
    }

    func isOurs(_ installation: String) -> Bool { resource != nil && self.installation == installation }

    /// What a caller sees of it; `members` are our ids of the instances a firewall is in force for.
    func sighting(by installation: String, _ links: [SimulatedLink], members: [String]) -> Sighting {
        var state = ObservedState()
        state.power = power
        state.runningSince = runningSince
        state.exitCode = exitCode
        state.capacity = size
        state.sizeGiB = sizeGiB
        state.cidr = cidr
        state.reachesOutside = reachesOutside
        let ordered = links.sorted { ($0.resource ?? "", $0.target) < ($1.resource ?? "", $1.target) }
        state.addresses = ordered.filter { $0.kind == .network }.map(\.detail)
        state.networks = ordered.filter { $0.kind == .network }.compactMap(\.resource)
        state.volumes = ordered.filter { $0.kind == .volume }.compactMap(\.resource)
        state.publicAddresses = ordered.filter { $0.kind == .address }.map(\.detail)
        state.publicAddressIDs = ordered.filter { $0.kind == .address }.compactMap(\.resource)
        describe(in: &state, members)
        let owner: Sighting.Owner = isOurs(installation) ? resource.map { .ours($0) } ?? .foreign : .foreign
        return Sighting(reference: reference, owner: owner, state: state)
    }
}

/// A volume, a network, an address or a firewall that an instance has.
struct SimulatedLink: Sendable {
    let instance: String
    let kind: ResourceKind
    /// The target's reference.
    let target: String
    /// Where a volume appears, the instance's address in a network, or the address itself.
    let detail: String
    /// Our id of the target; nil for what is not ours, such as the cloud's default network.
    let resource: String?
}

extension RawRepresentable<String> {
    /// A column that holds one of the enumeration's words. Throws `.corrupt` for another.
    static func word(_ row: Row, _ column: Int) throws(StorageError) -> Self {
        guard let value = Self(rawValue: row.text(column)) else { throw .corrupt("\(Self.self) cannot be \"\(row.text(column))\"") }
        return value
    }
}
