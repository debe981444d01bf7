// swift-tools-version:6.2
// Reading this file is reading the architecture: a target may import only those above it.
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
    // Generic store functions are called across targets; without this they run unspecialised (measured, docs/benchmarks.md).
    .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
    // Debug builds, which all tests run on, look at run time for accesses that overlap; that look is a tenth of a hot loop (same page).
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

/// libvirt's headers are not on every machine, so what needs them is only there when it is asked for: CLOUDAPI_LIBVIRT=1, which the Makefile says
/// where pkg-config finds libvirt. Not looked for from here: SwiftPM would go on to believe what it found the first time. The library itself is
/// opened when it is first called, and so it is not linked.
let hasLibvirt = Context.environment["CLOUDAPI_LIBVIRT"] == "1"
let libvirt: [Target.Dependency] = hasLibvirt ? ["Libvirt"] : []
let strictWithLibvirt = strict + (hasLibvirt ? [.define("LIBVIRT")] : [])

extension Target.Dependency {
    static let hummingbird = product(name: "Hummingbird", package: "hummingbird")
    static let hummingbirdCore = product(name: "HummingbirdCore", package: "hummingbird")
    static let hummingbirdTLS = product(name: "HummingbirdTLS", package: "hummingbird")
    static let hummingbirdTesting = product(name: "HummingbirdTesting", package: "hummingbird")
    static let asyncHTTPClient = product(name: "AsyncHTTPClient", package: "async-http-client")
    static let grdb = product(name: "GRDB", package: "GRDB.swift")
    static let grdbSQLite = product(name: "GRDBSQLite", package: "GRDB.swift")
    static let crypto = product(name: "Crypto", package: "swift-crypto")
    static let cryptoExtras = product(name: "CryptoExtras", package: "swift-crypto")
    static let argumentParser = product(name: "ArgumentParser", package: "swift-argument-parser")
    static let configuration = product(name: "Configuration", package: "swift-configuration")
    static let yams = product(name: "Yams", package: "Yams")
    static let mustache = product(name: "Mustache", package: "swift-mustache")
    static let logging = product(name: "Logging", package: "swift-log")
    static let metrics = product(name: "Metrics", package: "swift-metrics")
    static let coreMetrics = product(name: "CoreMetrics", package: "swift-metrics")
    static let serviceLifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let nioCore = product(name: "NIOCore", package: "swift-nio")
    static let nioPosix = product(name: "NIOPosix", package: "swift-nio")
    static let nioHTTP1 = product(name: "NIOHTTP1", package: "swift-nio")
    static let nioHTTPTypes = product(name: "NIOHTTPTypes", package: "swift-nio-extras")
    static let nioSSL = product(name: "NIOSSL", package: "swift-nio-ssl")
    static let httpTypes = product(name: "HTTPTypes", package: "swift-http-types")
}

