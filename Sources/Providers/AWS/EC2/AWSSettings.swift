import Kernel

/// A connection's settings, read from what has no violations.
struct AWSSettings: Sendable {
    let endpoint: AWSEndpoint
    let zone: String
    let images: [String: String]
    private let roleARN: String?
    private let externalID: String?

    struct Invalid: Error {
        let violations: [Problem.Violation]
    }

    init(_ json: JSON) throws(Invalid) {
        let found = Self.violations(json)
        guard found.isEmpty, let region = json["region"]?.string else { throw Invalid(violations: found) }
        var custom = json["endpoint"]?.string
        if custom?.hasSuffix("/") == true { custom?.removeLast() }
        endpoint = AWSEndpoint(region: region, custom: custom)
        zone = json["zone"]?.string ?? region + "a"
        images = Dictionary((json["images"]?.members ?? []).map { ($0.name, $0.value.string ?? "") }) { $1 }
        roleARN = json["role_arn"]?.string
        externalID = json["external_id"]?.string
    }

    func role(sessionName: String) -> AWSRole? {
        roleARN.map { AWSRole(arn: $0, externalID: externalID, sessionName: String(sessionName.replacing("_", with: "-").prefix(64))) }
    }
}

extension AWSSettings {
    private static let names = ["region", "zone", "endpoint", "role_arn", "external_id", "images"]

    static func violations(_ settings: JSON) -> [Problem.Violation] {
        guard let members = settings.members else { return [.init(pointer: "/settings", code: "type", detail: "must be an object")] }
        var form = AWSForm(settings, at: "/settings")
        form.refuseUnknown(among: names)
        form.text("region", isRequired: true, "must be a region such as eu-central-1", isRegion)
        let region = settings["region"]?.string ?? ""
        form.text("zone", "must be a zone of the region, such as \(region)a") {
            $0.hasPrefix(region) && $0.utf8.count > region.utf8.count && isWord($0, also: "-")
        }
        form.text("endpoint", "must be https:// or http:// with a host and a port and nothing else", isEndpoint)
        form.text("role_arn", "must be a role such as arn:aws:iam::123456789012:role/cloudapi", isRole)
        form.text("external_id", "must have 2 to 1224 letters, digits and +=,.@:/-") {
            (2...1224).contains($0.utf8.count) && isWord($0, also: "_+=,.@:/-")
        }
        if settings["external_id"] != nil, settings["role_arn"] == nil {
            form.add("/external_id", "combination", "is used with role_arn only")
        }
        if members.contains(where: { $0.name == "images" }) { form.images() }
        return form.found
    }

    static func violations(secret: JSON?) -> [Problem.Violation] {
        guard let secret, secret != .null else { return [.init(pointer: "/secret", code: "required", detail: "is required")] }
        guard secret.members != nil else { return [.init(pointer: "/secret", code: "type", detail: "must be an object")] }
        var form = AWSForm(secret, at: "/secret")
        form.refuseUnknown(among: ["access_key_id", "secret_access_key", "session_token"])
        form.text("access_key_id", isRequired: true, "must have 16 to 128 letters and digits") {
            (16...128).contains($0.utf8.count) && isWord($0, also: "_")
        }
        form.text("secret_access_key", isRequired: true, "must have 1 to 1024 letters and marks") {
            (1...1024).contains($0.utf8.count) && isPrintable($0)
        }
        form.text("session_token", "must have 1 to 16384 letters and marks") { (1...16_384).contains($0.utf8.count) && isPrintable($0) }
        return form.found
    }

    // MARK: Forms

    /// `us-east-1`, `us-gov-west-1`.
    private static func isRegion(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard (3...5).contains(parts.count), text.utf8.count <= 32, let last = parts.last else { return false }
        return parts.dropLast().allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) } }
            && !last.isEmpty && last.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    private static func isEndpoint(_ text: String) -> Bool {
        guard let scheme = ["https://", "http://"].first(where: text.hasPrefix) else { return false }
        var authority = text.dropFirst(scheme.count)
        if authority.hasSuffix("/") { authority = authority.dropLast() }
        guard !authority.isEmpty, !authority.hasPrefix(":"), isWord(String(authority), also: "-_.:[]") else { return false }
        let afterHost = authority.lastIndex(of: "]").map { authority[authority.index(after: $0)...] } ?? authority.drop { $0 != ":" }
        guard afterHost.hasPrefix(":") else { return afterHost.isEmpty }
        return Int(afterHost.dropFirst()).map((1...65_535).contains) ?? false
    }

    private static func isRole(_ text: String) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "arn", parts[1].hasPrefix("aws"), parts[2] == "iam", parts[3].isEmpty else { return false }
        return parts[4].utf8.count == 12 && parts[4].allSatisfy(\.isNumber) && parts[5].hasPrefix("role/")
            && (6...512).contains(parts[5].utf8.count) && isWord(text, also: ":/_+=,.@-")
    }

    fileprivate static func isWord(_ text: String, also marks: String) -> Bool {
        text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: marks.utf8.contains(byte)
            }
        }
    }

    /// Of ASCII, without blanks: it stands in headers.
    private static func isPrintable(_ text: String) -> Bool { text.utf8.allSatisfy { (0x21...0x7E).contains($0) } }
}

extension AWSCredentials {
    /// Throws what is wrong with a connection's secret.
    init(secret: JSON?) throws(AWSSettings.Invalid) {
        let found = AWSSettings.violations(secret: secret)
        guard found.isEmpty else { throw AWSSettings.Invalid(violations: found) }
        self.init(
            accessKeyID: secret?["access_key_id"]?.string ?? "", secretAccessKey: secret?["secret_access_key"]?.string ?? "",
            sessionToken: secret?["session_token"]?.string)
    }
}

/// Collects what is wrong with the members of an object. Says what they must be, never what they are.
private struct AWSForm {
    let json: JSON
    let pointer: String
    var found: [Problem.Violation] = []

    init(_ json: JSON, at pointer: String) {
        self.json = json
        self.pointer = pointer
    }

    mutating func add(_ name: String, _ code: String, _ detail: String) {
        found.append(.init(pointer: pointer + name, code: code, detail: detail))
    }

    mutating func refuseUnknown(among names: [String]) {
        for member in json.members ?? [] where !names.contains(member.name) {
            add("/" + member.name.replacing("~", with: "~0").replacing("/", with: "~1"), "unknown", "is not known")
        }
    }

    mutating func text(_ name: String, isRequired: Bool = false, _ complaint: String, _ isGood: (String) -> Bool) {
        guard let value = json[name] else {
            if isRequired { add("/" + name, "required", "is required") }
            return
        }
        guard let text = value.string else { return add("/" + name, "type", "must be a string") }
        if !isGood(text) { add("/" + name, "format", complaint) }
    }

    /// Names of ours and the images behind them.
    mutating func images() {
        guard let members = json["images"]?.members else { return add("/images", "type", "must be an object") }
        for member in members where member.value.string.map(AWSImages.isImage) != true {
            add(
                "/images/" + member.name.replacing("~", with: "~0").replacing("/", with: "~1"), "format",
                "must be an image's id, such as ami-0123456789abcdef0, or resolve:ssm: and a parameter")
        }
    }
}
