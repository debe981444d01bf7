import ArgumentParser
import Configuration
import Foundation
import Kernel
import Outgoing
import Server
import Storage
import SystemPackage
import Web

/// Flags that say where the store is; every command takes them.
struct StoreOptions: ParsableArguments {
    @Option(help: "The folder of the embedded database and the key file (default ./data).")
    var data: String?
    @Option(help: "postgres://user@host/name, to use PostgreSQL instead of the embedded SQLite.")
    var database: String?
    @Option(help: "A YAML file with the same settings; flags and CLOUDAPI_* win over it.")
    var config: String?
    @Option(help: ArgumentHelp("full or off.", visibility: .hidden))
    var synchronous: String?

    @Option(help: "Connections to PostgreSQL at one moment (default 8).")
    var databaseConnections: String?
    @Option(help: "postgres://user@host/name past a pooler that --database names, for LISTEN (default: --database).")
    var databaseListen: String?

    var values: [String: String?] {
        [
            "data": data, "database": database, "synchronous": synchronous, "database-connections": databaseConnections,
            "database-listen": databaseListen,
        ]
    }

    func resolve() async throws -> ServerConfiguration { try await ServerConfiguration.resolve(flags: values, file: config) }
}

/// The flags of `serve`; each is also CLOUDAPI_… and a key of the YAML file.
struct ServeOptions: ParsableArguments {
    @OptionGroup var store: StoreOptions
    @Option(help: "Address and port to listen on (default 127.0.0.1:8080).")
    var listen: String?
    @Option(help: "What this server is called among those on one PostgreSQL (default: the machine's name and the port).")
    var server: String?
    @Option(help: "http://user:password@host:8123/database of a ClickHouse that points are copied to and read from.")
    var pointsURL: String?
    @Option(help: "How browsers reach the server, such as https://cloud.example.com.")
    var publicURL: String?
    @Option(help: "PEM file with the certificate chain.")
    var tlsCertificate: String?
    @Option(help: "PEM file with the private key.")
    var tlsKey: String?
    @Option(help: "Ranges of proxies whose Forwarded and X-Forwarded-For are believed, parted by commas.")
    var trustedProxies: String?
    @Option(help: "Private ranges and sockets (unix:/var/run/docker.sock) that webhooks and connections may reach, parted by commas.")
    var allowEgress: String?
    @Option(help: "Origins of web pages that may call the API from a browser (https://app.example.com), parted by commas; * is all.")
    var allowOrigin: String?
    @Option(help: "Hours between two resets of a sandbox (default 24).")
    var sandboxResetHours: String?
    @Option(help: "Connections at one moment (default 4096).")
    var maximumConnections: String?
    @Option(help: "Seconds a connection may be idle (default 60).")
    var idleTimeout: String?
    @Option(help: "Seconds the head of a request may take (default 15).")
    var headTimeout: String?
    @Option(help: "Seconds the body of a request may take (default 60).")
    var bodyTimeout: String?
    @Option(help: "Seconds a graceful stop waits for running requests (default 20).")
    var drainTimeout: String?

    func resolve() async throws -> ServerConfiguration {
        let own: [String: String?] = [
            "listen": listen, "server": server, "points-url": pointsURL, "public-url": publicURL, "tls-certificate": tlsCertificate,
            "tls-key": tlsKey,
            "trusted-proxies": trustedProxies,
            "allow-egress": allowEgress, "allow-origin": allowOrigin, "sandbox-reset-hours": sandboxResetHours,
            "maximum-connections": maximumConnections,
            "idle-timeout": idleTimeout, "head-timeout": headTimeout, "body-timeout": bodyTimeout, "drain-timeout": drainTimeout,
        ]
        return try await ServerConfiguration.resolve(flags: own.merging(store.values) { one, _ in one }, file: store.config)
    }
}

