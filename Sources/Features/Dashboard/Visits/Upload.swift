import HTTPTypes
import Hummingbird
import Kernel
import NIOCore

/// A form that brings a file (`multipart/form-data`, RFC 7578): first its fields, then the file, read as it comes in and never held whole.
///
/// Our own forms have the file last, so everything that says whether it may come is known before a byte of it is taken. What does not look like
/// that is refused.
actor Upload {
    private var source: RequestBody.AsyncIterator
    private let boundary: [UInt8]
    private var waiting: [UInt8] = []
    private var isFileOver = false

    /// All of the head and of the fields; a file has no limit here.
    private static let fieldLimit = 64 << 10

    /// Throws `unsupported_media_type` for a request that brings no such form.
    init(_ request: Request) throws {
        let type = request.headers[.contentType] ?? ""
        guard type.lowercased().hasPrefix("multipart/form-data"), let range = type.firstRange(of: "boundary=") else {
            throw Problem(.unsupportedMediaType, "The form must be sent as multipart/form-data.")
        }
        let name = type[range.upperBound...].prefix { $0 != ";" }.filter { $0 != "\"" }
        guard (1...70).contains(name.utf8.count) else { throw Problem(.unsupportedMediaType, "The form has no boundary.") }
        boundary = Array("\r\n--\(name)".utf8)
        source = request.body.makeAsyncIterator()
        waiting = [13, 10]  // The first boundary begins without a line before it.
    }

    /// The fields before the file, and the file's name; what follows is the file. Throws `validation_failed` for what is no such form.
    func fields() async throws -> (form: Form, fileName: String) {
        var fields: [(name: String, value: String)] = []
        var size = 0
        try await skipBoundary()
        while true {
            let head = try await take(until: Array("\r\n\r\n".utf8))
            guard let name = Self.parameter("name", of: head) else { throw Self.unreadable }
            if let file = Self.parameter("filename", of: head) { return (Form(fields: fields), file) }
            let value = try await take(until: boundary)
            size += head.utf8.count + value.utf8.count
            guard size <= Self.fieldLimit else { throw Self.tooLarge }
            fields.append((name, value))
            guard try await !endsHere() else { throw Problem(.validationFailed, "Choose a file.") }
        }
    }

    /// The file's next bytes; nil at its end.
    func next() async throws -> ByteBuffer? {
        while !isFileOver {
            if let end = waiting.firstRange(of: boundary) {
                isFileOver = true
                let last = waiting[..<end.lowerBound]
                return last.isEmpty ? nil : ByteBuffer(bytes: last)
            }
            // As many bytes as a boundary that is cut off could have are held back.
            let free = waiting.count - boundary.count
            if free > 32 << 10 {
                let bytes = ByteBuffer(bytes: waiting[..<free])
                waiting.removeFirst(free)
                return bytes
            }
            try await more()
        }
        return nil
    }

    private func skipBoundary() async throws {
        while waiting.count < boundary.count { try await more() }
        guard waiting.starts(with: boundary) else { throw Self.unreadable }
        waiting.removeFirst(boundary.count)
        guard try await !endsHere() else { throw Problem(.validationFailed, "Choose a file.") }
    }

    /// What stands behind a boundary: a line end, or two dashes for the end of all.
    private func endsHere() async throws -> Bool {
        while waiting.count < 2 { try await more() }
        defer { waiting.removeFirst(2) }
        if waiting.starts(with: Array("--".utf8)) { return true }
        guard waiting.starts(with: [13, 10]) else { throw Self.unreadable }
        return false
    }

    private func take(until end: [UInt8]) async throws -> String {
        while true {
            if let range = waiting.firstRange(of: end) {
                guard let text = String(validating: waiting[..<range.lowerBound], as: UTF8.self) else { throw Self.unreadable }
                waiting.removeFirst(range.upperBound)
                return text
            }
            guard waiting.count <= Self.fieldLimit else { throw Self.tooLarge }
            try await more()
        }
    }

    private func more() async throws {
        var iterator = source
        guard let part = try await iterator.next(isolation: self) else { throw Self.unreadable }
        source = iterator
        waiting += part.readableBytesView
    }

    private static var tooLarge: Problem { Problem(.payloadTooLarge, "The fields of the form are too large.") }
    private static var unreadable: Problem { Problem(.validationFailed, "The form could not be read to its end.") }

    /// `name="view"` of a part's head.
    private static func parameter(_ name: String, of head: String) -> String? {
        let line = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-disposition:") } ?? ""
        guard let range = line.firstRange(of: "; \(name)=\"") else { return nil }
        return String(line[range.upperBound...].prefix { $0 != "\"" }).replacing("%22", with: "\"")
    }
}

/// The rest of an upload as a body.
struct UploadedFile: AsyncSequence, Sendable {
    let upload: Upload

    struct AsyncIterator: AsyncIteratorProtocol {
        let upload: Upload
        func next() async throws -> ByteBuffer? { try await upload.next() }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(upload: upload) }
}
