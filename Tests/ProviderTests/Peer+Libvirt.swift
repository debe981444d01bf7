import Foundation
import Kernel
import Outgoing
import Provider

#if LIBVIRT
    import Libvirt

    extension Peer {
        /// The daemon whose socket stands in CLOUDAPI_TEST_LIBVIRT as unix://…, with the pools and the image of scripts/peers/libvirt.sh. Its
        /// machines boot a whole kernel under QEMU's interpreter, which takes its time, and memory.
        static func libvirt() throws -> Peer {
            guard let endpoint = ProcessInfo.processInfo.environment["CLOUDAPI_TEST_LIBVIRT"], endpoint.hasPrefix("unix://") else {
                throw Missing(variable: "CLOUDAPI_TEST_LIBVIRT")
            }
            let socket = String(endpoint.dropFirst("unix://".count))
            return Peer(
                driver: LibvirtDriver(allowing: Egress(ranges: [], sockets: [socket])),
                settings: [
                    "uri": .string("qemu+unix:///system?socket=" + socket), "storage_pool": "cloudapi", "image_pool": "cloudapi-images",
                    "domain_type": "qemu", "stop_seconds": 20,
                ],
                image: "tiny", runsCommands: false, size: Capacity(milliCPUs: 1000, memoryMiB: 128),
                largerSize: Capacity(milliCPUs: 1500, memoryMiB: 160))
        }
    }
#else
    extension Peer {
        static func libvirt() throws -> Peer {
            throw Missing(variable: "CLOUDAPI_LIBVIRT=1 was not set for the build, and CLOUDAPI_TEST_LIBVIRT")
        }
    }
#endif
