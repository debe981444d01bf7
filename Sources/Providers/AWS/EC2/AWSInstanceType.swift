import Provider

/// The instance types that sizes become: current ones on the Nitro system, x86-64, from the smallest.
struct AWSInstanceType: Sendable, Equatable {
    let name: String
    let capacity: Capacity
    /// The largest standard size that becomes it: what an instance counts as that was there before. A type that no size becomes is what it has.
    let standing: Capacity

    static let all = [
        AWSInstanceType("t3.nano", 2, 512, for: 500), AWSInstanceType("t3.micro", 2, 1024, for: 1000),
        AWSInstanceType("t3.small", 2, 2048, for: 1000), AWSInstanceType("t3.medium", 2, 4096), AWSInstanceType("t3.large", 2, 8192),
        AWSInstanceType("c6i.xlarge", 4, 8192),
        AWSInstanceType("t3.xlarge", 4, 16_384), AWSInstanceType("c6i.2xlarge", 8, 16_384), AWSInstanceType("t3.2xlarge", 8, 32_768),
    ]

    private init(_ name: String, _ processors: Int, _ memoryMiB: Int, for milliCPUs: Int? = nil) {
        self.name = name
        capacity = Capacity(milliCPUs: processors * 1000, memoryMiB: memoryMiB)
        standing = Capacity(milliCPUs: milliCPUs ?? processors * 1000, memoryMiB: memoryMiB)
    }

    static func named(_ name: String) -> AWSInstanceType? { all.first { $0.name == name } }

    /// The smallest that has as much; nil when none has.
    static func fitting(_ wanted: Capacity) -> AWSInstanceType? {
        all.first { $0.capacity.milliCPUs >= wanted.milliCPUs && $0.capacity.memoryMiB >= wanted.memoryMiB }
    }

    static let largest = Capacity(milliCPUs: 8000, memoryMiB: 32_768)
}