extension ServerConfiguration {
    /// Flags win over CLOUDAPI_*, those over the file, and that over the defaults. Throws a sentence for what cannot be.
    static func resolve(flags: [String: String?], file: String?) async throws -> ServerConfiguration {
        let given = flags.compactMapValues { $0 }
        let values = given.map { (AbsoluteConfigKey([$0.key]), ConfigValue(.string($0.value), isSecret: false)) }
        let environment = EnvironmentVariablesProvider()
        var providers: [any ConfigProvider] = [
            InMemoryProvider(name: "flags", values: Dictionary(uniqueKeysWithValues: values)), environment.prefixKeys(with: "cloudapi"),
        ]
        if let file {
            do {
                providers.append(try await FileProvider<YAMLSnapshot>(filePath: FilePath(file)))
            } catch {
                throw Failure("The configuration file \(file) cannot be read: \(error)")
            }
        }
        var settings = Settings(reader: ConfigReader(providers: providers))
        let configuration = try settings.configuration()
        guard configuration.contradictions.isEmpty else { throw Failure(configuration.contradictions.joined(separator: "\n")) }
        return configuration
    }
}

/// Reads one setting after the other; numbers may stand as text.
private struct Settings {
    let reader: ConfigReader

    mutating func configuration() throws -> ServerConfiguration {
        var result = ServerConfiguration()
        if let listen = text("listen") { (result.host, result.port) = try Self.address(listen) }
        result.data = text("data") ?? result.data
        result.database = text("database")
        result.databaseListen = text("database-listen")
        result.databaseConnections = try number("database-connections") ?? result.databaseConnections
        if result.database != nil { result.server = text("server") ?? Self.serverName(port: result.port) }
        result.pointsURL = text("points-url")
        result.publicURL = text("public-url").map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
        result.tlsCertificate = text("tls-certificate")
        result.tlsKey = text("tls-key")
        result.trustedProxies = try ranges("trusted-proxies")
        result.allowEgress = try egress("allow-egress")
        result.allowedOrigins = try origins("allow-origin")
        result.sandboxReset = .seconds(3600 * (try number("sandbox-reset-hours") ?? 24))
        result.maximumConnections = try number("maximum-connections") ?? result.maximumConnections
        result.idleTimeout = try number("idle-timeout") ?? result.idleTimeout
        result.headTimeout = try number("head-timeout") ?? result.headTimeout
        result.bodyTimeout = try number("body-timeout") ?? result.bodyTimeout
        result.drainTimeout = try number("drain-timeout") ?? result.drainTimeout
        if let synchronous = text("synchronous") {
            guard let value = SQLiteEngine.Options.Synchronous(rawValue: synchronous.uppercased()) else {
                throw Failure("--synchronous is full or off.")
            }
            result.synchronous = value
        }
        return result
    }

    /// The machine's name and the port, by which a server is known again after a restart; with a port of the system's choice it cannot be.
    private static func serverName(port: Int) -> String {
        "\(ProcessInfo.processInfo.hostName):\(port == 0 ? "\(ProcessInfo.processInfo.processIdentifier)" : "\(port)")"
    }

    private func text(_ key: String) -> String? {
        let key = ConfigKey([key])
        return reader.string(forKey: key) ?? reader.int(forKey: key).map(String.init)
    }

    private func number(_ key: String) throws -> Int? {
        guard let text = text(key) else { return nil }
        guard let number = Int(text), number > 0 else { throw Failure("\(key) must be a positive number, not \(text).") }
        return number
    }

    private func ranges(_ key: String) throws -> [AddressRange] {
        try entries(key).map { text in
            guard let range = AddressRange(text) else { throw Failure("\(key) has \(text), which is no address range.") }
            return range
        }
    }

    private func egress(_ key: String) throws -> Egress {
        try entries(key).reduce(into: Egress.none) { egress, text in
            guard egress.open(text) else { throw Failure("\(key) has \(text), which is neither an address range nor unix:/path.") }
        }
    }

    private func origins(_ key: String) throws -> [String] {
        try entries(key).map { text in
            guard let origin = CrossOrigin.canonical(text) else {
                throw Failure("\(key) has \(text), which is no origin: scheme, host and port alone, such as https://app.example.com.")
            }
            return origin
        }
    }

    private func entries(_ key: String) -> [String] {
        (text(key) ?? "").split(separator: ",").map { String($0.trimmingPrefix { $0 == " " }) }
    }

    private static func address(_ text: String) throws -> (String, Int) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]) else {
            throw Failure("--listen takes address:port, such as 127.0.0.1:8080.")
        }
        let host = text[..<colon].replacing("[", with: "").replacing("]", with: "")
        return (host.isEmpty ? "0.0.0.0" : String(host), port)
    }
}

/// A sentence for the operator; the command exits with 1.
struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
