import Foundation
import Kernel
import Storage

/// What an installation keeps its rows in: SQLite; with `CLOUDAPI_TEST_ENGINE=postgres` a database of its own on the server that
/// `CLOUDAPI_TEST_POSTGRES` names (`scripts/test-postgres.sh` brings one).
package enum TestEngine {
    /// For tests of what is SQLite's own: its files, its pragmas.
    package static var isSQLite: Bool { server == nil }

    private static let server: String? = {
        let environment = ProcessInfo.processInfo.environment
        return environment["CLOUDAPI_TEST_ENGINE"] == "postgres" ? environment["CLOUDAPI_TEST_POSTGRES"] : nil
    }()

    static func store(in place: Place) throws -> Store {
        guard let server else { return try Store(sqlite: .init(path: place.databasePath, synchronous: .off)) }
        guard var url = URLComponents(string: server) else { throw Problem(.internalError, "\(server) is no address.") }
        url.path = "/" + database(of: place)
        // A busy machine is no failure.
        url.queryItems = (url.queryItems ?? []) + [URLQueryItem(name: "options", value: "-c lock_timeout=10min")]
        return try Store(postgres: .init(url: url.string ?? server, surroundings: place.surroundings))
    }

    /// To be called once for a place, before its first store. What `other` holds, which nobody may have open, is copied: as files, in less
    /// than half the time that PostgreSQL takes to write it through its log.
    static func prepare(_ place: Place, from other: Place? = nil) async throws {
        let template = other.map { " TEMPLATE \(database(of: $0))" } ?? ""
        try await administer("CREATE DATABASE \(database(of: place))\(template) STRATEGY FILE_COPY")
    }

    static func remove(_ place: Place) async throws { try await administer("DROP DATABASE IF EXISTS \(database(of: place)) WITH (FORCE)") }

    /// Outside of a transaction, where databases are made.
    private static func administer(_ statement: String) async throws {
        guard let server else { return }
        let store = try Store(postgres: .init(url: server, connections: 1))
        _ = try await store.peek { try $0.execute(statement) }
        try store.close()
    }

    private static func database(of place: Place) -> String {
        "place_" + place.folder.lastPathComponent.lowercased().filter { $0.isASCII && ($0.isNumber || $0.isLetter) }
    }
}
