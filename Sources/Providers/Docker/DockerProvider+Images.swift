import Kernel
import Outgoing
import Provider

extension DockerProvider {
    private static let fetching = Duration.seconds(600)

    /// Pulls an image; does nothing but throw `missing` again when the image is there, as then something else was not.
    func fetch(_ image: ImageName, unlessThere missing: ProviderError) async throws(ProviderError) {
        if try await api.find(DockerAPI.Call(path: ["images"] + image.segments + ["json"])) != nil { throw missing }
        let call = DockerAPI.Call(
            method: .post, path: ["images", "create"],
            query: [("fromImage", image.repository)] + (image.tag.map { [("tag", $0)] } ?? []), timeout: Self.fetching)
        let failure = await outcome(of: call)
        if let failure { throw Self.refusal(of: image, failure) }
    }

    /// The first of two: the pull has ended, or has taken too long.
    private func outcome(of call: DockerAPI.Call) async -> ProviderError? {
        await withTaskGroup(of: ProviderError?.self) { group in
            group.addTask { await pull(call) }
            group.addTask {
                try? await surroundings.sleep(Self.fetching)
                return ProviderError(.unreachable, "it took longer than ten minutes")
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }

    /// The answer is 200 at once and a line of JSON for each step; the last may be an error.
    private func pull(_ call: DockerAPI.Call) async -> ProviderError? {
        do throws(ProviderError) {
            var lines = JSONLines(longest: 64 << 10)
            var told: String?
            var parts = try await api.stream(call).body.makeAsyncIterator()
            while let part = try await Self.next(&parts) {
                for line in lines.add(part) { told = line["error"]?.string ?? told }
            }
            for line in lines.rest { told = line["error"]?.string ?? told }
            return told.map { ProviderError(.rejected, $0) }
        } catch {
            return error
        }
    }

    private static func next(_ parts: inout OutgoingStream.Body.AsyncIterator) async throws(ProviderError) -> [UInt8]? {
        do {
            return try await parts.next(isolation: nil)
        } catch {
            throw ProviderError(error)
        }
    }

    /// Nothing has been made. What another attempt may mend (a slow registry, a limit) is told from what it will not (no such image).
    private static func refusal(of image: ImageName, _ failure: ProviderError) -> ProviderError {
        let text = failure.detail.lowercased()
        let kind: ProviderError.Kind =
            if text.contains("toomanyrequests") || text.contains("too many requests") {
                .throttled
            } else if ["timeout", "temporary failure", "deadline exceeded", "longer than ten", "unexpected http status: 5"].contains(
                where: text.contains)
            {
                .unreachable
            } else if text.contains("no space left") {
                .capacity
            } else {
                switch failure.kind {
                case .unreachable, .throttled: failure.kind
                case .ambiguous where !text.contains("dial"): .unreachable
                default: .rejected
                }
            }
        return ProviderError(
            kind, ProviderError.readable("The image \(image.reference) is not there and cannot be fetched: \(failure.detail)"),
            retryAfter: failure.retryAfter)
    }
}

/// Values of JSON, one a line, from parts of any length.
struct JSONLines {
    private let longest: Int
    private var open: [UInt8] = []

    /// - Parameter longest: bytes of a line; of a longer one the rest is dropped, and with it the line.
    init(longest: Int) { self.longest = longest }

    mutating func add(_ bytes: [UInt8]) -> [JSON] {
        var found: [JSON] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                found += rest
                open.removeAll(keepingCapacity: true)
            } else if open.count < longest {
                open.append(byte)
            }
        }
        return found
    }

    /// The last line, when nothing ended it.
    var rest: [JSON] { (try? JSONParser.parse(open)).map { [$0] } ?? [] }
}
