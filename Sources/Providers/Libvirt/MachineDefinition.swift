import Kernel
import Provider

/// A machine as libvirt is told of it, and all that we ever say there.
///
/// A closed type on purpose: there is no field for a device of the host, a folder, a program or a command line of QEMU, so no order can ask
/// for them. Disks and kernels are files that libvirt itself names as those of its pools.
struct MachineDefinition: Sendable {
    var subject: Subject
    var uuid: String
    var mark: XMLTree
    var emulation: LibvirtSettings.Emulation
    var architecture: String
    var size: Capacity
    var boot: Boot
    var cards: [Card]
    var disks: [DiskDevice]

    /// What it begins with: a disk, or a kernel of the host's.
    struct Boot: Sendable {
        var kernel: String?
        var initialDisk: String?
    }

    struct Card: Sendable, Equatable {
        let address: String
        let network: String

        var device: XMLTree {
            XMLTree(
                "interface", ["type": "network"],
                [
                    XMLTree("mac", ["address": address]), XMLTree("source", ["network": network]), XMLTree("model", ["type": "virtio"]),
                ])
        }
    }

    struct DiskDevice: Sendable, Equatable {
        let path: String
        /// `vda`.
        let target: String
        /// By which the machine finds it under /dev/disk/by-id; 20 bytes are all there is room for.
        let serial: String

        var device: XMLTree {
            XMLTree(
                "disk", ["type": "file", "device": "disk"],
                [
                    XMLTree("driver", ["name": "qemu", "type": "qcow2", "discard": "unmap"]), XMLTree("source", ["file": path]),
                    XMLTree("target", ["dev": target, "bus": "virtio"]), XMLTree("serial", text: String(serial.suffix(20))),
                ])
        }
    }

    var markup: XMLTree {
        var root: [XMLTree] = [
            XMLTree("name", text: subject.name), XMLTree("uuid", text: uuid), Site.metadata(mark),
            XMLTree("memory", ["unit": "MiB"], text: String(size.memoryMiB)), XMLTree("vcpu", text: String(Self.processors(size))),
        ]
        if let share = Self.share(size) {
            root.append(
                XMLTree(
                    "cputune",
                    [XMLTree("global_period", text: String(share.period)), XMLTree("global_quota", text: String(share.quota))]))
        }
        if emulation == .kvm { root.append(XMLTree("cpu", ["mode": "host-model"])) }
        return XMLTree(
            "domain", ["type": emulation.rawValue],
            root + [
                system, XMLTree("features", [XMLTree("acpi"), XMLTree("apic")]), XMLTree("on_poweroff", text: "destroy"),
                XMLTree("on_reboot", text: "restart"), XMLTree("on_crash", text: "destroy"), XMLTree("devices", devices),
            ])
    }

    private var system: XMLTree {
        var type = ["arch": architecture]
        if architecture == "x86_64" { type["machine"] = "pc" }  // takes disks and cards while it runs without slots laid in before
        var parts = [XMLTree("type", type, text: "hvm")]
        if let kernel = boot.kernel {
            parts.append(XMLTree("kernel", text: kernel))
            if let initialDisk = boot.initialDisk { parts.append(XMLTree("initrd", text: initialDisk)) }
            parts.append(XMLTree("cmdline", text: "console=ttyS0 root=/dev/vda quiet panic=-1"))
        } else {
            parts.append(XMLTree("boot", ["dev": "hd"]))
        }
        return XMLTree("os", parts)
    }

    private var devices: [XMLTree] {
        disks.map(\.device) + cards.map(\.device) + [
            XMLTree("serial", ["type": "pty"]), XMLTree("console", ["type": "pty"]), XMLTree("memballoon", ["model": "virtio"]),
            XMLTree("rng", ["model": "virtio"], [XMLTree("backend", ["model": "random"], text: "/dev/urandom")]),
        ]
    }
}

extension MachineDefinition {
    /// Microseconds over which a share of the processors is counted.
    static let period = 100_000

    static func processors(_ size: Capacity) -> Int { max((size.milliCPUs + 999) / 1000, 1) }

    /// Whole processors need no share: there are only so many.
    static func share(_ size: Capacity) -> (period: Int, quota: Int)? {
        size.milliCPUs % 1000 == 0 ? nil : (period, max(size.milliCPUs * period / 1000, 1000))
    }

    static func share(in definition: XMLTree) -> (period: Int, quota: Int)? {
        guard let quota = definition["cputune"]?.string("global_quota").flatMap({ Int($0) }), quota > 0 else { return nil }
        return (definition["cputune"]?.string("global_period").flatMap { Int($0) } ?? period, quota)
    }

    static func size(_ definition: XMLTree) -> Capacity? {
        guard let memory = definition["memory"], let amount = Int(memory.text), let vcpu = definition.string("vcpu").flatMap({ Int($0) }),
            memory.attributes["unit"] ?? "KiB" == "KiB"
        else { return nil }
        let share = share(in: definition).map { $0.quota * 1000 / max($0.period, 1) }
        return Capacity(milliCPUs: min(share ?? vcpu * 1000, vcpu * 1000), memoryMiB: amount >> 10)
    }

    static func cards(in definition: XMLTree) -> [Card] {
        (definition["devices"]?.children ?? []).filter { $0.name == "interface" }.compactMap { device in
            guard let address = device["mac"]?.attributes["address"], let network = device["source"]?.attributes["network"] else {
                return nil
            }
            return Card(address: address.lowercased(), network: network)
        }
    }

    static func disks(in definition: XMLTree) -> [DiskDevice] {
        (definition["devices"]?.children ?? []).filter { $0.name == "disk" }.compactMap { device in
            guard let path = device["source"]?.attributes["file"], let target = device["target"]?.attributes["dev"] else { return nil }
            return DiskDevice(path: path, target: target, serial: device.string("serial") ?? "")
        }
    }
}
