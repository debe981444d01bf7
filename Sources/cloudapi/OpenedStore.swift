import Crypto
import Foundation
import Kernel
import Server
import Storage
import Vault

/// The store and the vault of an installation, as a command needs them.
struct OpenedStore {
    let store: Store
    let vault: Vault
    let surroundings: Surroundings

    /// Opens what is there. `migrates` brings it up to date first; otherwise an old or new schema is a failure.
    static func open(_ configuration: ServerConfiguration, migrates: Bool, creates: Bool = false, surroundings: Surroundings = .real)
        async throws -> OpenedStore
    {
        let store = try openStore(configuration, creates: creates)
        let migrator = Migrator(MigrationOrder.all)
        do {
            if migrates {
                _ = try await migrator.migrate(store, at: surroundings.now())
            } else if let first = try await migrator.pending(in: store).first {
                throw Failure("The database is older than this program (\(first) is missing). Run cloudapi migrate.")
            }
        } catch Migrator.Failure.newerDatabase(StoreMove.mark) {
            throw Failure("The database is half moved: cloudapi migrate --from … --to … was cut off. Run it again; it begins anew.")
        } catch Migrator.Failure.newerDatabase(let migration) {
            throw Failure(
                "The database was made by a newer version (it holds \(migration), which this one does not know). Use that version.")
        } catch Migrator.Failure.foreignDatabase(let table) {
            throw Failure("The database belongs to something else: it has a table \(table). Make a database of its own for CloudAPI.")
        } catch let error as StorageError {
            throw Failure(DatabaseAdvice.sentence("The database cannot be brought up to date", error))
        }
        let vault = try openVault(configuration, surroundings)
        if store.isShared, try await !vault.belongs(to: store) {
            throw Failure(
                "The vault key is not the one this database was made with. Servers that share a database need the same: copy <data>/key, or set CLOUDAPI_VAULT_KEY."
            )
        }
        return OpenedStore(store: store, vault: vault, surroundings: surroundings)
    }

    static func openStore(_ configuration: ServerConfiguration, creates: Bool) throws -> Store {
        do {
            return try store(configuration, creates: creates)
        } catch let error as StorageError {
            throw Failure(DatabaseAdvice.sentence("The database cannot be opened", error))
        }
    }

    private static func store(_ configuration: ServerConfiguration, creates: Bool) throws -> Store {
        if creates {
            // The key file stands here whatever the database is. If it fails, the lines that need it say so.
            try? FileManager.default.createDirectory(
                atPath: configuration.data, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
        if let database = configuration.database {
            return try Store(
                postgres: .init(url: database, listenURL: configuration.databaseListen, connections: configuration.databaseConnections))
        }
        guard FileManager.default.fileExists(atPath: configuration.data) else {
            throw Failure("There is no folder \(configuration.data). Run cloudapi init.")
        }
        guard creates || FileManager.default.fileExists(atPath: configuration.databasePath) else {
            throw Failure("There is no database in \(configuration.data). Run cloudapi init.")
        }
        return try Store(sqlite: .init(path: configuration.databasePath, synchronous: configuration.synchronous))
    }

    private static func openVault(_ configuration: ServerConfiguration, _ surroundings: Surroundings) throws -> Vault {
        do throws(Vault.Failure) {
            if let key = givenVaultKey { return try Vault(base64: key) }
            return try Vault(file: configuration.data + "/key", surroundings: surroundings)
        } catch {
            switch error {
            case .malformedKey: throw Failure("The vault key must be 32 bytes in base64.")
            case .exposedKeyFile(let path): throw Failure("The key file \(path) can be read by others. Run chmod 600 \(path).")
            case .unreadable(let path): throw Failure("The key file \(path) cannot be read or made.")
            case .cannotOpen: throw Failure("The vault key does not fit.")
            }
        }
    }

    /// `CLOUDAPI_KEY` was its name at first. There now stands the credential of commands that speak to a server (`pk_live_…`), which has
    /// an underscore, as base64 has not.
    private static var givenVaultKey: String? {
        let environment = ProcessInfo.processInfo.environment
        return environment["CLOUDAPI_VAULT_KEY"] ?? environment["CLOUDAPI_KEY"].flatMap { $0.contains("_") ? nil : $0 }
    }

    func isEmpty() async throws -> Bool {
        try await store.read { try $0.row("SELECT 1 FROM workspaces LIMIT 1") { try $0.get(0, as: Int.self) } } == nil
    }
}

extension Vault {
    /// Whether it is the one that the database was first opened with.
    fileprivate func belongs(to store: Store) async throws -> Bool {
        let digest = derivedKey(for: "check").withUnsafeBytes { Array($0) }
        return try await store.write(in: WorkspaceID("setup")) { connection in
            let known = try connection.row("SELECT digest FROM vault_check WHERE id = 1") { try $0.get(0, as: [UInt8].self) }
            if let known { return known == digest }
            try connection.execute("INSERT INTO vault_check (id, digest) VALUES (1, ?)", digest)
            return true
        }
    }
}
