import Provider

extension AWSProvider {
    static let features = S3Buckets.all.union([
        .instances, .volumes, .networks, .resize, .userData, .attachVolume, .logs, .grow, .volumeSize, .encryption, .addresses,
        .attachAddress, .firewalls, .snapshots, .liveSnapshots,
    ])
    static let identification: [ResourceKind: Capabilities.Identification] = [
        .instance: .token, .volume: .token, .network: .label, .bucket: .name, .address: .label, .firewall: .label, .snapshot: .label,
    ]

    /// Ids are unique over all accounts and regions, and so are names of buckets.
    func identity() async throws(ProviderError) -> String? { ec2.client.server }

    func probe() async throws(ProviderError) -> Capabilities {
        let identity = try await ec2.client.query(.sts, "GetCallerIdentity")
        guard let account = identity.descendant("Account")?.text, !account.isEmpty else {
            throw ProviderError(.rejected, "What answers there is not AWS.")
        }
        let zones = try await ec2.call("DescribeAvailabilityZones", ("Filter.1.Name", "zone-name"), ("Filter.1.Value.1", zone))
        guard zones.items("availabilityZoneInfo").contains(where: { $0.string("zoneName") == zone }) else {
            throw ProviderError(.rejected, "The account has no zone \(zone); name one of its own in the settings.")
        }
        return Capabilities(
            server: ProviderError.readable("aws \(ec2.client.region), account \(account)"),
            features: Self.features, largest: AWSInstanceType.largest, identification: Self.identification)
    }
}
