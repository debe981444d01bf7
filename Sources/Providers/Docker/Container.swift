import Kernel
import Provider

/// A container as `GET /containers/{id}/json` shows it.
struct Container: Sendable {
    let id: String
    /// Without the slash the API puts before it.
    let name: String
    let status: String
    let sighting: Sighting
    /// Names of the networks it is on.
    let networks: Set<String>

    init?(_ json: JSON, marks: Marks) {
        guard let id = json["Id"]?.string, let name = json["Name"]?.string, let state = json["State"] else { return nil }
        self.id = id
        self.name = name.hasPrefix("/") ? String(name.dropFirst()) : name
        self.status = state["Status"]?.string ?? ""
        let endpoints = json["NetworkSettings"]?["Networks"]?.members ?? []
        self.networks = Set(endpoints.map(\.name))
        var seen = ObservedState()
        seen.power = Self.power(status, state)
        if status == "running" { seen.runningSince = state["StartedAt"]?.string.flatMap { Timestamp($0) } }
        if seen.power == .stopped || seen.power == .crashed, status != "created" {
            seen.exitCode = state["ExitCode"]?.integer.map { Int($0) }
        }
        seen.addresses = endpoints.compactMap { $0.value["IPAddress"]?.string }.filter { !$0.isEmpty }.sorted()
        seen.capacity = Self.capacity(json["HostConfig"])
        seen.networks = endpoints.compactMap { Subject.id(named: $0.name, kind: .network) }.sorted()
        seen.volumes = (json["Mounts"]?.array ?? [])
            .filter { $0["Type"]?.string == "volume" }
            .compactMap { $0["Name"]?.string.flatMap { Subject.id(named: $0, kind: .volume) } }.sorted()
        self.sighting = Sighting(reference: id, owner: marks.owner(json["Config"]?["Labels"]), state: seen)
    }

    /// A paused container does no work, and `start` makes it run again: to us it is stopped. 137 and 143 are what `stop` leaves behind,
    /// KILL and TERM; with `OOMKilled` the 137 was the kernel's.
    private static func power(_ status: String, _ state: JSON) -> Power {
        switch status {
        case "running": return .running
        case "restarting": return .restarting
        case "removing", "stopping": return .stopping
        case "created", "paused", "configured", "initialized": return .stopped
        case "dead": return .crashed
        default:
            let code = state["ExitCode"]?.integer ?? 0
            let isKilled = (code == 137 || code == 143) && state["OOMKilled"]?.bool != true
            return code == 0 || isKilled ? .stopped : .crashed
        }
    }

    private static func capacity(_ host: JSON?) -> Capacity? {
        guard let nano = host?["NanoCpus"]?.integer, let memory = host?["Memory"]?.integer, nano > 0, memory > 0 else { return nil }
        return Capacity(milliCPUs: Int(nano / 1_000_000), memoryMiB: Int(memory >> 20))
    }
}
