// What an error means. The status is a hint, and the sentence another one: dockerd says 403 for "in use" and "overlaps", podman 500 for
// nearly everything. What neither tells for sure is ambiguous, and the engine looks.

import Kernel
import Provider

extension ProviderError {
    /// An answer that is not a 2xx.
    init(status: Int, body: [UInt8], retryAfter: String?) {
        let told = (try? JSONParser.parse(body))?["message"]?.string
        let detail = Self.readable(told ?? String(decoding: body.prefix(4096), as: UTF8.self))
        let pause = retryAfter.flatMap { Int($0) }.map { Duration.seconds(min(max($0, 0), 3600)) }
        self.init(
            Self.kind(status: status, text: detail.lowercased()), detail.isEmpty ? "The answer was \(status)." : detail, retryAfter: pause)
    }

    private static func kind(status: Int, text: String) -> Kind {
        switch status {
        case 401: .unauthorized
        case 404: .absent
        case 409: .conflict
        case 429: .throttled
        case 403: said(text) ?? .unauthorized
        case 300..<500: said(text) ?? .rejected
        default: said(text) ?? .ambiguous
        }
    }

    /// What the sentence alone tells: dockerd 20.10 and podman 4.3 were listened to.
    private static func said(_ text: String) -> Kind? {
        let meanings: [(Kind, [String])] = [
            (
                .capacity,
                ["no space left", "cannot allocate memory", "non-overlapping ipv4 address pool", "no free subnet", "no available ip"]
            ),
            (
                .conflict,
                [
                    "already in use", "is in use", "being used", "already exists", "already used", "already connected", "active endpoints",
                    "overlap", "state improper", "is paused", "not paused",
                ]
            ),
            (
                .rejected,
                [
                    "executable file not found", "command that was not found", "range of cpus", "memory limit", "invalid reference format",
                    "permission denied: oci", "command that is not executable",
                ]
            ),
        ]
        return meanings.first { $0.1.contains { text.contains($0) } }?.0
    }
}
