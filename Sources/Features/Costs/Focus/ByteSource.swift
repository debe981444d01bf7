import CZlib
import Foundation

/// The bytes of a file, a part at a time, unpacked when they are gzip (RFC 1952), whatever the file is called.
final class ByteSource {
    private static let part = 1 << 18

    private let file: FileHandle
    private var inflater: Inflater?
    private var isFirst = true
    /// Bytes taken from the file so far, packed as they are.
    private(set) var taken = 0

    init(path: String) throws(FocusFailure) {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw FocusFailure(line: 0, "The file cannot be read.", isOfOneRow: false)
        }
        self.file = file
    }

    deinit { try? file.close() }  // it was only read

    /// Appends the next bytes; false at the end. Throws for gzip that is broken or cut off.
    func read(into buffer: inout [UInt8]) throws(FocusFailure) -> Bool {
        while true {
            let data: Data?
            do { data = try file.read(upToCount: Self.part) } catch {
                throw FocusFailure(line: 0, "The file cannot be read.", isOfOneRow: false)
            }
            guard let data, !data.isEmpty else {
                if let inflater, !inflater.isAtEnd { throw FocusFailure(line: 0, "The gzip data is cut off.", isOfOneRow: false) }
                return false
            }
            taken += data.count
            if isFirst, data.starts(with: [0x1F, 0x8B]) { inflater = try Inflater() }
            isFirst = false
            guard let inflater else {
                buffer.append(contentsOf: data)
                return true
            }
            let before = buffer.count
            try inflater.inflate(data, into: &buffer)
            if buffer.count > before { return true }
        }
    }
}

/// zlib's stream, which is a C struct that must stay where it is.
private final class Inflater {
    private let stream: UnsafeMutablePointer<z_stream>
    /// A member has ended and no other has begun.
    private(set) var isAtEnd = false
    private var output = [UInt8](repeating: 0, count: 1 << 18)

    init() throws(FocusFailure) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw FocusFailure(line: 0, "The gzip data cannot be read.", isOfOneRow: false)
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    func inflate(_ data: Data, into buffer: inout [UInt8]) throws(FocusFailure) {
        var input = [UInt8](data)
        let state = input.withUnsafeMutableBufferPointer { input in
            stream.pointee.next_in = input.baseAddress
            stream.pointee.avail_in = UInt32(input.count)
            return unpack(into: &buffer)
        }
        guard state == Z_OK || state == Z_STREAM_END || state == Z_BUF_ERROR else {
            throw FocusFailure(line: 0, "The gzip data is broken.", isOfOneRow: false)
        }
    }

    private func unpack(into buffer: inout [UInt8]) -> Int32 {
        var state = Z_OK
        repeat {
            // A file may have several members, one after the other.
            if isAtEnd {
                guard inflateReset(stream) == Z_OK else { return Z_DATA_ERROR }
                isAtEnd = false
            }
            output.withUnsafeMutableBufferPointer { output in
                stream.pointee.next_out = output.baseAddress
                stream.pointee.avail_out = UInt32(output.count)
                state = CZlib.inflate(stream, Z_NO_FLUSH)
            }
            buffer.append(contentsOf: output[0..<(output.count - Int(stream.pointee.avail_out))])
            isAtEnd = state == Z_STREAM_END
            guard state == Z_OK || state == Z_STREAM_END else { break }
        } while stream.pointee.avail_in > 0 || stream.pointee.avail_out == 0
        return state
    }
}
