import AWS
import Kernel
import Provider
import Synchronization
import Testing

/// What EC2 does and no emulator does; the rules all clouds keep are in ProviderConformance.
@Suite(.timeLimit(.minutes(5))) struct `AWS` {
    private static func vpcs(_ ids: [String], tags: [(String, String)] = [], next: String? = nil) -> ScriptedCloud.Reply {
        let tagged = tags.map { "<item><key>\($0.0)</key><value>\($0.1)</value></item>" }.joined()
        let items = ids.map { "<item><vpcId>\($0)</vpcId><cidrBlock>10.1.0.0/24</cidrBlock><tagSet>\(tagged)</tagSet></item>" }.joined()
        return .ok("<R><vpcSet>\(items)</vpcSet>\(next.map { "<nextToken>\($0)</nextToken>" } ?? "")</R>")
    }

    private static let ours = [("cloudapi.installation", "here"), ("cloudapi.resource", "net_1")]
    private static let subject = Subject(kind: .network, id: "net_1")
    private static let order = Order(
        subject: subject, token: "token", blueprint: .network(NetworkBlueprint(cidr: "10.1.0.0/24", reachesOutside: true)))

    @Test func `lists every page, and half a list is none`() async throws {
        try await ScriptedCloud.Script({ request in
            switch request.parameters["NextToken"] {
            case nil: Self.vpcs(["vpc-1", "vpc-2"], tags: Self.ours, next: "a&amp;b")
            case "a&b": Self.vpcs(["vpc-3", "vpc-4"], tags: Self.ours, next: "c")
            default: Self.vpcs(["vpc-5"], tags: Self.ours)
            }
        }).run { cloud in
            let found = try await cloud.provider(pageSize: 2).list(.network)
            #expect(found.map(\.reference) == ["vpc-1", "vpc-2", "vpc-3", "vpc-4", "vpc-5"])
            #expect(cloud.requests.allSatisfy { $0.parameters["MaxResults"] == "2" })
            #expect(cloud.requests.allSatisfy { $0.parameters["Filter.1.Value.1"] == "here" })
        }
        try await ScriptedCloud.Script({ request in
            request.parameters["NextToken"] == nil ? Self.vpcs(["vpc-1"], tags: Self.ours, next: "x") : .error(503, "RequestLimitExceeded")
        }).run { cloud in
            let error = await failure { _ = try await cloud.provider().list(.network) }
            #expect(error?.kind == .throttled)
        }
        try await ScriptedCloud.Script({ _ in Self.vpcs(["vpc-1"], tags: Self.ours, next: "again") }).run { cloud in
            let error = await failure { _ = try await cloud.provider().list(.network) }
            #expect(error?.kind == .ambiguous)
        }
        try await ScriptedCloud.Script({ _ in .ok("<html/>") }).run { cloud in
            let error = await failure { _ = try await cloud.provider().list(.network) }
            #expect(error?.kind == .ambiguous)
        }
    }

    @Test(arguments: [
        ("RequestLimitExceeded", 503, ProviderError.Kind.throttled), ("ExpiredToken", 403, .unauthorized),
        ("InsufficientInstanceCapacity", 500, .capacity), ("InternalError", 500, .ambiguous), ("InvalidParameterValue", 400, .rejected),
    ])
    func `says what an error means, once, and how long to wait`(code: String, status: Int, kind: ProviderError.Kind) async throws {
        try await ScriptedCloud.Script({ _ in .error(status, code, headers: ["Retry-After: 9"]) }).run { cloud in
            let error = await failure { _ = try await cloud.provider().find(Self.subject) }
            #expect(error == ProviderError(kind, "\(code): said", retryAfter: .seconds(9)))
            #expect(cloud.actions == ["DescribeVpcs"])
        }
    }

    @Test func `shows a network whose parts are not all there as unfinished, and the same order completes it`() async throws {
        let isTagged = Mutex(false)
        try await ScriptedCloud.Script({ request in
            switch request.action {
            case "DescribeVpcs":
                return Self.vpcs(["vpc-1"], tags: Self.ours + (isTagged.withLock { $0 } ? [("cloudapi.whole", "true")] : []))
            case "CreateTags": isTagged.withLock { $0 = true }
            case "DescribeSubnets": return .ok("<R><subnetSet><item><subnetId>subnet-1</subnetId></item></subnetSet></R>")
            case "DescribeInternetGateways":
                return .ok("<R><internetGatewaySet><item><internetGatewayId>igw-1</internetGatewayId></item></internetGatewaySet></R>")
            case "DescribeRouteTables":
                return .ok("<R><routeTableSet><item><routeTableId>rtb-1</routeTableId><routeSet/></item></routeTableSet></R>")
            default: break
            }
            return .ok("<R/>")
        }).run { cloud in
            let provider = try cloud.provider()
            #expect(try await provider.find(Self.subject)?.isWhole == false)
            #expect(try await provider.create(Self.order).isWhole)
            #expect(
                cloud.actions.dropFirst() == [
                    "DescribeVpcs", "DescribeSubnets", "DescribeInternetGateways", "AttachInternetGateway", "DescribeRouteTables",
                    "CreateRoute", "ModifySubnetAttribute", "CreateTags",
                ])
            #expect(try await provider.find(Self.subject)?.isWhole == true)
            #expect(try await provider.create(Self.order).reference == "vpc-1")
        }
    }

    @Test func `removes what it made of a network that is refused, and keeps what may still become one`() async throws {
        for (code, kind) in [("UnauthorizedOperation", ProviderError.Kind.unauthorized), ("RequestLimitExceeded", .ambiguous)] {
            try await ScriptedCloud.Script({ request in
                switch request.action {
                case "DescribeVpcs": Self.vpcs([])
                case "CreateVpc": .ok("<R><vpc><vpcId>vpc-1</vpcId><cidrBlock>10.1.0.0/24</cidrBlock></vpc></R>")
                case "CreateSubnet": .error(400, code)
                case "DescribeInstances": .ok("<R><reservationSet/></R>")
                case "DescribeSubnets": .ok("<R><subnetSet/></R>")
                case "DescribeInternetGateways": .ok("<R><internetGatewaySet/></R>")
                case "DescribeSecurityGroups": .ok("<R><securityGroupInfo/></R>")
                default: .ok("<R/>")
                }
            }).run { cloud in
                let provider = try cloud.provider()
                let error = await failure { _ = try await provider.create(Self.order) }
                #expect(error?.kind == kind)
                #expect(cloud.actions.contains("DeleteVpc") == (kind == .unauthorized))
            }
        }
    }

    @Test func `makes an instance with the order's token, its tags from the start, and metadata for tokens alone`() async throws {
        try await ScriptedCloud.Script({ request in
            guard request.action == "RunInstances" else { return .ok("<R><reservationSet/><addressesSet/></R>") }
            return .ok(
                "<R><instancesSet><item><instanceId>i-1</instanceId><instanceState><name>pending</name></instanceState></item></instancesSet></R>"
            )
        }).run { cloud in
            var blueprint = InstanceBlueprint(size: Capacity(milliCPUs: 1000, memoryMiB: 1024), image: "debian-12")
            blueprint.userData = "#cloud-config"
            let order = Order(
                subject: Subject(kind: .instance, id: "inst_1"), token: "token", blueprint: .instance(blueprint), labels: ["team": "a & b"])
            #expect(try await cloud.provider().create(order).state.power == .starting)
            let sent = try #require(cloud.requests.first { $0.action == "RunInstances" }).parameters
            #expect(sent["ClientToken"] == "token")
            #expect(sent["InstanceType"] == "t3.micro")
            #expect(sent["ImageId"] == "resolve:ssm:/aws/service/debian/release/12/latest/amd64")
            #expect(sent["UserData"] == "I2Nsb3VkLWNvbmZpZw==")
            #expect(sent["MetadataOptions.HttpTokens"] == "required")
            #expect(sent["Placement.AvailabilityZone"] == "us-east-1a")
            #expect([sent["MinCount"], sent["MaxCount"]] == ["1", "1"])
            let tags = (1...10).reduce(into: [String: String]()) { tags, index in
                if let key = sent["TagSpecification.1.Tag.\(index).Key"] { tags[key] = sent["TagSpecification.1.Tag.\(index).Value"] }
            }
            #expect(
                tags == [
                    "Name": "cloudapi-inst-1", "cloudapi.installation": "here", "cloudapi.resource": "inst_1", "cloudapi.token": "token",
                    "cloudapi.size": "1000/1024", "cloudapi.label.team": "a & b",
                ])
        }
    }

    @Test func `shows what was there before: an instance of a type that sizes become, and one of another type`() async throws {
        try await ScriptedCloud.Script({ _ in
            let items = [("i-1", "t3.micro"), ("i-2", "m5.large"), ("i-3", "t3.xlarge")].map { id, type in
                "<item><instanceId>\(id)</instanceId><imageId>ami-1</imageId><instanceType>\(type)</instanceType><instanceState><name>stopped</name></instanceState></item>"
            }
            return .ok("<R><reservationSet><item><instancesSet>\(items.joined())</instancesSet></item></reservationSet></R>")
        }).run { cloud in
            let found = try await cloud.provider().strangers(.instance)
            #expect(found.map(\.reference) == ["i-1", "i-2", "i-3"] && found.allSatisfy { $0.known == ["image": "ami-1"] })
            #expect(
                found.map(\.state.capacity) == [
                    Capacity(milliCPUs: 1000, memoryMiB: 1024), nil, Capacity(milliCPUs: 4000, memoryMiB: 16_384),
                ])
            #expect(found.map(\.state.machine) == [nil, "m5.large", nil])
        }
    }

    @Test func `takes on a role, keeps its keys, renews them before they end, and takes it on anew when they are refused`() async throws {
        let seconds = Mutex<Int64>(1_800_000_000)
        let isRefusing = Mutex(false)
        try await ScriptedCloud.Script({ request in
            if request.action == "AssumeRole" {
                let now = seconds.withLock { $0 }
                return .ok(
                    """
                    <AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA\(now)</AccessKeyId>\
                    <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
                    <Expiration>\(Timestamp(seconds: now + 3600))</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>
                    """)
            }
            return isRefusing.withLock { $0 } ? .error(403, "ExpiredToken") : Self.vpcs([])
        }).run { cloud in
            let role: [JSON.Member] = [.init("role_arn", "arn:aws:iam::123456789012:role/cloudapi"), .init("external_id", "secret-id")]
            let provider = try cloud.provider(role) { Timestamp(seconds: seconds.withLock { $0 }) }
            func keys(after passed: Int64) async throws -> [String] {
                let before = cloud.requests.count
                seconds.withLock { $0 += passed }
                _ = try? await provider.list(.network)
                return cloud.requests.dropFirst(before).map(\.key)
            }
            #expect(try await keys(after: 0) == ["AKIAOWNOWNOWNOWN", "ASIA1800000000"])
            #expect(cloud.requests[0].parameters["ExternalId"] == "secret-id")
            #expect(cloud.requests[0].parameters["RoleSessionName"] == "cloudapi-con-1")
            #expect(try await keys(after: 3299) == ["ASIA1800000000"])
            #expect(try await keys(after: 2) == ["AKIAOWNOWNOWNOWN", "ASIA1800003301"])
            isRefusing.withLock { $0 = true }
            #expect(try await keys(after: 1) == ["ASIA1800003301"])
            isRefusing.withLock { $0 = false }
            #expect(try await keys(after: 1) == ["AKIAOWNOWNOWNOWN", "ASIA1800003303"])
        }
    }

    @Test func `uses keys that are near their end while they cannot be renewed`() async throws {
        let seconds = Mutex<Int64>(1_800_000_000)
        let count = Mutex((1...).makeIterator())
        try await ScriptedCloud.Script({ request in
            guard request.action == "AssumeRole" else { return Self.vpcs([]) }
            guard count.withLock({ $0.next() }) == 1 else { return .error(503, "Throttling") }
            return .ok(
                "<R><Credentials><AccessKeyId>ASIAFIRST</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
                    + "<Expiration>\(Timestamp(seconds: 1_800_003_600))</Expiration></Credentials></R>")
        }).run { cloud in
            let provider = try cloud.provider([.init("role_arn", "arn:aws:iam::123456789012:role/cloudapi")]) {
                Timestamp(seconds: seconds.withLock { $0 })
            }
            for (passed, kind) in [(0, nil), (3400, nil), (190, ProviderError.Kind.throttled)] {
                seconds.withLock { $0 += Int64(passed) }
                let error = await failure { _ = try await provider.list(.network) }
                #expect(error?.kind == kind)
            }
        }
    }

    private func failure(_ work: () async throws -> Void) async -> ProviderError? {
        do {
            try await work()
            return nil
        } catch {
            return error as? ProviderError
        }
    }
}
