import Kernel
import Web

/// What can be made on a page, and what its form asks for. Where a spec has lists, a line of text is an entry.
enum NewResourceKind: String, CaseIterable, Sendable {
    case instance, volume, network, bucket, ip, firewall, snapshot

    /// Throws `not_found`.
    init(_ visit: Visit) throws {
        guard let kind = Self(rawValue: visit.parameter("kind")) else { throw Problem.notFound("page") }
        self = kind
    }

    var scope: Scope {
        switch self {
        case .instance: .instancesWrite
        case .volume: .volumesWrite
        case .network: .networksWrite
        case .bucket: .bucketsWrite
        case .ip: .ipsWrite
        case .firewall: .firewallsWrite
        case .snapshot: .snapshotsWrite
        }
    }

    var call: String { "/v1/\(rawValue)s" }
    var noun: String { self == .ip ? "address" : rawValue }

    // MARK: What is asked for

    func fields(_ visit: Visit) async throws -> [FormPart.Field] {
        switch self {
        case .instance: try await Self.ofInstance(visit)
        case .volume:
            [
                .text("size_gib", "Size, in GiB", "10", hint: "Of a snapshot, its own size when left out.", most: 9),
                .text("from_snapshot", "Snapshot (optional)", hint: "What is on it from the start, by id or name.", most: 100),
            ]
        case .snapshot: [.text("volume_id", "Volume", hint: "By id or name.", most: 100, isRequired: true)]
        case .network:
            [
                .text("cidr", "Range (optional)", hint: "One that is free when left out.", placeholder: "10.20.0.0/24", most: 43),
                .box("nat", "Outside", "Reaches the world outside", isTicked: true),
            ]
        case .bucket:
            [
                .box("public", "Readers", "Anybody may read what is in it", isTicked: false),
                .box("versioning", "Versions", "Keep what is overwritten or deleted", isTicked: false),
                .text("expire_days", "Days that objects are kept (optional)", hint: "For ever when left out.", most: 5),
            ]
        case .ip:
            [
                .pick("family", "Family", [("ipv4", "IPv4"), ("ipv6", "IPv6")], chosen: "ipv4"),
                .text("reverse_dns", "Reverse name (optional)", placeholder: "mail.example.com", most: 253),
            ]
        case .firewall:
            [
                .area(
                    "rules", "Rules",
                    hint:
                        "One a line: ingress or egress, a protocol, ports (any, or parted by commas), ranges. What no rule lets in stays out.",
                    placeholder: "ingress tcp 443,8000-8100 0.0.0.0/0"),
                .text("apply_to", "Instances, by label (optional)", placeholder: "team=core,tier!=dev", most: 1000),
            ]
        }
    }

    private static func ofInstance(_ visit: Visit) async throws -> [FormPart.Field] {
        let sizes = try await visit.getIfAllowed("/v1/sizes")
        let offers = (sizes?["data"] ?? sizes?["items"])?.array ?? []
        return [
            offers.isEmpty
                ? .text("size", "Size", "s-1", most: 20, isRequired: true)
                : .select("size", "Size", offers.map { ($0.text("name"), words(of: $0)) }, chosen: "s-1"),
            .text("image", "Image", "debian-12", hint: "An alias such as debian-12, or an image reference.", most: 255),
            .text("network_id", "Network (optional)", hint: "By id or name.", most: 100),
            .text("ip_ids", "Public address (optional)", hint: "By id or name.", most: 100),
            .area("volumes", "Volumes (optional)", hint: "name=path, one a line.", placeholder: "data=/var/lib/data"),
            .area(
                "env", "Environment (optional)", hint: "NAME=value, one a line. Values are kept sealed and not shown again.",
                placeholder: "LOG_LEVEL=info"),
            .area(
                "command", "Command (optional)", hint: "Instead of the image's own: each word on a line of its own.", placeholder: "serve"),
        ]
    }

    /// `s-1: 1 CPU, 1 GiB, 0.0070 USD an hour`.
    private static func words(of offer: JSON) -> String {
        let cpus = (ExactDecimal(offer.text("milli_cpus")) ?? 0).divided(by: 1000, scale: 3).formatted(minimumPlaces: 0)
        let memory = Words.bytes(Int64(offer.count("memory_mib")) << 20)
        let price = offer.text("hourly").isEmpty ? "" : ", \(offer.text("hourly")) \(offer.text("currency")) an hour"
        return "\(offer.text("name")): \(cpus) \(cpus == "1" ? "CPU" : "CPUs"), \(memory)\(price)"
    }

    // MARK: What was said

    /// The spec as the call takes it. Throws `validation_failed` for a line that cannot be read.
    func spec(_ form: Form) throws -> JSON {
        func text(_ name: String) -> JSON? { form.text(name).isEmpty ? nil : .string(form.text(name)) }
        func number(_ name: String) -> JSON? { Int64(form.text(name)).map { .integer($0) } ?? text(name) }
        let members: [(String, JSON?)] =
            switch self {
            case .instance:
                [
                    ("size", text("size")), ("image", text("image")), ("network_id", text("network_id")),
                    ("ip_ids", text("ip_ids").map { .array([$0]) }),
                    ("volumes", try form.pairs("volumes", "A volume is written name=path").map(Self.volumes)),
                    ("env", try form.pairs("env", "A variable is written NAME=value").map { .object($0) }),
                    ("command", form.lines("command").isEmpty ? nil : .array(form.lines("command").map(JSON.string))),
                ]
            case .volume: [("size_gib", number("size_gib")), ("from_snapshot", text("from_snapshot"))]
            case .snapshot: [("volume_id", text("volume_id"))]
            case .network: [("cidr", text("cidr")), ("nat", .bool(form["nat"] == "yes"))]
            case .bucket:
                [
                    ("public", .bool(form["public"] == "yes")), ("versioning", .bool(form["versioning"] == "yes")),
                    ("expire_days", number("expire_days")),
                ]
            case .ip: [("family", text("family")), ("reverse_dns", text("reverse_dns"))]
            case .firewall:
                [("rules", .array(try form.lines("rules").map(Self.rule))), ("apply_to", text("apply_to").map { ["selector": $0] })]
            }
        return .object(members.compactMap { name, value in value.map { .init(name, $0) } })
    }

    private static func volumes(_ pairs: [JSON.Member]) -> JSON {
        .array(pairs.map { ["volume_id": .string($0.name), "path": $0.value] })
    }

    /// `ingress tcp 443,8000-8100 0.0.0.0/0`.
    private static func rule(_ line: String) throws -> JSON {
        let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
        guard words.count == 4 else {
            throw Problem.invalid("rules", "A rule is written ingress tcp 443 0.0.0.0/0; “\(line.prefix(60))” is not.")
        }
        func list(_ text: String) -> JSON { .array(text.split(separator: ",").map { .string(String($0)) }) }
        return [
            "direction": .string(words[0]), "protocol": .string(words[1]), "ports": words[2] == "any" ? .array([]) : list(words[2]),
            "cidrs": list(words[3]),
        ]
    }
}

extension Form {
    /// Lines of `name=value`; nil when there are none. Throws `validation_failed`.
    func pairs(_ name: String, _ form: String) throws -> [JSON.Member]? {
        let pairs = try lines(name).map { line in
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2 else { throw Problem.invalid(name, "\(form); “\(line.prefix(60))” is not.") }
            return JSON.Member(parts[0], .string(parts[1]))
        }
        return pairs.isEmpty ? nil : pairs
    }
}
