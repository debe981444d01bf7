import Storage

/// What PostgreSQL and libpq say, with a word on how to mend it.
enum DatabaseAdvice {
    static func sentence(_ what: String, _ error: StorageError) -> String {
        let said = error.sentence
        let advice = words.first { words in words.said.contains { said.contains($0) } }?.advice
        return "\(what): \(said)" + (advice.map { " " + $0 } ?? "")
    }

    private static let words: [(said: [String], advice: String)] = [
        (
            ["password authentication failed", "no password supplied"],
            "Check the user and the password: in the URL (percent-encoded), in PGPASSWORD, or in ~/.pgpass."
        ),
        (
            ["no pg_hba.conf entry", "pg_hba.conf rejects"],
            "Allow this address, user and database in the server's pg_hba.conf, or add sslmode=require."
        ),
        (["role \""], "Make the role: CREATE ROLE … LOGIN PASSWORD '…'."),
        (["database \""], "Make the database: CREATE DATABASE … OWNER …."),
        (
            ["permission denied for schema"],
            "Let the role make tables: GRANT CREATE ON SCHEMA public TO …, or make it the database's owner."
        ),
        (["server does not support SSL"], "Switch ssl on at the server, or take sslmode=prefer."),
        (
            ["certificate verify failed", "root certificate file"],
            "Name the authority's certificate with sslrootcert=/path/to/ca.pem in the URL, or PGSSLROOTCERT."
        ),
        (["does not match host name"], "The certificate is for another name: use that name in the URL, or sslmode=verify-ca."),
        (["could not translate host name"], "The host's name is not known: check the URL."),
        (
            ["Connection refused", "No such file or directory", "timeout expired", "No route to host", "Connection timed out"],
            "Check that PostgreSQL runs there, that it listens on that address and port, and that no firewall is between."
        ),
        (["too many clients", "remaining connection slots"], "Raise the server's max_connections, or lower --database-connections."),
        (["is starting up", "is shutting down"], "Wait until it has, and try again."),
    ]
}
