import Kernel
import Provider
package import Storage
package import Web

/// The resources and operations of a trace, and where their usage is seen.
package struct ResourceTrace: TraceSource {
    package init() {}

    package func links(of trace: Trace, _ connection: Connection) throws -> [TraceLink] {
        let resources = trace.resources.flatMap { id in
            let kind = ResourceKind.allCases.first { id.hasPrefix($0.idPrefix + "_") }
            return kind.map { Self.links(to: id, $0) } ?? []
        }
        let operations = trace.operations.map { TraceLink("operation", id: $0.rawValue, href: "/v1/operations/\($0)") }
        return resources + operations
    }

    private static func links(to id: String, _ kind: ResourceKind) -> [TraceLink] {
        let path = "/v1/\(kind.collection)/\(id)"
        let resource = TraceLink("resource", id: id, href: path)
        return kind == .instance ? [resource, TraceLink("usage", id: id, href: path + "/metrics")] : [resource]
    }
}
