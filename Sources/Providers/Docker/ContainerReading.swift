import Foundation
import Kernel
import Provider

/// What `GET /containers/{id}/stats` says at one moment.
///
/// Read by Foundation's decoder: numbers a container has no limit for come as 2⁶⁴−1, which our own parser refuses.
struct ContainerReading: Decodable {
    let read: String
    let preread: String?
    let cpuStats: Processors
    let precpuStats: Processors?
    let memoryStats: Memory?
    let networks: [String: Network]?
    let blkioStats: Disk?

    struct Processors: Decodable {
        let cpuUsage: Usage?
        struct Usage: Decodable { let totalUsage: UInt64? }
        var nanoseconds: UInt64 { cpuUsage?.totalUsage ?? 0 }
    }

    struct Memory: Decodable {
        let usage: UInt64?
        let limit: UInt64?
        let stats: Details?

        /// Cgroup version 1 says `total_inactive_file`, version 2 `inactive_file`; podman tells neither.
        struct Details: Decodable {
            let totalInactiveFile: UInt64?
            let inactiveFile: UInt64?
        }
    }

    struct Network: Decodable {
        let rxBytes: UInt64?
        let txBytes: UInt64?
    }

    struct Disk: Decodable {
        let ioServiceBytesRecursive: [Entry]?
        struct Entry: Decodable {
            let op: String?
            let value: UInt64?
        }
    }

    init(_ bytes: [UInt8]) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(Self.self, from: Data(bytes))
    }
}

extension ContainerReading {
    var time: Timestamp? { Timestamp(read) }

    /// The reading before, when the peer waited for two; the year 1 stands for "none".
    var previous: (time: Timestamp, nanoseconds: UInt64)? {
        guard let preread, !preread.hasPrefix("0001"), let time = Timestamp(preread), let precpuStats else { return nil }
        return (time, precpuStats.nanoseconds)
    }

    /// - Parameter previous: an earlier reading; the share of one processor is the time used since over the time passed since.
    func sample(at time: Timestamp, since previous: (time: Timestamp, nanoseconds: UInt64)) -> Sample {
        let passed = Double(time.milliseconds - previous.time.milliseconds) * 1_000_000
        let now = cpuStats.nanoseconds
        let used = now >= previous.nanoseconds ? Double(now - previous.nanoseconds) : Double(now)  // started anew in between
        let inactive = memoryStats?.stats?.totalInactiveFile ?? memoryStats?.stats?.inactiveFile ?? 0
        let usage = memoryStats?.usage ?? 0
        return Sample(
            at: time, cpuPercent: passed > 0 ? used / passed * 100 : 0, memoryBytes: Int(clamping: usage > inactive ? usage - inactive : 0),
            memoryLimitBytes: Int(clamping: memoryStats?.limit ?? 0), networkReceivedBytes: network(\.rxBytes),
            networkSentBytes: network(\.txBytes), diskReadBytes: disk("read"), diskWrittenBytes: disk("write"))
    }

    private func network(_ count: KeyPath<Network, UInt64?>) -> Int {
        Int(clamping: (networks ?? [:]).values.reduce(0 as UInt64) { $0 &+ ($1[keyPath: count] ?? 0) })
    }

    private func disk(_ operation: String) -> Int {
        let entries = (blkioStats?.ioServiceBytesRecursive ?? []).filter { $0.op?.lowercased() == operation }
        return Int(clamping: entries.reduce(0 as UInt64) { $0 &+ ($1.value ?? 0) })
    }
}
