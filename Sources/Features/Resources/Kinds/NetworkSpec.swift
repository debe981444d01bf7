package import Kernel
import Web

/// A private network for instances of one provider.
package struct NetworkSpec: Sendable, Equatable {
    /// IPv4; nil lets the provider choose.
    package var cidr: String?
    /// Whether what is on it reaches the world outside.
    package var nat: Bool

    package init(_ json: JSON) {
        cidr = json["cidr"]?.string
        nat = json["nat"]?.bool ?? true
    }

    package var json: JSON { ["cidr": JSON(cidr), "nat": .bool(nat)] }

    private static let cidrSchema = Schema.string(9...18, .addressRange, "An IPv4 range from /16 to /28, such as 10.8.0.0/24.")

    static let draftSchema = Schema.object([
        .optional("cidr", cidrSchema), .optional("nat", .boolean("Whether it reaches the world outside; true when left out.")),
    ])
    static let changeSchema = Schema.object([])
    static let schema = Schema.object([.required("cidr", cidrSchema.nullable), .required("nat", .boolean())])

    /// Whether the range is one a network can have: a private one, /16 to /28, its host bits zero.
    static func complaint(about cidr: String) -> String? {
        let parts = cidr.split(separator: "/")
        guard parts.count == 2, let bits = Int(parts[1]), let range = AddressRange(cidr), cidr.contains(".") else {
            return "must be an IPv4 range such as 10.8.0.0/24"
        }
        guard (16...28).contains(bits) else { return "must have a prefix of /16 to /28" }
        guard range.description == cidr else { return "must begin at its first address: \(range.description)" }
        guard let first = IPAddress(String(parts[0])), !first.isPublic else { return "must be a private range" }
        return nil
    }
}
