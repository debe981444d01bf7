import Hummingbird
import Identity
import Kernel
import Storage
import Web

/// A request to a page by somebody who is signed in. It cannot be made without a caller, and a submitted form not without its token.
struct Visit: Sendable {
    let guest: Guest
    private(set) var caller: Caller
    /// The side the visitor looks at.
    let mode: Mode
    /// Empty for a request that submits none.
    let form: Form
    let user: User
    let workspace: Workspace

    /// Nil when nobody is signed in.
    init?(_ guest: Guest) async throws {
        guard let caller = try await guest.caller(), let id = caller.user else { return nil }
        self.guest = guest
        self.caller = caller
        mode = caller.mode
        form = guest.request.method == .post ? try await guest.form() : Form()
        if guest.request.method == .post { try guest.pages.formToken.check(form["form_token"], for: caller) }
        (user, workspace) = try await guest.pages.store.read { connection in
            try (User.find(id, in: caller.workspace, connection), Workspace.find(caller.workspace, connection))
        }
    }

    /// The same visit to what exists once and for both sides, such as projects, people and keys: as a session of the API, which is live.
    var acrossModes: Visit {
        var copy = self
        copy.caller = caller.in(.live)
        return copy
    }

    /// For a form that brings a file, whose fields are read and checked apart. Nil when nobody is signed in.
    init?(readingNothingOf guest: Guest) async throws {
        guard let caller = try await guest.caller(), let id = caller.user else { return nil }
        self.guest = guest
        self.caller = caller
        mode = caller.mode
        form = Form()
        (user, workspace) = try await guest.pages.store.read { connection in
            try (User.find(id, in: caller.workspace, connection), Workspace.find(caller.workspace, connection))
        }
    }

    var at: Timestamp { guest.at }

    var attribution: Attribution { guest.attribution(caller) }

    func read<Result: Sendable>(_ body: @escaping @Sendable (Connection) throws -> Result) async throws -> Result {
        try await guest.pages.store.read(body)
    }

    /// Runs `body` in one transaction, once for each form that was rendered: when a browser sends the form again, which is what reloading its
    /// answer does, nothing happens and the answer is nil. A form that failed can be corrected and sent again.
    func once<Result: Sendable>(_ body: @escaping @Sendable (Connection) throws -> Result) async throws -> Result? {
        guard let key = form["once"], (16...64).contains(key.utf8.count) else {
            throw Problem(.validationFailed, "The form could not be read.")
        }
        let name = IdempotencyRow.Name(
            tenant: caller.tenant, credential: caller.user?.rawValue ?? caller.credential.id, method: "POST",
            path: guest.request.uri.path, key: key)
        let row = IdempotencyRow(fingerprint: [], status: 200, headers: "", body: [], isSealed: false)
        let at = at
        do {
            return try await guest.pages.store.write(in: caller.workspace) { connection in
                guard try row.insert(name, at: at, connection) else { throw SentBefore() }
                return try body(connection)
            }
        } catch is SentBefore {
            return nil
        }
    }

    private struct SentBefore: Error {}

    /// The frame around a page of this visitor.
    func frame(_ title: String, section: Frame.Section) -> Frame {
        Frame(
            title: title, section: section,
            visitor: .init(
                workspace: workspace.name, email: user.email, isTest: mode == .test,
                formToken: guest.pages.formToken.make(for: caller.in(mode)),
                once: guest.pages.surroundings.randomBytes(16).hexadecimal))
    }

    func page(_ template: String, _ title: String, section: Frame.Section, status: HTTPResponse.Status = .ok, _ content: Any) -> Response {
        guest.pages.look.page(template, frame(title, section: section), content, status: status)
    }
}

extension [UInt8] {
    fileprivate var hexadecimal: String { EventLog.hexadecimal(self) }
}
