import Kernel
import Provider

/// The labels that say whose an object is. A name can be taken by anybody; these together are ours.
struct Marks: Sendable {
    let installation: String

    private static let installationKey = "cloudapi.installation"
    private static let resourceKey = "cloudapi.resource"
    private static let tokenKey = "cloudapi.token"
    private static let userPrefix = "cloudapi.label."
    private static let sizeKey = "cloudapi.size_gib"

    func labels(for order: Order) -> [String: String] {
        var labels = Dictionary(uniqueKeysWithValues: order.labels.map { (Self.userPrefix + $0.key, $0.value) })
        labels[Self.installationKey] = installation
        labels[Self.resourceKey] = order.subject.id
        labels[Self.tokenKey] = order.token
        if case .volume(let volume) = order.blueprint { labels[Self.sizeKey] = String(volume.sizeGiB) }
        return labels
    }

    /// Ours for the resource of the `cloudapi.resource` label when the installation's is there too; anything else is not to be touched.
    func owner(_ labels: JSON?) -> Sighting.Owner {
        guard let labels, labels[Self.installationKey]?.string == installation, let id = labels[Self.resourceKey]?.string, !id.isEmpty
        else { return .foreign }
        return .ours(id)
    }

    /// Whether an installation, whichever it is, has made it.
    func isMarked(_ labels: JSON?) -> Bool { labels?[Self.installationKey] != nil }

    /// What we wrote down when the volume was made: the peers know no sizes.
    func sizeGiB(_ labels: JSON?) -> Int? { labels?[Self.sizeKey]?.string.flatMap { Int($0) } }

    /// The `filters` parameter for everything of this installation.
    var filter: String {
        let filter: JSON = ["label": [.string("\(Self.installationKey)=\(installation)")]]
        return String(decoding: filter.canonicalBytes, as: UTF8.self)
    }
}

extension Subject {
    /// What the peer is asked for: its own id of the object, or the name. What cannot be an id or a name there is left out, since a reference
    /// may come from a user and stands in a path.
    var lookups: [String] {
        [reference, name].compactMap { $0 }.filter(Self.isPeerName)
    }

    private static func isPeerName(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLetterOrDigit(first), text.utf8.count <= 255 else { return false }
        return text.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }
}
