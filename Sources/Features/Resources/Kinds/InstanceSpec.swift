package import Kernel
import Prices
package import Provider
import Web

/// A machine that runs: a container, a virtual machine.
package struct InstanceSpec: Sendable, Equatable {
    package var size: String
    package var image: String
    package var power: Power
    package var networks: [ResourceID]
    package var volumes: [Attachment]
    /// Public addresses it has.
    package var addresses: [ResourceID]
    package var command: [String]
    /// Names and digests only: the values may be secrets, and are sealed.
    package var environment: [String]
    package var environmentDigest: String?
    package var userDataDigest: String?

    package struct Attachment: Sendable, Equatable {
        package let volume: ResourceID
        package let path: String
    }

    package static let standard = InstanceSpec(.object([]))

    package init(_ json: JSON) {
        size = json["size"]?.string ?? "s-1"
        image = json["image"]?.string ?? "debian-12"
        power = json["power"]?.string.flatMap(Power.init) ?? .running
        networks = (json["network_ids"]?.array ?? []).compactMap(\.string).map { ResourceID($0) }
        volumes = (json["volumes"]?.array ?? []).compactMap { entry in
            guard let volume = entry["volume_id"]?.string, let path = entry["path"]?.string else { return nil }
            return Attachment(volume: ResourceID(volume), path: path)
        }
        addresses = (json["ip_ids"]?.array ?? []).compactMap(\.string).map { ResourceID($0) }
        command = (json["command"]?.array ?? []).compactMap(\.string)
        environment = (json["env_names"]?.array ?? []).compactMap(\.string)
        environmentDigest = json["env_sha256"]?.string
        userDataDigest = json["user_data_sha256"]?.string
    }

    package var json: JSON {
        [
            "size": .string(size), "image": .string(image), "power": .string(power.rawValue),
            "network_ids": .array(networks.map { .string($0.rawValue) }),
            "volumes": .array(volumes.map { ["volume_id": .string($0.volume.rawValue), "path": .string($0.path)] }),
            "ip_ids": .array(addresses.map { .string($0.rawValue) }), "command": .array(command.map(JSON.string)),
            "env_names": .array(environment.map(JSON.string)),
            "env_sha256": JSON(environmentDigest), "user_data_sha256": JSON(userDataDigest),
        ]
    }

    /// Every size there is has an entry; a spec is only kept when its size is one of them.
    package var capacity: Capacity {
        let size = InstanceSize.named(size)
        return Capacity(milliCPUs: size?.milliCPUs ?? 0, memoryMiB: size?.memoryMiB ?? 0)
    }

    var references: [Reference] {
        networks.map { Reference(id: $0, relation: .network) } + volumes.map { Reference(id: $0.volume, relation: .volume) }
            + addresses.map { Reference(id: $0, relation: .address) }
    }

    /// A stopped instance keeps its place in the quotas and costs nothing.
    var demand: Demand {
        Demand(
            lines: power == .running ? [.init(sku: "instance." + size, units: 1)] : [],
            counts: [.instances: 1, .milliCPUs: capacity.milliCPUs, .memoryMiB: capacity.memoryMiB])
    }

    var alternatives: [(name: String, demand: Demand)] {
        InstanceSize.all.filter { $0.memoryMiB < capacity.memoryMiB }.sorted { $0.memoryMiB > $1.memoryMiB }.map { size in
            var smaller = self
            smaller.size = size.name
            return (size.name, smaller.demand)
        }
    }
}

extension InstanceSpec {
    static var sizeSchema: Schema { .choice(InstanceSize.all.map(\.name), "See `GET /v1/sizes`.") }
    static let powerSchema = Schema.choice([Power.running.rawValue, Power.stopped.rawValue], "Whether it is to run.")
    static let pathSchema = Schema.string(2...255, .absolutePath, "Where it appears inside: an absolute path.")

    /// What a create may say.
    static var draftSchema: Schema {
        .object([
            .optional("size", sizeSchema),
            .optional("image", .string(1...255, .name, "An alias such as `debian-12`, or an image reference.")),
            .optional("power", powerSchema), .optional("network_id", .string(1...100, .name, "One network, by id or name.")),
            .optional("network_ids", .array(.string(1...100, .name), 0...8)),
            .optional(
                "volumes",
                .array(.object([.required("volume_id", .string(1...100, .name, "By id or name.")), .required("path", pathSchema)]), 0...16)),
            .optional("ip_ids", .array(.string(1...100, .name), 0...8, "Public addresses, by id or name.")),
            .optional("command", .array(.string(0...4096, .echo), 0...64, "Replaces the image's command.")),
            .optional(
                "env", Schema(.map(.string(0...8192, .echo)), "Environment variables. The values are kept sealed and not shown again.")),
            .optional("user_data", .string(1...16_384, .echo, "For cloud-init. Kept sealed and not shown again.")),
        ])
    }

    /// What an update may say: what can change.
    static var changeSchema: Schema {
        .object([.optional("size", sizeSchema), .optional("power", powerSchema)])
    }

    static var schema: Schema {
        .object([
            .required("size", sizeSchema), .required("image", .string(1...255)), .required("power", powerSchema),
            .required("network_ids", .array(.id("net"))),
            .required("volumes", .array(.object([.required("volume_id", .id("vol")), .required("path", .string(1...255))]))),
            .required("ip_ids", .array(.id("ip"))), .required("command", .array(.string(0...4096, .echo))),
            .required("env_names", .array(.string(0...255, .echo))),
            .required("env_sha256", Schema.string(64...64).nullable), .required("user_data_sha256", Schema.string(64...64).nullable),
        ])
    }
}
