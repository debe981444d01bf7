import Kernel
import Provider
import Web

// An address is the instance's to have, as a volume is: its operations run on the instance.
extension Admitting {
    func assign(_ address: Resource, to instance: Resource) throws -> Admitted {
        try requireUnleased(address)
        try require(.attachAddress, for: instance)
        try requirePresent(instance)
        guard var spec = instance.spec.instance else { throw Problem(.invalidState, "\(instance.name) is no instance.") }
        if let holder = try address.holder(connection) {
            guard holder == instance.id else {
                throw Problem(
                    .alreadyAttached, "The address \(address.name) is attached to \(holder).", members: ["instance_id": JSON(holder)])
            }
            return Admitted(resource: instance, operation: try queue.noop(.attach, on: instance))
        }
        guard spec.addresses.count < 8 else {
            throw Problem(
                .alreadyAttached, "The instance \(instance.name) has 8 addresses already.", members: ["instance_id": JSON(instance.id)])
        }
        spec.addresses.append(address.id)
        return try run(.attach, instance, .instance(spec), [Step(.assign(address.id)), Step(.await(.present))])
    }

    /// From whichever instance has it, when none is named.
    func unassign(_ address: Resource, from asked: Resource?) throws -> Admitted {
        guard let holder = try address.holder(connection) else {
            return Admitted(resource: address, operation: try queue.noop(.detach, on: address))
        }
        guard asked == nil || asked?.id == holder else {
            throw Problem(.invalidState, "The address \(address.name) is attached to \(holder).", members: ["instance_id": JSON(holder)])
        }
        try requireUnleased(address)
        let instance = try Resource.find(holder, in: address.tenant, connection)
        try require(.attachAddress, for: instance)
        guard var spec = instance.spec.instance else { throw Problem(.invalidState, "\(instance.name) is no instance.") }
        spec.addresses.removeAll { $0 == address.id }
        return try run(.detach, instance, .instance(spec), [Step(.unassign(address.id)), Step(.await(.present))])
    }
}
