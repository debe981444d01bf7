import Crypto
import Kernel
import Provider

/// One installation at one host: its settings, and how its objects are named and marked there.
struct Site: Sendable {
    let installation: String
    let settings: LibvirtSettings

    /// Where our part of a machine's or a network's metadata begins.
    static let space = "urn:cloudapi:resource"
    static let prefix = "cloudapi"

    // MARK: Marks

    /// - Parameter isWhole: everything that belongs to the object is made.
    func mark(_ order: Order, isWhole: Bool) -> XMLTree {
        let labels = order.labels.sorted { $0.key < $1.key }.map { XMLTree("label", ["key": $0.key], text: $0.value) }
        return mark(order.subject, isWhole: isWhole, [XMLTree("token", text: order.token)] + labels)
    }

    func mark(_ subject: Subject, isWhole: Bool, _ more: [XMLTree] = []) -> XMLTree {
        XMLTree("resource", ["id": subject.id, "whole": isWhole ? "yes" : "no"], [XMLTree("installation", text: installation)] + more)
    }

    /// The mark as it stands in a definition; where one is set by itself, libvirt does this.
    static func metadata(_ mark: XMLTree) -> XMLTree {
        let attributes = mark.attributes.merging(["xmlns:" + prefix: space]) { $1 }
        return XMLTree("metadata", [XMLTree(prefix + ":" + mark.name, attributes, mark.children)])
    }

    /// Nil for what no installation has made.
    private static func mark(in definition: XMLTree) -> XMLTree? {
        definition["metadata"]?.children.first { $0.name == "resource" && $0.attributes.values.contains(space) }
    }

    func owner(_ definition: XMLTree) -> Sighting.Owner {
        guard let mark = Self.mark(in: definition), mark.string("installation") == installation, let id = mark.attributes["id"], !id.isEmpty
        else { return .foreign }
        return .ours(id)
    }

    static func isMarked(_ definition: XMLTree) -> Bool { mark(in: definition) != nil }
    static func isWhole(_ definition: XMLTree) -> Bool { mark(in: definition)?.attributes["whole"] != "no" }

    // MARK: Names

    /// The same on every attempt. Two installations never make the same.
    func uuid(_ subject: Subject) -> String {
        var bytes = Array(digest("uuid|\(subject.id)").prefix(16))
        bytes[6] = bytes[6] & 0x0F | 0x80  // RFC 9562 §5.8: of an application's own making
        bytes[8] = bytes[8] & 0x3F | 0x80
        let text = Self.hex(bytes)
        var groups: [Substring] = []
        var rest = text[...]
        for length in [8, 4, 4, 4, 12] {
            groups.append(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        return groups.joined(separator: "-")
    }

    /// A card's address: of local administration, and for one machine. The same on every attempt.
    func hardwareAddress(of instance: Subject, on network: String) -> String {
        let bytes = [0x52] + digest("card|\(instance.id)|\(network)").prefix(5)
        return bytes.map { Self.hex([$0]) }.joined(separator: ":")
    }

    /// A disk in our pool: `cloudapi-vol-….<installation>.qcow2`. Its name is all that says whose it is.
    func fileName(_ subject: Subject) -> String { subject.name + "." + ownership + ".qcow2" }

    /// The id of ours behind the name of a disk; nil for those that are not ours, or of another kind, such as what a machine starts from.
    func id(ofFile name: String, kind: ResourceKind) -> String? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1] == ownership, parts[2] == "qcow2" else { return nil }
        return Self.id(ofStem: String(parts[0]), kind: kind)
    }

    /// The same whichever installation made it: of a volume `cloudapi-vol-…`.
    static func id(ofStem stem: String, kind: ResourceKind) -> String? {
        let prefix = kind == .volume ? "vol_" : kind == .snapshot ? "snap_" : "inst_"
        return Subject.id(named: stem, kind: kind).flatMap { $0.hasPrefix(prefix) ? $0 : nil }
    }

    /// An empty file beside a disk that is being copied: `cloudapi-snap-….<installation>.<attempt>.copy`.
    func copyNote(_ subject: Subject, _ attempt: UInt64) -> String {
        subject.name + "." + ownership + "." + String(attempt, radix: 16) + Self.copyEnding
    }

    static func isCopyNote(_ name: String) -> Bool { name.hasPrefix("cloudapi-") && name.hasSuffix(copyEnding) }
    private static let copyEnding = ".copy"

    private var ownership: String { Self.hex(digest("owner").prefix(8)) }

    private func digest(_ text: String) -> [UInt8] { Array(SHA256.hash(data: Array("\(installation)|\(text)".utf8))) }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}

extension String {
    /// Of the name of a file: all before the first dot.
    var stem: String { String(prefix { $0 != "." }) }
}
