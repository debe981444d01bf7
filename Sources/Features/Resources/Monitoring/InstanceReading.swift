package import Kernel
import Provider
package import Storage

/// One measurement of an instance, in exact percent.
package struct InstanceReading: Sendable {
    package let at: Timestamp
    /// Of one processor, to a thousandth.
    package let cpuPercent: ExactDecimal
    /// Of its limit; nil where it has none.
    package let memoryPercent: ExactDecimal?

    /// What was kept of the instances in the span, oldest first.
    package static func of(
        _ instances: [ResourceID], in tenant: Tenant, from: Timestamp, to: Timestamp, _ connection: Connection
    ) throws -> [ResourceID: [InstanceReading]] {
        var readings: [ResourceID: [InstanceReading]] = [:]
        for instance in instances {
            let samples = try InstanceSamples.read(instance, in: tenant, from: from, to: to, connection)
            guard !samples.isEmpty else { continue }
            readings[instance] = samples.map { sample in
                let limit = sample.memoryLimitBytes
                return InstanceReading(
                    at: sample.at, cpuPercent: ExactDecimal(Int((sample.cpuPercent * 1000).rounded())).divided(by: 1000),
                    memoryPercent: limit > 0
                        ? (ExactDecimal(sample.memoryBytes) * 100).divided(by: ExactDecimal(limit)) : nil)
            }
        }
        return readings
    }
}
