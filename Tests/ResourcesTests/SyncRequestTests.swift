import Kernel
import Provider
import Testing

@testable import Resources

/// What one server asks another to look at.
@Suite struct `A request for a look` {
    private static let unit = SyncUnit(
        tenant: Tenant(workspace: WorkspaceID("wsp_1"), mode: .test), connection: ConnectionID("con_1"), kind: .volume)

    @Test(
        arguments: [
            .resource(ResourceID("vol_1"), in: unit), .unit(unit, by: Timestamp(milliseconds: 1_750_000_000_000)), .connections,
        ] as [SyncRequest])
    func `arrives as it was made`(request: SyncRequest) {
        #expect(SyncRequest(word: request.word) == request)
        #expect(!request.word.contains(" "))
    }

    @Test(arguments: [
        "", "more", "resource:wsp_1:test:con_1:volume", "unit:wsp_1:test:con_1:volume:soon", "unit:wsp_1:both:con_1:volume:1",
    ])
    func `of another version is passed over`(word: String) {
        #expect(SyncRequest(word: word) == nil)
    }
}
