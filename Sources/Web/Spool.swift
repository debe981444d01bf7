import Crypto
import Foundation
import Hummingbird
import Kernel
import NIOCore

/// Where bodies that are files wait for who reads them: too large for memory, and still there after a crash.
package struct Spool: Sendable {
    package let folder: String

    package init(folder: String) { self.folder = folder }

    /// Writes a body to a new file. Throws `payload_too_large` past `limit` bytes; nothing is left then.
    func take(_ body: RequestBody, named name: String, limit: Int) async throws -> SpooledFile {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let path = "\(folder)/\(name).body"
        let writer = try SpoolWriter(path: path)
        do {
            for try await part in body {
                guard try await writer.write(part) <= limit else {
                    throw Problem(.payloadTooLarge, "The body may have \(limit) bytes.")
                }
            }
            let (size, digest) = try await writer.finish()
            guard size > 0 else { throw Problem(.invalidParameter, "The body is missing: send the file as the body.") }
            return SpooledFile(path: path, size: size, digest: digest)
        } catch {
            SpooledFile(path: path, size: 0, digest: []).discard()
            throw error
        }
    }
}

/// A body on disk. It is removed when its request ends; who needs it longer moves it.
package struct SpooledFile: Sendable {
    package let path: String
    package let size: Int
    /// SHA-256.
    package let digest: [UInt8]

    /// Nothing when it was moved.
    func discard() { try? FileManager.default.removeItem(atPath: path) }
}

/// Writes on a thread of its own, so that a slow disk holds up no other request.
private actor SpoolWriter {
    private let queue = OwnQueue("spool")
    nonisolated var unownedExecutor: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }

    private let descriptor: CInt
    private var size = 0
    private var hash = SHA256()

    init(path: String) throws {
        descriptor = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Problem(.storeReadOnly, "The body cannot be kept on disk.", retryAfter: 5) }
    }

    deinit { close(descriptor) }

    /// Answers how many bytes there are now.
    func write(_ part: ByteBuffer) throws -> Int {
        try part.withUnsafeReadableBytes { bytes in
            hash.update(bufferPointer: bytes)
            var done = 0
            while done < bytes.count {
                let count = Foundation.write(descriptor, bytes.baseAddress! + done, bytes.count - done)  // not empty, so it has one
                guard count > 0 else { throw Problem(.storeReadOnly, "The body cannot be kept on disk.", retryAfter: 5) }
                done += count
            }
        }
        size += part.readableBytes
        return size
    }

    func finish() throws -> (Int, [UInt8]) {
        guard fsync(descriptor) == 0 else { throw Problem(.storeReadOnly, "The body cannot be kept on disk.", retryAfter: 5) }
        return (size, Array(hash.finalize()))
    }
}