let package = Package(
    name: "cloudapi",
    products: [
        .executable(name: "cloudapi", targets: ["cloudapi"]),
        .executable(name: "bare-hummingbird", targets: ["BareHummingbird"]),
    ],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(
            url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: [.defaults, "YAML", "CommandLineArguments"]),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    ],
    targets: [
        .target(name: "Kernel", swiftSettings: strict),
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(
            name: "Storage", dependencies: ["Kernel", "CPostgres", "CSQLite", .grdb, .grdbSQLite, .crypto, .logging, .nioCore, .nioPosix],
            swiftSettings: strict),
        .target(
            name: "Outgoing", dependencies: ["Kernel", .asyncHTTPClient, .nioCore, .nioPosix, .nioSSL, .nioHTTP1],
            swiftSettings: strict),
        .target(name: "Provider", dependencies: ["Kernel", "Outgoing"], path: "Sources/Providers/Provider", swiftSettings: strict),
        .target(
            name: "Simulator", dependencies: ["Kernel", "Storage", "Provider"], path: "Sources/Providers/Simulator",
            swiftSettings: strict),
        .target(
            name: "Docker", dependencies: ["Kernel", "Outgoing", "Provider"], path: "Sources/Providers/Docker", swiftSettings: strict),
        .target(
            name: "AWS", dependencies: ["Kernel", "Outgoing", "Provider", .crypto], path: "Sources/Providers/AWS", swiftSettings: strict),
        .target(name: "Vault", dependencies: ["Kernel", .crypto], swiftSettings: strict),
        .target(
            name: "Web",
            dependencies: [
                "Kernel", "Storage", "Vault", .hummingbird, .httpTypes, .crypto, .logging, .nioCore, .nioHTTPTypes, .nioHTTP1,
                .serviceLifecycle,
            ],
            swiftSettings: strict),
        .target(
            name: "Identity", dependencies: ["Kernel", "Storage", "Web", .crypto, .cryptoExtras, .httpTypes, .nioPosix],
            path: "Sources/Features/Identity",
            swiftSettings: strict),
        .target(
            name: "Keys", dependencies: ["Kernel", "Storage", "Web", "Identity", .crypto, .httpTypes], path: "Sources/Features/Keys",
            swiftSettings: strict),
        .target(
            name: "OAuth", dependencies: ["Kernel", "Storage", "Vault", "Web", "Identity", "Keys", .crypto, .httpTypes],
            path: "Sources/Features/OAuth", swiftSettings: strict),
        .target(
            name: "Metering",
            dependencies: [
                "Kernel", "Storage", "Vault", "Outgoing", "Web", "Identity", "Keys", .crypto, .httpTypes, .nioCore,
            ], path: "Sources/Features/Metering", swiftSettings: strict),
        .target(
            name: "Prices", dependencies: ["Kernel", "Storage", "Web", "Identity", .httpTypes], path: "Sources/Features/Prices",
            swiftSettings: strict),
        .target(
            name: "Resources",
            dependencies: [
                "Kernel", "Storage", "Vault", "Provider", "Web", "Identity", "Prices", .crypto, .httpTypes, .logging, .serviceLifecycle,
            ],
            path: "Sources/Features/Resources", swiftSettings: strict),
        .target(
            name: "Costs",
            dependencies: [
                "Kernel", "Storage", "Provider", "Web", "Identity", "Metering", "Prices", "Resources", "CZlib", .crypto, .httpTypes,
                .logging,
            ],
            path: "Sources/Features/Costs", swiftSettings: strict),
        .target(
            name: "Webhooks",
            dependencies: [
                "Kernel", "Storage", "Vault", "Outgoing", "Web", "Identity", .crypto, .httpTypes, .logging, .serviceLifecycle,
            ], path: "Sources/Features/Webhooks", swiftSettings: strict),
        .target(
            name: "Alerts",
            dependencies: [
                "Kernel", "Storage", "Vault", "Outgoing", "Web", "Identity", "Metering", "Prices", "Provider", "Resources", "Costs",
                "Webhooks", .httpTypes, .logging, .serviceLifecycle,
            ], path: "Sources/Features/Alerts", swiftSettings: strict),
        .target(
            name: "Events", dependencies: ["Kernel", "Storage", "Web", "Identity", .httpTypes], path: "Sources/Features/Events",
            swiftSettings: strict),
        .target(
            name: "Audit", dependencies: ["Kernel", "Storage", "Vault", "Web", "Identity", "Events", .crypto, .httpTypes],
            path: "Sources/Features/Audit", swiftSettings: strict),
        .target(
            name: "Sandbox", dependencies: ["Kernel", "Storage", "Web", "Identity", .httpTypes], path: "Sources/Features/Sandbox",
            swiftSettings: strict),
        .target(
            name: "Dashboard",
            dependencies: [
                "Kernel", "Storage", "Web", "Identity", "Keys", "OAuth", "Metering", .hummingbird, .httpTypes, .mustache, .crypto, .logging,
                .nioCore,
            ], path: "Sources/Features/Dashboard", swiftSettings: strict),
        .target(name: "Background", dependencies: ["Kernel", "Storage", .logging, .serviceLifecycle], swiftSettings: strict),
        .target(
            name: "Server",
            dependencies: [
                "Kernel", "Storage", "Vault", "Outgoing", "Web", "Background", "Identity", "Keys", "Metering", "Prices", "Resources",
                "Costs", "Provider", "OAuth",
                "Events", "Audit", "Simulator", "Docker", "AWS", "Webhooks", "Alerts", "Sandbox", "Dashboard", .crypto,
                .hummingbird,
                .hummingbirdCore, .hummingbirdTLS, .httpTypes, .logging, .metrics, .coreMetrics, .nioCore, .nioSSL, .serviceLifecycle,
            ] + libvirt, swiftSettings: strictWithLibvirt),
        .target(
            name: "Console",
            dependencies: ["Kernel", "Webhooks", .asyncHTTPClient, .argumentParser, .nioCore, .nioPosix, .nioHTTP1, .yams],
            swiftSettings: strict),
        .executableTarget(
            name: "cloudapi",
            dependencies: [
                "Console", "Server", "Kernel", "Storage", "Vault", "Outgoing", "Web", "Identity", "OAuth", "Resources", "Costs", "Webhooks",
                "Alerts",
                "Audit",
                .crypto, .nioCore,
                .nioPosix, .argumentParser, .configuration, .logging,
                .serviceLifecycle,
            ], swiftSettings: strict),
        .target(
            name: "TestKit",
            dependencies: [
                "Server", "Web", "Kernel", "Storage", "Vault", "Resources", "Provider", "Events", .hummingbird, .hummingbirdTesting,
                .httpTypes, .logging, .nioCore,
            ], path: "Tests/TestKit", swiftSettings: strict),
        .executableTarget(
            name: "BareHummingbird", dependencies: [.hummingbird, .argumentParser, .nioCore], path: "Benchmarks/BareHummingbird",
            swiftSettings: strict),
        .testTarget(name: "KernelTests", dependencies: ["Kernel"], swiftSettings: strict),
        .testTarget(name: "VaultTests", dependencies: ["Vault", "Kernel", "TestKit", .crypto], swiftSettings: strict),
        .testTarget(
            name: "WebTests",
            dependencies: [
                "Web", "Storage", "Kernel", "TestKit", .hummingbird, .hummingbirdCore, .httpTypes, .crypto, .logging, .nioCore, .nioPosix,
                .serviceLifecycle,
            ], swiftSettings: strict),
        .testTarget(
            name: "SimulatorTests", dependencies: ["Simulator", "Provider", "Storage", "Kernel", "TestKit"], swiftSettings: strict),
        .testTarget(
            name: "ServerTests",
            dependencies: [
                "Alerts", "TestKit", "Server", "Web", "Keys", "OAuth", "Identity", "Metering", "Sandbox", "Storage", "Kernel", .httpTypes,
                .nioCore,
            ], swiftSettings: strict),
        .testTarget(
            name: "OAuthTests", dependencies: ["OAuth", "Identity", "Server", "TestKit", "Web", "Storage", "Kernel", .httpTypes],
            swiftSettings: strict),
        .testTarget(
            name: "PricesTests", dependencies: ["Prices", "Identity", "Server", "TestKit", "Storage", "Kernel"], swiftSettings: strict),
        .testTarget(
            name: "MeteringTests",
            dependencies: ["Metering", "Outgoing", "Identity", "Server", "TestKit", "Web", "Storage", "Kernel", .httpTypes],
            swiftSettings: strict),
        .testTarget(
            name: "CostsTests",
            dependencies: ["Costs", "Prices", "Identity", "Metering", "Server", "TestKit", "Storage", "Kernel", .httpTypes],
            swiftSettings: strict),
        .testTarget(
            name: "DashboardTests",
            dependencies: [
                "Dashboard", "TestKit", "Server", "Web", "Metering", "Resources", "Storage", "Kernel", .hummingbird, .httpTypes,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "ResourcesTests",
            dependencies: ["TestKit", "Server", "Resources", "Prices", "Provider", "Simulator", "Storage", "Kernel", .httpTypes],
            swiftSettings: strict),
        .testTarget(
            name: "WebhooksTests",
            dependencies: ["Webhooks", "TestKit", "Server", "Outgoing", "Storage", "Vault", "Kernel", .crypto, .logging],
            swiftSettings: strict),
        .testTarget(
            name: "AlertsTests",
            dependencies: [
                "Alerts", "Costs", "TestKit", "Server", "Outgoing", "Storage", "Vault", "Prices", "Resources", "Kernel", .httpTypes,
                .logging,
            ], swiftSettings: strict),
        .testTarget(
            name: "EventsTests",
            dependencies: ["Alerts", "Events", "Audit", "TestKit", "Server", "Web", "Storage", "Kernel", .crypto, .nioCore, .nioPosix],
            swiftSettings: strict),
        .testTarget(name: "ConsoleTests", dependencies: ["Console", "Kernel", "Webhooks", .argumentParser], swiftSettings: strict),
        .testTarget(name: "StorageTests", dependencies: ["Storage", "Kernel", .crypto], swiftSettings: strict),
        .testTarget(
            name: "OutgoingTests", dependencies: ["Outgoing", "Kernel", .nioCore, .nioPosix, .nioHTTP1, .nioSSL], swiftSettings: strict),
        .testTarget(
            name: "AWSTests", dependencies: ["AWS", "Provider", "Outgoing", "Kernel", .nioCore, .nioPosix], swiftSettings: strict),
        .testTarget(
            name: "ProviderTests",
            dependencies: ["Provider", "Simulator", "Docker", "AWS", "Outgoing", "Storage", "Kernel", "TestKit", .nioCore, .nioPosix]
                + libvirt,
            swiftSettings: strictWithLibvirt),
    ]
)

if hasLibvirt {
    package.targets += [
        .systemLibrary(name: "Clibvirt", providers: [.apt(["libvirt-dev"])]),
        .target(
            name: "Libvirt", dependencies: ["Kernel", "Outgoing", "Provider", "Clibvirt", .crypto], path: "Sources/Providers/Libvirt",
            swiftSettings: strict),
    ]
}
