import Kernel
import Storage

/// Columns as they lie in the database: a tag, then little-endian numbers as narrow as the column allows.
enum ColumnCoding {
    private enum Tag: UInt8 {
        case text = 1
        case time = 2
        case narrow = 3
        case wide = 4
        case exact = 5
    }

    static func bytes(of column: TextColumn) -> [UInt8] {
        var writer = ColumnWriter(tag: Tag.text.rawValue)
        writer.number(column.ends.count)
        writer.integers(column.ends)
        writer.bytes.append(contentsOf: column.bytes)
        writer.codes(column.codes, cardinality: column.cardinality)
        return writer.bytes
    }

    static func bytes(of column: TimeColumn) -> [UInt8] {
        var writer = ColumnWriter(tag: Tag.time.rawValue)
        writer.number(column.moments.count)
        writer.integers(column.moments)
        writer.codes(column.codes, cardinality: column.cardinality)
        return writer.bytes
    }

    static func bytes(of column: DecimalColumn) -> [UInt8] {
        let tag: Tag =
            switch column.mantissas {
            case .narrow: .narrow
            case .wide: .wide
            case .exact: .exact
            }
        var writer = ColumnWriter(tag: tag.rawValue)
        writer.number(column.scale)
        writer.number(column.nulls.count)
        writer.bytes.append(contentsOf: column.nulls.map { $0 ? 1 : 0 })
        switch column.mantissas {
        case .narrow(let values): writer.packed(values)
        case .wide(let values):
            writer.number(values.count)
            writer.integers(values)
        case .exact(let values):
            writer.number(values.count)
            for value in values {
                let text = Array(value.description.utf8)
                writer.number(text.count)
                writer.bytes.append(contentsOf: text)
            }
        }
        return writer.bytes
    }

    static func text(_ bytes: UnsafeRawBufferPointer) throws -> TextColumn {
        var reader = try ColumnReader(bytes, tag: Tag.text.rawValue)
        let ends = try reader.integers(reader.number(), as: UInt32.self)
        let texts = try reader.bytes(Int(ends.last ?? 0))
        return try TextColumn(bytes: texts, ends: ends, codes: reader.codes(cardinality: ends.count + 1))
    }

    static func time(_ bytes: UnsafeRawBufferPointer) throws -> TimeColumn {
        var reader = try ColumnReader(bytes, tag: Tag.time.rawValue)
        let moments = try reader.integers(reader.number(), as: Int64.self)
        return try TimeColumn(moments: moments, codes: reader.codes(cardinality: moments.count + 1))
    }

    static func decimal(_ bytes: UnsafeRawBufferPointer) throws -> DecimalColumn {
        guard let tag = bytes.first.flatMap({ Tag(rawValue: $0) }) else { throw StorageError.corrupt("A cost column has no tag") }
        var reader = try ColumnReader(bytes, tag: tag.rawValue)
        let scale = try reader.number()
        let nulls = try reader.bytes(reader.number()).map { $0 == 1 }
        switch tag {
        case .narrow: return try DecimalColumn(scale: scale, mantissas: .narrow(reader.packed()), nulls: nulls)
        case .wide:
            return try DecimalColumn(scale: scale, mantissas: .wide(reader.integers(reader.number(), as: Int128.self)), nulls: nulls)
        case .exact:
            var values: [ExactDecimal] = []
            for _ in 0..<(try reader.number()) {
                let text = String(decoding: try reader.bytes(reader.number()), as: UTF8.self)
                guard let value = ExactDecimal(text) else { throw StorageError.corrupt("A cost column holds \"\(text)\"") }
                values.append(value)
            }
            return DecimalColumn(scale: scale, mantissas: .exact(values), nulls: nulls)
        case .text, .time: throw StorageError.corrupt("A cost column is of another kind")
        }
    }
}

struct ColumnWriter {
    var bytes: [UInt8]

