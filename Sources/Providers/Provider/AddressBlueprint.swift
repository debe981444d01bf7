/// A public address, which the cloud chooses.
package struct AddressBlueprint: Sendable, Equatable {
    package var family: Family
    /// The name that its PTR record says; nil for the cloud's own.
    package var reverseDNS: String?

    package enum Family: String, Sendable, CaseIterable {
        case v4 = "ipv4"
        case v6 = "ipv6"
    }

    package init(family: Family, reverseDNS: String? = nil) {
        self.family = family
        self.reverseDNS = reverseDNS
    }
}
