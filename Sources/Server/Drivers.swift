import AWS
import Docker
import Outgoing
import Provider
import Simulator
import Storage

#if LIBVIRT
    import Libvirt
#endif

/// One driver of each sort, whatever this server was built with: which providers there are, and so what the API describes, is always the same.
enum Drivers {
    static func all(store: Store, allowing egress: Egress) -> [any ProviderDriver] {
        let outgoing = Outgoing(allowing: egress)
        return [
            SimulatorDriver(store: store), DockerDriver(outgoing: outgoing), AWSDriver(outgoing: outgoing), S3Driver(outgoing: outgoing),
            libvirt(allowing: egress),
        ]
    }

    private static func libvirt(allowing egress: Egress) -> any ProviderDriver {
        #if LIBVIRT
            LibvirtDriver(allowing: egress)
        #else
            AbsentDriver(name: "libvirt", advice: "install libvirt-dev and build it with CLOUDAPI_LIBVIRT=1")
        #endif
    }
}
