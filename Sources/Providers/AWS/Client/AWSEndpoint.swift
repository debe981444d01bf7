/// A service by the name it has in signatures and in host names.
package enum AWSService: String, Sendable, CaseIterable {
    case ec2
    case sts
    case s3

    /// Of a query API.
    var version: String {
        switch self {
        case .ec2: "2016-11-15"
        case .sts: "2011-06-15"
        case .s3: ""
        }
    }

    var rules: AWSSigner.Rules { self == .s3 ? .s3 : .standard }
}

/// Where the services of a region are: AWS itself, or one server that stands for all of them.
package struct AWSEndpoint: Sendable, Equatable {
    package let region: String
    /// Scheme and authority of a compatible server, without a final slash; nil for AWS.
    let custom: String?

    package init(region: String, custom: String? = nil) {
        self.region = region
        self.custom = custom
    }

    /// What is sent could be read on its way; signatures and answers are not secrets, user data may be.
    var isPlain: Bool { custom?.hasPrefix("http://") ?? false }

    /// Scheme and authority.
    func base(of service: AWSService) -> String {
        custom ?? "https://\(service.rawValue).\(region).\(region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com")"
    }

    /// As it stands in `Host`: without the scheme's own port.
    func host(of service: AWSService) -> String {
        let base = base(of: service)
        let authority = base.split(separator: "/", omittingEmptySubsequences: true).last.map(String.init) ?? ""
        let own = base.hasPrefix("https://") ? ":443" : ":80"
        return authority.lowercased().hasSuffix(own) ? String(authority.lowercased().dropLast(own.count)) : authority.lowercased()
    }
}
