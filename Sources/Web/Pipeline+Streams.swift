import Hummingbird
import Kernel

/// Answers that go on: each has a place among the open streams, and a credential that is looked at again.
extension Pipeline {
    /// Takes a place among the open streams, which the body gives back at its end or when it is dropped unsent.
    func body(_ streaming: Streaming, of arrival: Arrival) throws -> ResponseBody {
        let owner = arrival.caller?.credential.id ?? arrival.scope.peer ?? ""
        guard let place = streams.take(for: owner, limit: limits.streams, each: limits.streamsEach) else {
            throw Problem(.overloaded, "Too many streams are open.", retryAfter: 5)
        }
        let session = StreamSession(
            streaming: streaming, place: place, channel: arrival.scope.channel, surroundings: surroundings, limits: limits,
            logger: arrival.logger, problemWriter: arrival.problemWriter,
            authorize: { [self] in if let caller = arrival.caller { try await confirm(caller, for: arrival) } })
        return ResponseBody { writer in try await session.run(&writer) }
    }

    /// Throws when the credential is not valid any more, or may do other things than when it was first seen.
    func confirm(_ caller: Caller, for arrival: Arrival) async throws {
        let (now, _) = try await authenticator.authenticate(
            arrival.request.headers, address: address(of: arrival), at: surroundings.now())
        try now.caller.check(arrival.route.access)
        guard now.caller.scopes == caller.scopes, now.caller.reach == caller.reach else {
            throw Problem(.forbidden, "What the credential may do has changed; open the stream anew.")
        }
    }
}
