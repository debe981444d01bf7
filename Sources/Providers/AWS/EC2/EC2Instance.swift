import Kernel
import Provider

/// An instance as `DescribeInstances` shows it.
struct EC2Instance: Sendable {
    let id: String
    let state: String
    let type: String
    let tags: [String: String]
    /// When it was started last.
    let startedAt: Timestamp?
    let addresses: [String]
    /// Device names that are taken.
    let devices: [String]
    /// Ids of its volumes beside the one it runs from.
    let volumes: [String]
    let vpc: String
    /// Ids of its security groups.
    let groups: [String]

    init?(_ item: XMLTree) {
        guard let id = item.string("instanceId"), let state = item["instanceState"]?.string("name") else { return nil }
        self.id = id
        self.state = state
        type = item.string("instanceType") ?? ""
        tags = item.tags
        startedAt = item.string("launchTime").flatMap { Timestamp($0) }
        addresses = Set([item.string("privateIpAddress"), item.string("ipAddress")].compactMap { $0 }).sorted()
        vpc = item.string("vpcId") ?? ""
        groups = item.items("groupSet").compactMap { $0.string("groupId") }
        let root = item.string("rootDeviceName")
        let mappings = item.items("blockDeviceMapping")
        devices = mappings.compactMap { $0.string("deviceName") }
        volumes = mappings.filter { $0.string("deviceName") != root && $0["ebs"]?.string("status") != "detaching" }
            .compactMap { $0["ebs"]?.string("volumeId") }
    }

    /// It is on its way out, or gone.
    var isEnding: Bool { state == "shutting-down" || state == "terminated" }

    private var power: Power {
        switch state {
        case "running": .running
        case "pending": .starting
        case "stopping", "shutting-down": .stopping
        default: .stopped
        }
    }

    /// - Parameters:
    ///   - names: our ids of volumes, by theirs.
    ///   - public: our addresses it has, with our ids of them.
    func sighting(_ marks: AWSMarks, names: [String: String] = [:], public: [(id: String, ip: String)] = []) -> Sighting {
        var seen = ObservedState()
        seen.power = power
        if power == .running { seen.runningSince = [startedAt, AWSMarks.restart(tags)].compactMap { $0 }.max() }
        seen.addresses = addresses
        seen.capacity = AWSMarks.capacity(tags, type: type)
        if seen.capacity == nil { seen.machine = type }
        seen.networks = [AWSMarks.network(tags)].compactMap { $0 }
        seen.volumes = volumes.compactMap { names[$0] }.sorted()
        let own = `public`.sorted { $0.id < $1.id }
        (seen.publicAddresses, seen.publicAddressIDs) = (own.map(\.ip), own.map(\.id))
        return Sighting(reference: id, owner: marks.owner(tags), state: seen)
    }
}
