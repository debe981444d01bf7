import Kernel
import Provider

/// A connection's settings, with their defaults.
struct SimulatorSettings: Sendable {
    /// Milliseconds a call takes. The default lets an instance be made and run within a second.
    var latency: Int64 = 150
    var identification = Capabilities.Identification.name
    var features = Set(Capabilities.Feature.allCases)
    /// The largest instance; nil for no bound.
    var largest: Capacity?
    var faults: [Fault] = []

    /// Reads settings that have no violations; what is missing has its default.
    init(_ json: JSON) {
        latency = json["latency_ms"]?.integer ?? latency
        identification = json["identification"]?.string.flatMap(Capabilities.Identification.init) ?? identification
        if let names = json["capabilities"]?.array { features = Set(names.compactMap { $0.string.flatMap(Capabilities.Feature.init) }) }
        if let cpus = json["largest"]?["milli_cpus"]?.integer, let memory = json["largest"]?["memory_mib"]?.integer {
            largest = Capacity(milliCPUs: Int(cpus), memoryMiB: Int(memory))
        }
        faults = (json["faults"]?.array ?? []).compactMap(Fault.init)
    }

    var capabilities: Capabilities {
        Capabilities(
            server: "simulator 1", features: features, largest: largest,
            identification: Dictionary(uniqueKeysWithValues: ResourceKind.allCases.map { ($0, identification) }))
    }

    func require(_ feature: Capabilities.Feature) throws(ProviderError) {
        guard features.contains(feature) else {
            throw ProviderError(.unsupported(feature), "The simulated cloud cannot do \(feature.rawValue).")
        }
    }

    func check(_ size: Capacity) throws(ProviderError) {
        guard let largest, size.milliCPUs > largest.milliCPUs || size.memoryMiB > largest.memoryMiB else { return }
        throw ProviderError(
            .rejected, "The simulated cloud takes instances of up to \(largest.milliCPUs) milli-CPUs and \(largest.memoryMiB) MiB.")
    }
}

extension Fault {
    fileprivate init?(_ json: JSON) {
        guard let step = json["step"]?.string, let kind = json["kind"]?.string.flatMap(Kind.init) else { return nil }
        self.init(
            step: SimulatedStep(rawValue: step), kind: kind, times: json["times"]?.integer.map { Int($0) } ?? 1,
            milliseconds: json["ms"]?.integer)
    }
}

extension SimulatorSettings {
    /// Everything that is wrong, each with a pointer into the connection.
    static func violations(in settings: JSON) -> [Problem.Violation] {
        var form = Form(settings, at: "/settings")
        form.integer("latency_ms", 0...60_000)
        form.choice("identification", Capabilities.Identification.allCases.map(\.rawValue))
        form.array("capabilities") { form, pointer, value in
            form.choose(value, among: Capabilities.Feature.allCases.map(\.rawValue), at: pointer)
        }
        form.object("largest") { form in
            form.integer("milli_cpus", 1...1_000_000, isRequired: true)
            form.integer("memory_mib", 1...100_000_000, isRequired: true)
        }
        form.array("faults") { form, pointer, value in
            form.object(value, at: pointer) { form in
                form.choice("step", ["*"] + SimulatedStep.allCases.map(\.rawValue), isRequired: true)
                form.choice("kind", Fault.Kind.allCases.map(\.rawValue), isRequired: true)
                form.integer("times", 0...1_000_000)
                form.integer("ms", 0...3_600_000)
            }
        }
        return form.finish()
    }
}
