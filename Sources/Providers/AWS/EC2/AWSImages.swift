/// Image names and what EC2 is asked for. The parameters behind the standard names are public ones that the distributions keep up to date,
/// so they lead to the newest image of the region.
struct AWSImages: Sendable {
    private static let standard = [
        "debian-12": "resolve:ssm:/aws/service/debian/release/12/latest/amd64",
        "ubuntu-22-04": "resolve:ssm:/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id",
        "ubuntu-24-04": "resolve:ssm:/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",
        "amazon-linux-2023": "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
    ]

    private let names: [String: String]

    /// - Parameter own: a connection's; they win over the standard ones.
    init(_ own: [String: String]) { names = Self.standard.merging(own) { $1 } }

    /// Nil for what is neither a name here nor an image's id.
    func image(_ name: String) -> String? { names[name] ?? (Self.isImage(name) ? name : nil) }

    static func isImage(_ text: String) -> Bool {
        let isID = text.hasPrefix("ami-") && (12...21).contains(text.utf8.count)
        let isParameter = text.hasPrefix("resolve:ssm:") && (13...1024).contains(text.utf8.count)
        return (isID || isParameter)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "-_./:".utf8.contains(byte)
                }
            }
    }
}
