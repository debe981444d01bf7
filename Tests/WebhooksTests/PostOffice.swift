import Crypto
import Foundation
import Kernel
import Logging
import Outgoing
import Server
import Storage
import Synchronization
import TestKit
import Testing
import Webhooks

/// A server with a courier of its own, whose letters go to receivers in this process.
struct PostOffice: Sendable {
    let cloud: Installation
    let courier: Courier
    let receivers: Receivers
    var key: String { cloud.home.liveKey }

    static func run(
        limits: Courier.Limits = .init(), configure: (inout ServerConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (PostOffice) async throws -> Void
    ) async throws {
        try await Installation.run(configure: configure) { cloud in
            let receivers = Receivers()
            try await body(PostOffice(cloud: cloud, courier: Self.courier(of: cloud, limits: limits, receivers), receivers: receivers))
        }
    }

    static func courier(of cloud: Installation, limits: Courier.Limits = .init(), _ receivers: Receivers) -> Courier {
        var logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        logger.logLevel = .critical
        return Courier(
            store: cloud.store, vault: cloud.parts.vault, surroundings: cloud.place.surroundings, logger: logger, limits: limits,
            send: receivers.receive)
    }

    /// Makes an endpoint; answers its id and its secret.
    func endpoint(_ name: String, events: [String] = ["*"], _ more: [JSON.Member] = [], as key: String? = nil) async throws -> Endpoint {
        let body: JSON = .object(
            [.init("url", .string("https://\(name).example/hook")), .init("events", .array(events.map(JSON.string)))] + more)
        let made = try await cloud.post("/v1/webhooks", as: key ?? self.key, body).expecting(201)
        return Endpoint(name: name, id: made.text("id"), secret: made.text("secret"))
    }

    struct Endpoint: Sendable {
        let name: String
        let id: String
        let secret: String
    }

    /// Makes something happen.
    func happen(_ name: String = "Something") async throws {
        _ = try await cloud.post("/v1/projects", as: key, ["name": .string(name)]).expecting(201)
    }

    /// Distributes and sends all that is due; answers how many attempts that took.
    @discardableResult func deliver() async throws -> Int {
        try await courier.distribute(.anything)
        return try await courier.sendDue()
    }

    func webhook(_ endpoint: Endpoint) async throws -> Reply { try await cloud.get("/v1/webhooks/\(endpoint.id)", as: key).expecting(200) }

    func deliveries(_ endpoint: Endpoint, _ query: String = "") async throws -> [JSON] {
        try await cloud.get("/v1/webhooks/\(endpoint.id)/deliveries?limit=100\(query)", as: key).expecting(200).items
    }

    func delivery(_ endpoint: Endpoint, _ index: Int = 0) async throws -> Reply {
        let id = try await deliveries(endpoint)[index]["id"]?.string ?? ""
        return try await cloud.get("/v1/deliveries/\(id)", as: key).expecting(200)
    }

    func events(_ type: String) async throws -> [Event] {
        try await cloud.store.read { connection in
            try EventLog.events(in: Tenant(workspace: cloud.home.workspace, mode: .live), after: 0, limit: 1000, connection)
                .filter { $0.type == type }
        }
    }
}

/// Where letters arrive, told apart by the first word of the host's name.
final class Receivers: Sendable {
    struct Letter: Sendable {
        let headers: [(name: String, value: String)]
        let body: [UInt8]

        func header(_ name: String) -> String { headers.first { $0.name == name }?.value ?? "" }
        var json: JSON { (try? JSONParser.parse(body)) ?? .null }
        var type: String { json["type"]?.string ?? "" }

        /// Whether one of the signatures is right, as a receiver would find out.
        func isSigned(with secret: String) -> Bool {
            guard let key = Data(base64Encoded: String(secret.dropFirst("whsec_".count))) else { return false }
            let signed = Data("\(header("webhook-id")).\(header("webhook-timestamp")).".utf8) + Data(body)
            let code = Data(HMAC<SHA256>.authenticationCode(for: signed, using: SymmetricKey(data: key))).base64EncodedString()
            return header("webhook-signature").split(separator: " ").contains { $0 == "v1,\(code)" }
        }
    }

    typealias Behaviour = @Sendable () async throws(OutgoingError) -> OutgoingResponse

    private let state = Mutex<(letters: [String: [Letter]], behaviours: [String: Behaviour])>(([:], [:]))
    let arrivals: AsyncStream<String>
    private let arrival: AsyncStream<String>.Continuation

    init() { (arrivals, arrival) = AsyncStream.makeStream() }

    /// What the receiver does from now on; without it, it answers 204.
    func set(_ name: String, _ behaviour: @escaping Behaviour) { state.withLock { $0.behaviours[name] = behaviour } }

    func answer(_ name: String, _ status: Int, headers: [(name: String, value: String)] = [], body: String = "") {
        set(name) { () throws(OutgoingError) in OutgoingResponse(status: status, headers: headers, body: Array(body.utf8)) }
    }

    func letters(_ name: String) -> [Letter] { state.withLock { $0.letters[name] ?? [] } }

    @Sendable func receive(_ request: OutgoingRequest) async throws(OutgoingError) -> OutgoingResponse {
        let name = String(request.url.split(separator: "/").dropFirst().first?.split(separator: ".").first ?? "")
        let behaviour = state.withLock { state in
            state.letters[name, default: []].append(Letter(headers: request.headers, body: request.body))
            return state.behaviours[name]
        }
        arrival.yield(name)
        return try await behaviour?() ?? OutgoingResponse(status: 204)
    }
}
