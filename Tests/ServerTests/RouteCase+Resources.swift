import Kernel
import Server

extension RouteCase {
    static let resources: [String: RouteCase] = [
        connections, instances, volumes, networks, buckets, addresses, firewalls, snapshots, operations, drift, discoveries, releases,
        leases,
    ].reduce(into: [:]) { all, cases in
        all.merge(cases) { one, _ in one }
    }

    private static let connections: [String: RouteCase] = [
        "GET /v1/connections": RouteCase(),
        "POST /v1/connections": RouteCase(
            body: { _ in ["name": "another", "provider": "simulator", "settings": ["latency_ms": 0]] },
            reference: .init(
                noun: .project, query: nil,
                body: { ["name": "theirs", "provider": "simulator", "settings": ["latency_ms": 0], "project_ids": [.string($0)]] })),
        "GET /v1/connections/{id}": RouteCase(path: [.connection]),
        "PATCH /v1/connections/{id}": RouteCase(path: [.connection], body: { _ in ["name": "renamed"] }),
        "DELETE /v1/connections/{id}": RouteCase(path: [.connection]),
        "POST /v1/connections/{id}/verify": RouteCase(path: [.connection]),
        "GET /v1/providers": RouteCase(),
        "GET /v1/providers/{id}/capabilities": RouteCase(path: [.connection]),
        "POST /v1/placements/resolve": RouteCase(
            body: { ["kind": "volume", "project_id": .string($0.outcome.project.rawValue)] },
            reference: .init(noun: .project, query: nil, body: { ["kind": "volume", "project_id": .string($0)] }),
            otherReference: .init(noun: .connection) { id, estate in
                [
                    "kind": "volume", "project_id": .string(estate.outcome.project.rawValue),
                    "requirements": ["providers": [.string(id)]],
                ]
            }),
        "GET /v1/resources": RouteCase(
            reference: .init(noun: .project, query: { "project_id=\($0)" }, body: nil),
            otherReference: .init(noun: .connection, query: { "provider=\($0)" }, body: nil)),
        "GET /v1/resources/{id}": RouteCase(path: [.volume]),
        "GET /v1/resources/{id}/history": RouteCase(path: [.volume]),
        "GET /v1/resources/{id}/diff": RouteCase(path: [.volume], query: { _ in "from=2020-01-01T00:00:00Z" }),
    ]

    private static let instances: [String: RouteCase] = collection("instances", .instance, change: ["size": "s-2"]).merging([
        "POST /v1/instances/{id}/undelete": RouteCase(path: [.deletedInstance]),
        "POST /v1/instances/{id}/actions/start": RouteCase(path: [.instance]),
        "POST /v1/instances/{id}/actions/stop": RouteCase(path: [.instance]),
        "POST /v1/instances/{id}/actions/restart": RouteCase(path: [.runningInstance]),
        "POST /v1/instances/{id}/actions/resize": RouteCase(path: [.instance], body: { _ in ["size": "s-4"] }),
        "POST /v1/instances/{id}/actions/attach-volume": RouteCase(
            path: [.runningInstance], body: { ["volume_id": .string($0[.volume]), "path": "/data"] }),
        "POST /v1/instances/{id}/actions/detach-volume": RouteCase(
            path: [.runningInstance], body: { ["volume_id": .string($0[.volume])] }),
        "POST /v1/instances/{id}/actions/attach-ip": RouteCase(path: [.instance], body: { ["ip_id": .string($0[.address])] }),
        "POST /v1/instances/{id}/actions/detach-ip": RouteCase(path: [.instance], body: { ["ip_id": .string($0[.address])] }),
        "GET /v1/instances/{id}/metrics": RouteCase(path: [.instance]),
        "GET /v1/instances/{id}/logs": RouteCase(path: [.instance]),
    ]) { one, _ in one }

