import Clibvirt
import Kernel
import Provider

// libvirt tells of what happens through a loop of its own, one for the whole process and started before the first connection. What it would
// tell is little, and a list of names and states is cheap: so it is looked at every other second, and what differs from before is the hint.
extension LibvirtProvider {
    func hints() async throws(ProviderError) -> AsyncThrowingStream<Hint, any Error>? {
        let reader = PulseReader(self)
        try await reader.begin()
        return AsyncThrowingStream { try await reader.next() }
    }

    fileprivate func pulse() async throws(ProviderError) -> [String: Pulse] {
        try await at("hints") { host throws(ProviderError) in try host.pulse() }
    }
}

/// One object as a glance shows it: what it is, and what can be told without reading its definition.
private struct Pulse: Sendable, Equatable {
    let hint: Hint
    let state: String
}

private actor PulseReader {
    private let provider: LibvirtProvider
    private var last: [String: Pulse] = [:]
    private var ready: ArraySlice<Hint> = []

    init(_ provider: LibvirtProvider) { self.provider = provider }

    func begin() async throws(ProviderError) { last = try await provider.pulse() }

    func next() async throws -> Hint? {
        while true {
            if let hint = ready.popFirst() { return hint }
            try await provider.surroundings.sleep(.seconds(2))
            let now = try await provider.pulse()
            let changed = now.filter { last[$0.key] != $0.value }.merging(last.filter { now[$0.key] == nil }) { new, _ in new }
            last = now
            ready = changed.sorted { $0.key < $1.key }.map(\.value.hint)[...]
        }
    }
}

extension Host {
    fileprivate func pulse() throws(ProviderError) -> [String: Pulse] {
        var seen: [String: Pulse] = [:]
        for machine in try hypervisor.machines() {
            guard let state = try present({ () throws(ProviderError) in try machine.state() }) else { continue }
            let hint = Subject.id(named: machine.name, kind: .instance).map { Hint.resource(.instance, id: $0) }
            seen["i" + machine.name] = Pulse(
                hint: hint ?? .object(.instance, reference: machine.uuid), state: "\(state.state.rawValue) \(state.reason) \(machine.run)")
        }
        for network in try hypervisor.networks() {
            guard let id = Subject.id(named: network.name, kind: .network) else { continue }
            seen["n" + network.name] = Pulse(hint: .resource(.network, id: id), state: network.isActive ? "active" : "")
        }
        for disk in try pool().disks() {
            for kind in [ResourceKind.volume, .snapshot] {
                guard let id = site.id(ofFile: disk.name, kind: kind) else { continue }
                seen["v" + disk.name] = Pulse(hint: .resource(kind, id: id), state: "")
            }
        }
        return seen
    }
}
