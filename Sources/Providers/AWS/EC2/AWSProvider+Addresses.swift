// A public address is an Elastic IP. EC2 takes no token for one, so it is found by its tags; two requests on their way at once make two, and both
// go when it is deleted. An instance has one at a time: giving it a second would silently take the first away, so that is refused.

import Kernel
import Provider

/// An Elastic IP as `DescribeAddresses` shows it.
struct EC2Address: Sendable {
    let id: String
    let ip: String
    /// What ties it to an interface; nil while it is free.
    let association: String?
    /// Whose interface that is; nil for one that is no instance's, such as a gateway's.
    let instance: String?
    let tags: [String: String]

    init?(_ item: XMLTree) {
        guard let id = item.string("allocationId"), let ip = item.string("publicIp") else { return nil }
        (self.id, self.ip, tags) = (id, ip, item.tags)
        association = item.string("associationId").flatMap { $0.isEmpty ? nil : $0 }
        instance = item.string("instanceId").flatMap { $0.isEmpty ? nil : $0 }
    }

    func sighting(_ marks: AWSMarks) -> Sighting {
        var state = ObservedState()
        state.publicAddresses = [ip]
        return Sighting(reference: id, owner: marks.owner(tags), state: state)
    }
}

extension AWSProvider {
    /// The call has no pages.
    func addresses(_ filters: [EC2Filter]) async throws(ProviderError) -> [EC2Address] {
        try await ec2.list("DescribeAddresses", "addressesSet", filters, hasPages: false).compactMap(EC2Address.init)
            .sorted { $0.id < $1.id }
    }

    func address(_ subject: Subject) async throws(ProviderError) -> EC2Address? {
        try await located(subject, "allocation-id", "eipalloc-", addresses) { marks.owner($0.tags) }
    }

    private func ownAddress(_ subject: Subject) async throws(ProviderError) -> EC2Address {
        guard let found = try await address(subject) else { throw .missing(subject) }
        guard marks.owner(found.tags) == .ours(subject.id) else { throw .notOurs(found.id) }
        return found
    }

    func createAddress(_ order: Order, _ blueprint: AddressBlueprint) async throws(ProviderError) -> Sighting {
        guard blueprint.family == .v4 else { throw .cannot(.addressesV6, "An Elastic IP is an IPv4 address.") }
        guard blueprint.reverseDNS == nil else {
            throw .cannot(.reverseDNS, "The name of an Elastic IP is not set from here.")
        }
        if let known = try await addresses(marks.filters(order.subject)).first { return known.sighting(marks) }
        let answer = try await ec2.call("AllocateAddress", with: [("Domain", "vpc")] + marks.specification("elastic-ip", for: order))
        guard let made = EC2Address(answer) else { throw ProviderError(.ambiguous, "EC2 did not say which address it gave.") }
        return Sighting(reference: made.id, owner: .ours(order.subject.id), state: made.sighting(marks).state)
    }

    /// Says that it is so where it already is; there is nothing else to set.
    func configure(_ subject: Subject, _ blueprint: AddressBlueprint) async throws(ProviderError) {
        _ = try await ownAddress(subject)
        if blueprint.reverseDNS != nil { throw .cannot(.reverseDNS, "The name of an Elastic IP is not set from here.") }
    }

    func assign(_ subject: Subject, to instance: EC2Instance) async throws(ProviderError) {
        let address = try await ownAddress(subject)
        if address.instance == instance.id { return }
        try await free(address, else: "The address is attached to another instance.")
        if let other = try await addresses([EC2Filter("instance-id", [instance.id])]).first {
            throw ProviderError(.rejected, "An EC2 instance has one public address; this one has \(other.ip). Detach that first.")
        }
        try await ec2.call(
            "AssociateAddress", ("AllocationId", address.id), ("InstanceId", instance.id), ("AllowReassociation", "false"))
    }

    func unassign(_ subject: Subject, from instance: EC2Instance) async throws(ProviderError) {
        guard let address = try await address(subject), address.instance == instance.id, let association = address.association else {
            return
        }
        guard marks.owner(address.tags) == .ours(subject.id) else { throw .notOurs(address.id) }
        try await release(association)
    }

    func deleteAddresses(_ subject: Subject) async throws(ProviderError) {
        guard let found = try await address(subject) else { return }
        guard marks.owner(found.tags) == .ours(subject.id) else { throw .notOurs(found.id) }
        for address in try await addresses(marks.filters(subject)) {
            try await free(address, else: "The address is attached to an instance.")
            try await passing { () throws(ProviderError) in try await ec2.call("ReleaseAddress", ("AllocationId", address.id)) }
        }
    }

    /// Unties it from an instance that is gone or about to be; throws `.conflict` while anything else has it.
    private func free(_ address: EC2Address, else complaint: String) async throws(ProviderError) {
        guard let association = address.association else { return }
        guard let holder = address.instance, try await instances([EC2Filter("instance-id", [holder])]).allSatisfy(\.isEnding) else {
            throw ProviderError(.conflict, complaint)
        }
        try await release(association)
    }

    private func release(_ association: String) async throws(ProviderError) {
        try await passing { () throws(ProviderError) in try await ec2.call("DisassociateAddress", ("AssociationId", association)) }
    }
}
