import NIOCore
import Web

extension Call {
    /// Lends the body as it was sent.
    func withBody<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try bytes.withUnsafeReadableBytes(body)
    }
}