    private static let volumes: [String: RouteCase] = collection("volumes", .volume, change: ["size_gib": 30]).merging([
        "POST /v1/volumes/{id}/undelete": RouteCase(path: [.deletedVolume]),
        "PUT /v1/volumes/{id}": RouteCase(
            path: [.resourceName], body: { Estate.draft(nil, in: $0.outcome.project.rawValue) },
            reference: .init(noun: .project) { id, _ in Estate.draft(nil, in: id) },
            otherReference: .init(noun: .snapshot) { id, estate in
                Estate.draft(nil, in: estate.outcome.project.rawValue, spec: ["from_snapshot": .string(id)])
            }),
        "POST /v1/volumes/{id}/actions/attach": RouteCase(
            path: [.volume], body: { ["instance_id": .string($0[.runningInstance]), "path": "/data"] }),
        "POST /v1/volumes/{id}/actions/detach": RouteCase(path: [.volume]),
        "POST /v1/volumes/{id}/actions/resize": RouteCase(path: [.volume], body: { _ in ["size_gib": 20] }),
        "POST /v1/volumes/{id}/actions/snapshot": RouteCase(path: [.sourceVolume], body: { _ in ["labels": ["tier": "web"]] }),
    ]) { _, other in other }

    private static let networks: [String: RouteCase] = collection("networks", .network, change: .object([])).merging([
        "POST /v1/networks/{id}/undelete": RouteCase(path: [.deletedNetwork]),
        "POST /v1/networks/{id}/actions/attach": RouteCase(path: [.network], body: { ["instance_id": .string($0[.runningInstance])] }),
        "POST /v1/networks/{id}/actions/detach": RouteCase(path: [.network], body: { ["instance_id": .string($0[.runningInstance])] }),
    ]) { one, _ in one }

    private static let buckets: [String: RouteCase] = collection("buckets", .bucket, change: ["versioning": true]).merging([
        "POST /v1/buckets/{id}/undelete": RouteCase(path: [.deletedBucket]),
        "POST /v1/buckets/{id}/actions/empty": RouteCase(path: [.bucket]),
    ]) { one, _ in one }

    private static let addresses: [String: RouteCase] = collection("ips", .address, change: ["reverse_dns": "www.example.com"]).merging([
        "POST /v1/ips/{id}/actions/attach": RouteCase(path: [.address], body: { ["instance_id": .string($0[.runningInstance])] }),
        "POST /v1/ips/{id}/actions/detach": RouteCase(path: [.address]),
    ]) { one, _ in one }

    private static let firewalls: [String: RouteCase] = collection("firewalls", .firewall, change: ["rules": []]).merging([
        "POST /v1/firewalls/{id}/undelete": RouteCase(path: [.deletedFirewall]),
        "POST /v1/firewalls/{id}/actions/apply": RouteCase(path: [.firewall]),
    ]) { one, _ in one }

    private static let snapshots: [String: RouteCase] = {
        var cases = collection("snapshots", .snapshot, change: .object([])) { Estate.snapshot(of: $0[.sourceVolume]) }
        cases["POST /v1/snapshots"]?.otherReference = .init(noun: .sourceVolume) { id, estate in
            Estate.draft("theirs", in: estate.outcome.project.rawValue, spec: Estate.snapshot(of: id))
        }
        return cases
    }()

    private static let operations: [String: RouteCase] = [
        "GET /v1/operations": RouteCase(
            reference: .init(noun: .project, query: { "project_id=\($0)" }, body: nil),
            otherReference: .init(noun: .instance, query: { "resource=\($0)" }, body: nil)),
        "GET /v1/operations/{id}": RouteCase(path: [.operation]),
        "POST /v1/operations/{id}/cancel": RouteCase(path: [.operation]),
        "POST /v1/operations/{id}/retry": RouteCase(path: [.operation]),
        "POST /v1/operations/{id}/resolve": RouteCase(path: [.blockedOperation], body: { _ in ["decision": "forget"] }),
    ]

