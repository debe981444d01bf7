import Dispatch
import Foundation
import Kernel

/// A socket that sends whatever bytes it is told to, and reads until the other side closes.
enum RawConnection {
    struct Failure: Error {
        let call: String
    }

    struct Answer: Sendable {
        let text: String

        var status: Int { Int(text.split(separator: " ").dropFirst().first ?? "") ?? 0 }
        var json: JSON {
            guard let end = text.range(of: "\r\n\r\n") else { return .null }
            return (try? JSONParser.parse(text[end.upperBound...].utf8)) ?? .null
        }
        var code: String? { json["code"]?.string }
    }

    static func exchange(port: Int?, _ text: String) async throws -> Answer { try await exchange(port: port, Array(text.utf8)) }

    /// Gives up after 20 seconds of silence.
    static func exchange(port: Int?, _ bytes: [UInt8]) async throws -> Answer {
        let port = port ?? 0
        return try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(with: Result { try exchange(port, bytes) }) }
        }
    }

    private static func exchange(_ port: Int, _ bytes: [UInt8]) throws -> Answer {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(call: "socket") }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard connected == 0 else { throw Failure(call: "connect") }
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { break }  // the other side has heard enough
            sent += count
        }
        return try Answer(text: String(decoding: read(descriptor), as: UTF8.self))
    }

    private static func read(_ descriptor: Int32) throws -> [UInt8] {
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count >= 0 else { throw Failure(call: "recv") }
            guard count > 0 else { return received }
            received += buffer[..<count]
        }
    }
}
