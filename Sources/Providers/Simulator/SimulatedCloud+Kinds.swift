import Kernel
package import Provider
import Storage

// Addresses, firewalls, buckets, and snapshots.
extension SimulatedCloud {
    /// So many objects one call takes out of a bucket.
    static let objectsRemovedAtOnce = 1000

    func configure(_ object: inout SimulatedObject, _ blueprint: Blueprint, _ scene: Scene) throws {
        switch (object.kind, blueprint) {
        case (.bucket, .bucket(let wanted)):
            try settings.check(wanted)
            object.set(wanted)
        case (.address, .address(let wanted)):
            try settings.check(wanted)
            object.set(wanted, ip: object.address.ip)
        case (.firewall, .firewall(let wanted)):
            object.set(wanted.rules)
            try enforce(object, for: wanted.targets, scene)
        default: throw ProviderError(.rejected, "These are no settings of a \(object.kind.rawValue).")
        }
    }

    /// A snapshot of a volume is as large as that, a volume of a snapshot at least.
    func fill(_ object: inout SimulatedObject, with source: Subject, _ scene: Scene) throws {
        try settings.require(.snapshots)
        let source = try existing(source, scene)
        let size = source.sizeGiB ?? 0
        if object.kind == .snapshot {
            if try !settings.features.contains(.liveSnapshots) && isHeldByRunning(source, scene.connection) {
                throw ProviderError(.rejected, "A running instance has the volume; stop it, or detach the volume.")
            }
            object.sizeGiB = size
        }
        guard object.sizeGiB ?? 0 >= size else { throw ProviderError(.rejected, "The snapshot has \(size) GiB and does not fit.") }
        object.set(copyOf: source)
    }

    private func isHeldByRunning(_ volume: SimulatedObject, _ connection: Connection) throws -> Bool {
        try links(to: volume, connection).contains { try object(.instance, $0, connection)?.power == .running }
    }

    func assign(_ address: SimulatedObject, to instance: SimulatedObject, _ scene: Scene) throws {
        try settings.require(.attachAddress)
        let holders = try links(to: address, scene.connection)
        if holders.contains(instance.reference) { return }
        guard holders.isEmpty else { throw ProviderError(.conflict, "The address is attached to another instance.") }
        try link(instance, to: address.reference, .address, address.address.ip, place: nil, scene.connection)
    }

    /// Puts the firewall before these instances and takes it away from before all others.
    func enforce(_ firewall: SimulatedObject, for targets: [Subject], _ scene: Scene) throws {
        let instances = try targets.map { try existing($0, scene) }
        try unlinkAll(from: firewall, scene.connection)
        for instance in instances { try link(instance, to: firewall.reference, .firewall, "", place: nil, scene.connection) }
    }

    /// From the ranges for benchmarks and documentation (RFC 2544, RFC 3849), which nobody routes.
    func freeAddress(_ family: AddressBlueprint.Family, _ connection: Connection) throws -> String {
        let taken = try connection.rows(
            "SELECT settings FROM simulator_objects WHERE workspace = ? AND mode = ? AND connection = ? AND kind = ? AND settings IS NOT NULL",
            tenant.workspace, tenant.mode, account.id, ResourceKind.address.rawValue
        ) { try JSONParser.parse($0.text(0).utf8)["ip"]?.string ?? "" }
        let used = Set(taken)
        for _ in 0..<100 {
            let bits = account.surroundings.random()
            let address =
                switch family {
                case .v4: IPAddress(v4: 0xC612_0000 | UInt32(truncatingIfNeeded: bits & 0x1_FFFF))
                case .v6: IPAddress(v6: 0x2001_0DB8 << 96 | UInt128(bits))
                }
            if !used.contains(address.description) { return address.description }
        }
        throw ProviderError(.capacity, "The simulated cloud has no free address.")
    }
}

extension SimulatorSettings {
    func check(_ bucket: BucketBlueprint) throws(ProviderError) {
        if bucket.isPublic { try require(.publicBuckets) }
        if bucket.isVersioned { try require(.versioning) }
        if bucket.isEncrypted { try require(.bucketEncryption) }
        if bucket.expireDays != nil { try require(.expiry) }
        if bucket.quotaBytes != nil { try require(.bucketQuota) }
    }

    func check(_ address: AddressBlueprint) throws(ProviderError) {
        if address.family == .v6 { try require(.addressesV6) }
        if address.reverseDNS != nil { try require(.reverseDNS) }
    }
}

extension Simulator {
    /// Puts objects into a bucket, as its users do; for tests.
    package func fill(_ bucket: Subject, objects: Int) async throws {
        let now = account.surroundings.now()
        try await store.write { connection in
            let scene = Scene(connection: connection, now: now, hiddenAfter: nil, isChanging: true)
            var object = try cloud.existing(bucket, scene)
            object.objects += objects
            try cloud.update(object, connection)
        }
    }
}
