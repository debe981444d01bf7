import Kernel
import Provider

/// The body of `POST /containers/create`, and all that we ever say there.
///
/// A closed type on purpose: there is no field for privileges, capabilities, devices, binds or namespaces of the host, so no order can ask
/// for them. `Mounts` are of the type `volume` alone and name volumes of ours; the network's name is one made by `Subject.name`.
struct ContainerBody: Sendable, Equatable {
    var image: String
    var command: [String]
    var environment: [String: String]
    var labels: [String: String]
    var size: Capacity
    var volumes: [Mount]
    var network: Subject?

    /// Enough for any service, and an end for a fork bomb.
    private static let processes = 4096

    var json: JSON {
        var members: [JSON.Member] = [
            .init("Image", .string(image)),
            .init("Env", .array(environment.sorted { $0.key < $1.key }.map { .string("\($0.key)=\($0.value)") })),
            .init("Labels", .object(labels.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) })),
            .init("HostConfig", .object(host)),
        ]
        if !command.isEmpty { members.append(.init("Cmd", .array(command.map(JSON.string)))) }
        if let network {
            members.append(.init("NetworkingConfig", ["EndpointsConfig": .object([.init(network.name, .object([]))])]))
        }
        return .object(members)
    }

    private var host: [JSON.Member] {
        var members = Self.limits(size)
        members += [
            .init("PidsLimit", JSON(Self.processes)),
            .init("SecurityOpt", ["no-new-privileges"]),
            .init("RestartPolicy", ["Name": "no"]),
            .init("CgroupnsMode", "private"),  // with version 1 of cgroups the standard is the host's
            .init("Mounts", .array(volumes.map(Self.mount))),
        ]
        if let network { members.append(.init("NetworkMode", .string(network.name))) }
        return members
    }

    private static func mount(_ mount: Mount) -> JSON {
        ["Type": "volume", "Source": .string(mount.volume.name), "Target": .string(mount.path)]
    }

    /// As both creating and updating take them. Memory and swap together are limited to the memory, so an instance cannot swap.
    static func limits(_ size: Capacity) -> [JSON.Member] {
        let memory = JSON(size.memoryMiB << 20)
        return [.init("NanoCpus", JSON(size.milliCPUs * 1_000_000)), .init("Memory", memory), .init("MemorySwap", memory)]
    }
}
