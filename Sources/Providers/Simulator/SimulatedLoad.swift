import Foundation
import Kernel
import Provider

/// How busy a simulated instance is: told by its reference and the time alone, so that two looks at one moment agree, also after a restart.
struct SimulatedLoad {
    private let object: SimulatedObject
    private let since: Timestamp
    /// Bits that belong to the instance.
    private let seed: UInt64

    /// Throws `conflict` for an instance that does not run.
    init(_ object: SimulatedObject) throws(ProviderError) {
        guard object.power == .running, let since = object.runningSince else {
            throw ProviderError(.conflict, "The instance does not run.")
        }
        self.object = object
        self.since = since
        seed = SimulatedNoise.bits(object.reference)
    }

    func sample(at now: Timestamp) -> Sample {
        let limit = (object.size?.memoryMiB ?? 1024) << 20
        return Sample(
            at: now, cpuPercent: cpu(at: now), memoryBytes: Int(Double(limit) * memoryShare(at: now)), memoryLimitBytes: limit,
            networkReceivedBytes: counter(1, bytesPerSecond: 2_000...20_000, at: now),
            networkSentBytes: counter(2, bytesPerSecond: 5_000...50_000, at: now),
            diskReadBytes: counter(3, bytesPerSecond: 500...5_000, at: now),
            diskWrittenBytes: counter(4, bytesPerSecond: 1_000...10_000, at: now))
    }

    /// A day's curve, lowest at three and highest at three in the afternoon (UTC), with noise by the minute.
    private func cpu(at now: Timestamp) -> Double {
        let day = Double(now.seconds - now.floored(toSeconds: 86_400).seconds) / 86_400
        let curve = 0.5 - 0.5 * cos(2 * .pi * (day - 0.125))
        let share = 0.05 + 0.15 * noise(0, 0) + 0.45 * curve + 0.1 * noise(5, now.seconds.floorDivided(by: 60))
        return (share * Double(object.size?.milliCPUs ?? 1000) / 10 * 100).rounded() / 100
    }

    private func memoryShare(at now: Timestamp) -> Double {
        0.4 + 0.15 * noise(6, 0) + 0.05 * noise(7, now.seconds.floorDivided(by: 60))
    }

    /// A rate of the instance's own times the time since it started, swinging around it by less than what would make it fall.
    private func counter(_ which: UInt64, bytesPerSecond rates: ClosedRange<Double>, at now: Timestamp) -> Int {
        let rate = rates.lowerBound + (rates.upperBound - rates.lowerBound) * noise(which, 0)
        let elapsed = max(0, Double(now.milliseconds - since.milliseconds) / 1000)
        let period = 600.0
        return Int(rate * (elapsed + period * 0.5 / (2 * .pi) * sin(2 * .pi * elapsed / period)))
    }

    private func noise(_ which: UInt64, _ moment: Int64) -> Double { SimulatedNoise.share(seed, which, UInt64(bitPattern: moment)) }
}

/// Numbers that look like chance and are the same every time.
enum SimulatedNoise {
    /// FNV-1a, 64 bits.
    static func bits(_ text: String) -> UInt64 { text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 } }

    /// 0 up to 1. The mixing is that of SplitMix64.
    static func share(_ seed: UInt64, _ which: UInt64, _ moment: UInt64) -> Double {
        var bits = seed &+ which &* 0x9E37_79B9_7F4A_7C15 &+ moment &* 0xD1B5_4A32_D192_ED03
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return Double((bits ^ (bits >> 31)) >> 11) / Double(1 << 53)
    }
}
