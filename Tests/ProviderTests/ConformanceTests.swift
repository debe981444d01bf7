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
        try await rule.check(try .moto())
    }
}
