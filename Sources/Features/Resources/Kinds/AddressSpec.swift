package import Kernel
package import Provider
import Web

/// A public address that is kept, whichever instance has it.
package struct AddressSpec: Sendable, Equatable {
    package var family: AddressBlueprint.Family
    /// The name that its PTR record says.
    package var reverseDNS: String?

    package init(_ json: JSON) {
        family = json["family"]?.string.flatMap(AddressBlueprint.Family.init) ?? .v4
        reverseDNS = json["reverse_dns"]?.string
    }

    package var json: JSON { ["family": .string(family.rawValue), "reverse_dns": JSON(reverseDNS)] }

    var blueprint: AddressBlueprint { AddressBlueprint(family: family, reverseDNS: reverseDNS) }

    /// What a provider must be able to do for it.
    var features: [Capabilities.Feature] { (family == .v6 ? [.addressesV6] : []) + (reverseDNS == nil ? [] : [.reverseDNS]) }

    private static let familySchema = Schema.choice(of: AddressBlueprint.Family.self)
    private static let reverseSchema = Schema.string(3...253, .hostname, "The name its PTR record says; null for the provider's own.")
        .example("mail.example.com").nullable

    static let draftSchema = Schema.object([
        .optional("family", familySchema.described("ipv4 when left out.")), .optional("reverse_dns", reverseSchema),
    ])
    static let changeSchema = Schema.object([.optional("reverse_dns", reverseSchema)])
    static let schema = Schema.object([.required("family", familySchema), .required("reverse_dns", reverseSchema)])
}
