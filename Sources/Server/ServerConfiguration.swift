package import Kernel
import Metering
package import Outgoing
package import Storage

/// Every setting of the server, with its default; read once at the start.
///
/// Each has a flag, an environment variable and a key in a YAML file, in that order of precedence: `--public-url`,
/// `CLOUDAPI_PUBLIC_URL`, `public-url:`.
package struct ServerConfiguration: Sendable {
    /// Where the server listens.
    package var host = "127.0.0.1"
    package var port = 8080
    /// The folder of the embedded database and the key file.
    package var data = "./data"
    /// `postgres://…`; nil means SQLite in `data`.
    package var database: String?
    /// `postgres://…`, past a pooler that `database` names; nil means there.
    package var databaseListen: String?
    /// Connections to PostgreSQL at one moment, by this server.
    package var databaseConnections = 8
    /// `http://user:password@host:8123/database` of a ClickHouse that points are copied to and read from; nil means the database alone.
    package var pointsURL: String?
    /// What this server is called where several share a database; its own among them, and the same after a restart. Nil where it is alone.
    package var server: String?
    /// How browsers and clients reach the server, when a proxy stands before it; decides whether cookies are Secure.
    package var publicURL: String?
    /// PEM files; both or none.
    package var tlsCertificate: String?
    package var tlsKey: String?
    /// Whose `Forwarded` and `X-Forwarded-For` are believed.
    package var trustedProxies: [AddressRange] = []
    /// Private ranges and unix sockets that webhooks and connections may reach.
    package var allowEgress = Egress.none
    /// Origins of web pages that may call the API from a browser, as `CrossOrigin.canonical` writes them; `*` is all of them.
    package var allowedOrigins: [String] = []
    /// How long after its last reset a sandbox is reset by itself.
    package var sandboxReset = Duration.seconds(86_400)
    /// `off` only to show that durability tests notice.
    package var synchronous = SQLiteEngine.Options.Synchronous.full
    /// Connections at one moment.
    package var maximumConnections = 4096
    /// Seconds a connection may be idle, a head may take and a body may take.
    package var idleTimeout = 60
    package var headTimeout = 15
    package var bodyTimeout = 60
    /// Seconds a graceful stop waits for running requests.
    package var drainTimeout = 20
    /// log₂ of scrypt's N; tests lower it.
    package var passwordCost = 15

    package init() {}

    /// Contradictions, each a sentence for the operator; empty when there are none.
    package var contradictions: [String] {
        var found: [String] = []
        if (tlsCertificate == nil) != (tlsKey == nil) { found.append("Give both --tls-certificate and --tls-key, or neither.") }
        if !(0...65_535).contains(port) { found.append("The port \(port) is not between 0 and 65535.") }
        if let database, !database.hasPrefix("postgres://"), !database.hasPrefix("postgresql://") {
            found.append("--database takes postgres://user@host/name; SQLite needs no --database.")
        }
        if let databaseListen, database == nil || !databaseListen.hasPrefix("postgres://") && !databaseListen.hasPrefix("postgresql://") {
            found.append("--database-listen takes postgres://user@host/name, and stands beside --database.")
        }
        if let pointsURL, ClickHouseAddress(pointsURL) == nil {
            found.append("--points-url takes http://user:password@host:8123/database of a ClickHouse, percent-encoded.")
        }
        if let publicURL, !publicURL.hasPrefix("http://"), !publicURL.hasPrefix("https://") {
            found.append("--public-url must begin with http:// or https://.")
        }
        for (name, value) in [("idle", idleTimeout), ("head", headTimeout), ("body", bodyTimeout)] where value < 1 {
            found.append("--\(name)-timeout must be at least one second.")
        }
        return found
    }

    /// Where a browser or client finds this server.
    package var baseURL: String {
        // Where it listens everywhere, nobody can be told to go there.
        let name = ["0.0.0.0", "::"].contains(host) ? "localhost" : host.contains(":") ? "[\(host)]" : host
        return publicURL ?? "\(tlsCertificate == nil ? "http" : "https")://\(name):\(port)"
    }

    package var databasePath: String { data + "/cloudapi.db" }
}
