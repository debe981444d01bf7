// What the lifecycle engine asks of a cloud, and nothing more: a driver translates one call and reports what it saw. When to call, how
// often, what to do after a lost answer and whom an object belongs to are the engine's business and the same for every cloud.
//
// Two rules make that possible. A driver never retries by itself, so that every attempt is one the engine has written down. And no
// status code is believed to mean "absent" or "mine": after any error the engine looks with `find`, which goes by the object's own marks.

package import Kernel

/// One account at one cloud.
package protocol Provider: Sendable {
    /// Who is at the other end, and what it can do. Also how credentials are checked.
    func probe() async throws(ProviderError) -> Capabilities

    /// What is at the other end, the same by whatever address it is reached: a daemon's own id, an account. Nil where that cannot be told.
    func identity() async throws(ProviderError) -> String?

    /// Makes the object, marked with `order.subject` and `order.token`. What an earlier attempt left half made is completed. Instances are made
    /// stopped where the cloud can (`madeStopped`); `start` is a step of its own, and does nothing to one that runs or is about to.
    func create(_ order: Order) async throws(ProviderError) -> Sighting

    /// What is there under the subject's reference, or else under its name or marks; nil when there is nothing.
    func find(_ subject: Subject) async throws(ProviderError) -> Sighting?

    /// Makes one change to an object that exists.
    func apply(_ change: Change, to subject: Subject) async throws(ProviderError)

    /// Removes the object and whatever was made with it. Removing what is not there is success.
    func delete(_ subject: Subject) async throws(ProviderError)

    /// Everything of this kind that carries this installation's mark, for counting and for keeping state in step.
    func list(_ kind: ResourceKind) async throws(ProviderError) -> [Sighting]

    /// Calls that look, as many as the cloud allows a minute by its own word; nil where it says nothing.
    var publishedReads: Int? { get }

    /// Everything of this kind that does not carry this installation's mark: what could be adopted.
    func strangers(_ kind: ResourceKind) async throws(ProviderError) -> [Stranger]

    /// Puts this installation's mark on the object under the subject's reference, which bears nobody's. False where what exists cannot be
    /// marked. Doing it twice does no harm.
    func mark(_ subject: Subject) async throws(ProviderError) -> Bool

    /// Takes the subject's mark off again and leaves the object as it is.
    func unmark(_ subject: Subject) async throws(ProviderError)

    /// What the cloud says by itself of objects that may have changed, until it ends; nil where it says nothing. It makes a look come
    /// sooner and decides nothing, so what is missed is no harm.
    func hints() async throws(ProviderError) -> AsyncThrowingStream<Hint, any Error>?

    /// How busy a running instance is now. Throws `.unsupported` where the cloud cannot tell.
    func sample(_ subject: Subject) async throws(ProviderError) -> Sample

    /// What an instance has written, oldest first; with `follow`, goes on until the instance stops or the reader does.
    func logs(_ subject: Subject, _ request: LogRequest) async throws(ProviderError) -> AsyncThrowingStream<LogLine, any Error>
}

extension Provider {
    package func identity() async throws(ProviderError) -> String? { nil }
    package var publishedReads: Int? { nil }
    package func strangers(_ kind: ResourceKind) async throws(ProviderError) -> [Stranger] {
        throw ProviderError(.rejected, "What was not made from here cannot be listed at this provider.")
    }
    package func mark(_ subject: Subject) async throws(ProviderError) -> Bool { false }
    package func unmark(_ subject: Subject) async throws(ProviderError) {}
    package func hints() async throws(ProviderError) -> AsyncThrowingStream<Hint, any Error>? { nil }
}

/// Opens providers of one sort; the server has one driver of each.
package protocol ProviderDriver: Sendable {
    /// As a connection's `provider` names it, such as `docker`.
    var name: String { get }
    /// What an account can do at most; what one can do is found by `probe`. Nil where nobody can say, because this build has no such driver.
    var most: Capabilities? { get }
    /// What is wrong with a connection's settings and secret, each with a pointer; empty when nothing is.
    func violations(settings: JSON, secret: JSON?) -> [Problem.Violation]
    /// Makes a client; connects to nothing yet.
    func open(_ account: ProviderAccount) throws -> any Provider
}

extension ProviderDriver {
    package var most: Capabilities? { nil }
}

/// A connection as a driver needs it.
package struct ProviderAccount: Sendable {
    package let tenant: Tenant
    /// The connection's id.
    package let id: String
    /// Stands on every object this server makes, so that two servers on one cloud keep apart.
    package let installation: String
    package let settings: JSON
    /// Opened for the driver alone; never logged, never answered.
    package let secret: JSON?
    package var surroundings: Surroundings

    package init(tenant: Tenant, id: String, installation: String, settings: JSON, secret: JSON?, surroundings: Surroundings) {
        self.tenant = tenant
        self.id = id
        self.installation = installation
        self.settings = settings
        self.secret = secret
        self.surroundings = surroundings
    }
}
