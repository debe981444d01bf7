// Real virtual machines, their disks and their networks through libvirt's C API.
//
// That library speaks to a daemon over a unix socket and waits for every answer on the thread that asked, so it is only called on threads of
// our own (`Lane`). A machine's definition is XML, and whoever writes that XML owns the host: ours is made from closed types
// (`MachineDefinition`), which cannot name a file, a device or a program that is not in a storage pool the host's operator made, and no part of
// a request gets into it but through an escaping writer (`XMLTree.markup`). The socket has to be opened by the server's operator, like docker's.
//
// What libvirt has no word for is put where it can be found again. Whose an object is stands in the metadata of a machine or a network, and in
// the name of a disk's file, which has no metadata; the address of a machine is a reservation in its network, made before it boots; since when a
// machine runs is a note that libvirt forgets when it ends.

package import Kernel
package import Outgoing
package import Provider

package struct LibvirtDriver: ProviderDriver {
    package let name = "libvirt"
    package var most: Capabilities? {
        Capabilities(server: name, features: LibvirtProvider.features, identification: LibvirtProvider.identification)
    }
    private let egress: Egress

    package init(allowing egress: Egress) { self.egress = egress }

    package func violations(settings: JSON, secret: JSON?) -> [Problem.Violation] {
        var found = LibvirtSettings.violations(settings)
        if let secret, secret != .null { found.append(.init(pointer: "/secret", code: "unused", detail: "is not used by libvirt")) }
        return found
    }

    package func open(_ account: ProviderAccount) throws -> any Provider {
        LibvirtProvider(
            lanes: Lanes(egress: egress, socket: try LibvirtSettings(account.settings).socket),
            site: Site(installation: account.installation, settings: try LibvirtSettings(account.settings)),
            surroundings: account.surroundings)
    }
}