    init(tag: UInt8) { bytes = [tag] }

    mutating func number(_ value: Int) { integers([UInt32(value)]) }

    mutating func integers<Integer: FixedWidthInteger>(_ values: [Integer]) {
        values.withUnsafeBytes { bytes.append(contentsOf: $0) }  // all our machines are little-endian
    }

    mutating func codes(_ codes: [UInt16], cardinality: Int) {
        number(codes.count)
        if cardinality <= 256 { bytes.append(contentsOf: codes.map { UInt8($0) }) } else { integers(codes) }
    }

    /// As 1, 2, 4 or 8 bytes each, whatever the largest needs.
    mutating func packed(_ values: [Int64]) {
        number(values.count)
        let (low, high) = (values.min() ?? 0, values.max() ?? 0)
        func fits<Narrow: FixedWidthInteger>(_: Narrow.Type) -> Bool { Narrow(exactly: low) != nil && Narrow(exactly: high) != nil }
        switch true {
        case low == high && low == 0: bytes.append(0)
        case fits(Int8.self):
            bytes.append(1)
            integers(values.map { Int8($0) })
        case fits(Int16.self):
            bytes.append(2)
            integers(values.map { Int16($0) })
        case fits(Int32.self):
            bytes.append(4)
            integers(values.map { Int32($0) })
        default:
            bytes.append(8)
            integers(values)
        }
    }
}

/// Reads a column where it stands. Valid only while the bytes are lent.
struct ColumnReader {
    private let source: UnsafeRawBufferPointer
    private var position = 1

    init(_ bytes: UnsafeRawBufferPointer, tag: UInt8) throws {
        guard bytes.first == tag else { throw StorageError.corrupt("A cost column is of another kind") }
        source = bytes
    }

    mutating func number() throws -> Int { Int(try integers(1, as: UInt32.self)[0]) }

    mutating func bytes(_ count: Int) throws -> [UInt8] {
        guard count <= source.count - position else { throw StorageError.corrupt("A cost column is cut off") }
        defer { position += count }
        return Array(source[position..<(position + count)])
    }

    mutating func integers<Integer: FixedWidthInteger>(_ count: Int, as: Integer.Type) throws -> [Integer] {
        let size = count * MemoryLayout<Integer>.size
        guard size <= source.count - position else { throw StorageError.corrupt("A cost column is cut off") }
        defer { position += size }
        return [Integer](unsafeUninitializedCapacity: count) { target, filled in
            UnsafeMutableRawBufferPointer(target).copyMemory(from: UnsafeRawBufferPointer(rebasing: source[position..<(position + size)]))
            filled = count
        }
    }

    /// As many numbers that lie there narrower than they are wanted.
    private mutating func widened<Narrow: FixedWidthInteger, Wide: FixedWidthInteger>(_ count: Int, _: Narrow.Type) throws -> [Wide] {
        let width = MemoryLayout<Narrow>.size
        guard count * width <= source.count - position else { throw StorageError.corrupt("A cost column is cut off") }
        defer { position += count * width }
        return [Wide](unsafeUninitializedCapacity: count) { target, filled in
            for place in 0..<count {
                target[place] = Wide(truncatingIfNeeded: source.loadUnaligned(fromByteOffset: position + place * width, as: Narrow.self))
            }
            filled = count
        }
    }

    mutating func codes(cardinality: Int) throws -> [UInt16] {
        let count = try number()
        return cardinality <= 256 ? try widened(count, UInt8.self) : try integers(count, as: UInt16.self)
    }

    mutating func packed() throws -> [Int64] {
        let count = try number()
        switch try bytes(1)[0] {
        case 0: return Array(repeating: 0, count: count)
        case 1: return try widened(count, Int8.self)
        case 2: return try widened(count, Int16.self)
        case 4: return try widened(count, Int32.self)
        default: return try integers(count, as: Int64.self)
        }
    }
}
