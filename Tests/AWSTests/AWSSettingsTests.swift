import AWS
import Kernel
import Outgoing
import Provider
import Testing

@Suite struct `A connection to AWS` {
    private let driver = AWSDriver(outgoing: Outgoing())
    private static let secret: JSON = ["access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "hidden"]

    private func pointers(_ settings: JSON, _ secret: JSON? = Self.secret) -> [String] {
        driver.violations(settings: settings, secret: secret).map(\.pointer)
    }

    private static let good: [JSON] = [
        ["region": "eu-central-1"], ["region": "us-gov-west-1", "zone": "us-gov-west-1b"],
        ["region": "us-east-1", "zone": "us-east-1-bos-1a", "endpoint": "http://127.0.0.1:5000"],
        ["region": "us-east-1", "endpoint": "https://ec2.example/", "images": ["debian-12": "ami-0123456789abcdef0"]],
        ["region": "us-east-1", "role_arn": "arn:aws:iam::123456789012:role/path/cloudapi", "external_id": "a-b:c/d"],
        ["region": "cn-north-1", "images": ["x": "resolve:ssm:/a/b"]],
    ]

    @Test(arguments: good) func `needs a region and a key`(settings: JSON) throws {
        #expect(pointers(settings) == [])
        #expect(pointers(settings, nil) == ["/secret"])
        #expect(pointers(settings, .null) == ["/secret"])
        _ = try open(settings, Self.secret)
        #expect(throws: (any Error).self) { try open(settings, nil) }
    }

    private static let wrong: [(JSON, String)] = [
        ([:], "/settings/region"), (["region": 1], "/settings/region"), (["region": "Europe"], "/settings/region"),
        (["region": "us-east-1/"], "/settings/region"), (["region": "us-east-1.evil.example#-1"], "/settings/region"),
        (["region": "us-east-1", "zone": "eu-central-1a"], "/settings/zone"),
        (["region": "us-east-1", "zone": "us-east-1"], "/settings/zone"),
        (["region": "us-east-1", "endpoint": "127.0.0.1:5000"], "/settings/endpoint"),
        (["region": "us-east-1", "endpoint": "http://user@a"], "/settings/endpoint"),
        (["region": "us-east-1", "endpoint": "http://a/path"], "/settings/endpoint"),
        (["region": "us-east-1", "endpoint": "http://a:0"], "/settings/endpoint"),
        (["region": "us-east-1", "endpoint": "http://"], "/settings/endpoint"),
        (["region": "us-east-1", "role_arn": "cloudapi"], "/settings/role_arn"),
        (["region": "us-east-1", "role_arn": "arn:aws:iam::123456789012:user/cloudapi"], "/settings/role_arn"),
        (["region": "us-east-1", "external_id": "abc"], "/settings/external_id"),
        (["region": "us-east-1", "images": ["a/b": "debian"]], "/settings/images/a~1b"),
        (["region": "us-east-1", "images": []], "/settings/images"), (["region": "us-east-1", "secret": "x"], "/settings/secret"),
        ([], "/settings"),
    ]

    @Test(arguments: wrong) func `says which setting cannot be`(settings: JSON, pointer: String) {
        #expect(pointers(settings) == [pointer])
        #expect(throws: (any Error).self) { try open(settings, Self.secret) }
    }

    private static let wrongSecrets: [(JSON, [String])] = [
        ("hidden", ["/secret"]), ([:], ["/secret/access_key_id", "/secret/secret_access_key"]),
        (["access_key_id": "hidden", "secret_access_key": "hidden hidden"], ["/secret/access_key_id", "/secret/secret_access_key"]),
        (["access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "hidden\r\nX: y"], ["/secret/secret_access_key"]),
        (
            ["access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "hidden", "session_token": 1, "hidden": 1],
            ["/secret/hidden", "/secret/session_token"]
        ),
    ]

    @Test(arguments: wrongSecrets) func `says what of a secret cannot be, and nothing that is in it`(secret: JSON, pointers: [String]) {
        let found = driver.violations(settings: ["region": "us-east-1"], secret: secret)
        #expect(found.map(\.pointer) == pointers)
        #expect(!found.contains { $0.detail.contains("hidden") })
    }

    private func open(_ settings: JSON, _ secret: JSON?) throws -> any Provider {
        try driver.open(
            ProviderAccount(
                tenant: Tenant(workspace: WorkspaceID("wsp_1"), mode: .live), id: "con_1", installation: "here", settings: settings,
                secret: secret, surroundings: .real))
    }
}