    private static let drift: [String: RouteCase] = [
        "GET /v1/drift": RouteCase(
            reference: .init(noun: .project, query: { "project_id=\($0)" }, body: nil),
            otherReference: .init(noun: .volume, query: { "resource=\($0)" }, body: nil)),
        "GET /v1/drift/{id}": RouteCase(path: [.drift]),
        "POST /v1/drift/{id}/revert": RouteCase(path: [.revertibleDrift]),
        "POST /v1/drift/{id}/accept": RouteCase(path: [.drift]),
        "POST /v1/drift/{id}/ignore": RouteCase(path: [.ignorableDrift]),
    ]

    private static let discoveries: [String: RouteCase] = [
        "GET /v1/discoveries": RouteCase(reference: .init(noun: .connection, query: { "connection=\($0)" }, body: nil)),
        "POST /v1/discoveries": RouteCase(
            body: { ["connection": .string($0[.connection])] },
            reference: .init(noun: .connection, query: nil, body: { ["connection": .string($0)] })),
        "GET /v1/discoveries/{id}": RouteCase(path: [.discovery]),
        "POST /v1/discoveries/{id}/adopt": RouteCase(
            path: [.discovery],
            body: { estate in
                ["items": [["provider_ref": "stranger", "name": "found", "project_id": .string(estate.outcome.project.rawValue)]]]
            }),
    ]

    private static let releases = [
        ("instances", Estate.Noun.adoptedInstance), ("volumes", .adoptedVolume), ("networks", .adoptedNetwork), ("buckets", .adoptedBucket),
        ("ips", .adoptedAddress), ("firewalls", .adoptedFirewall), ("snapshots", .adoptedSnapshot),
    ].reduce(into: [String: RouteCase]()) { all, one in
        all["POST /v1/\(one.0)/{id}/actions/release"] = RouteCase(path: [one.1])
    }

    private static let leases = [
        ("instances", Estate.Noun.deletedInstance), ("volumes", .deletedVolume), ("networks", .deletedNetwork), ("buckets", .deletedBucket),
        ("ips", .leasedAddress), ("firewalls", .deletedFirewall), ("snapshots", .leasedSnapshot),
    ].reduce(into: [String: RouteCase]()) { all, one in
        all["POST /v1/\(one.0)/{id}/lease"] = RouteCase(path: [one.1], body: { _ in ["ttl_s": 30] })
        all["DELETE /v1/\(one.0)/{id}/lease"] = RouteCase(path: [one.1], query: { _ in "force=true" })
    }

    /// What every kind has alike. `change` is what a patch says of the spec, `spec` what a create cannot go without.
    private static func collection(
        _ name: String, _ noun: Estate.Noun, change: JSON, spec: @escaping @Sendable (Estate) -> JSON? = { _ in nil }
    ) -> [String: RouteCase] {
        let path = "/v1/" + name
        return [
            "GET \(path)": RouteCase(
                reference: .init(noun: .project, query: { "project_id=\($0)" }, body: nil),
                otherReference: .init(noun: .connection, query: { "provider=\($0)" }, body: nil)),
            "POST \(path)": RouteCase(
                body: { Estate.draft("made", in: $0.outcome.project.rawValue, spec: spec($0)) },
                reference: .init(noun: .project) { id, estate in Estate.draft("theirs", in: id, spec: spec(estate)) },
                otherReference: .init(noun: .connection) { id, estate in
                    Estate.draft("theirs", in: estate.outcome.project.rawValue, at: id, spec: spec(estate))
                }),
            "GET \(path)/{id}": RouteCase(path: [noun]),
            "PATCH \(path)/{id}": RouteCase(path: [noun], body: { _ in ["labels": ["tier": "web"], "spec": change] }),
            "PUT \(path)/{id}": RouteCase(
                path: [.resourceName], body: { Estate.draft(nil, in: $0.outcome.project.rawValue, spec: spec($0)) },
                reference: .init(noun: .project) { id, estate in Estate.draft(nil, in: id, spec: spec(estate)) }),
            "DELETE \(path)/{id}": RouteCase(path: [noun]),
            "POST \(path)/{id}/actions/refresh": RouteCase(path: [noun]),
        ]
    }
}
