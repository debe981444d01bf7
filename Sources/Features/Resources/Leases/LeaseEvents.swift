import Kernel
import Provider
import Web

enum LeaseEvents {
    private static let lease: [Schema.Field] = [
        .required("kind", .choice(of: ResourceKind.self)), .required("name", .string(1...63)), .required("project_id", .id("proj")),
        .required("holder", .string(0...200, .text, "Who took it.")), .required("expires_at", .timestamp()),
    ]

    static let types = [
        EventType("lease.taken", "A resource is kept to one caller until `expires_at`, when the lease ends by itself.", data: lease),
        EventType("lease.renewed", "Its holder keeps a lease for longer.", data: lease),
        EventType(
            "lease.released", "A lease was ended before its time.",
            data: lease + [.required("forced", .boolean("By an admin, and not by its holder."))]),
    ]
}
