import Testing

// Every driver has one test here: `try await rule.check(peer)` for every rule.
@Suite(.serialized) struct `A provider keeps the rule that` {
    @Test(
        .enabled(if: Peer.isWanted("CLOUDAPI_TEST_DOCKER"), "CLOUDAPI_TEST_DOCKER is not set; `make test-peers` sets it"),
        arguments: ProviderConformance.all)
    func `dockerd`(rule: ProviderConformance) async throws {
        try await rule.check(try .daemon("CLOUDAPI_TEST_DOCKER"))
    }

    @Test(
        .enabled(if: Peer.isWanted("CLOUDAPI_TEST_PODMAN"), "CLOUDAPI_TEST_PODMAN is not set; `make test-peers` sets it"),
        arguments: ProviderConformance.all)
    func `podman`(rule: ProviderConformance) async throws {
        try await rule.check(try .daemon("CLOUDAPI_TEST_PODMAN"))
    }

    @Test(
        .enabled(if: Peer.isWanted("CLOUDAPI_TEST_MOTO"), "CLOUDAPI_TEST_MOTO is not set; `make test-peers` sets it"),
        arguments: ProviderConformance.all)
    func `AWS, as moto has it`(rule: ProviderConformance) async throws {
        var peer = try Peer.moto()
        peer.fill = try Peer.s3("CLOUDAPI_TEST_MOTO").fill
        try await rule.check(peer)
    }

    @Test(
        .enabled(if: Peer.isWanted("CLOUDAPI_TEST_MOTO"), "CLOUDAPI_TEST_MOTO is not set; `make test-peers` sets it"),
        arguments: ProviderConformance.all)
    func `S3, as moto has it`(rule: ProviderConformance) async throws {
        try await rule.check(try .s3("CLOUDAPI_TEST_MOTO"))
    }

    @Test(
        .enabled(if: Peer.isWanted("CLOUDAPI_TEST_SWIFT"), "CLOUDAPI_TEST_SWIFT is not set; `make test-peers` sets it"),
        arguments: ProviderConformance.all)
    func `S3, as OpenStack Swift has it`(rule: ProviderConformance) async throws {
        try await rule.check(try .s3("CLOUDAPI_TEST_SWIFT"))
    }

    @Test(
        .enabled(if: Peer.isWanted("CLOUDAPI_TEST_LIBVIRT"), "CLOUDAPI_TEST_LIBVIRT is not set; `make test-peers` sets it"),
        arguments: ProviderConformance.all)
    func `libvirt`(rule: ProviderConformance) async throws {
        try await rule.check(try .libvirt())
    }
}
