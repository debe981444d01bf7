import ArgumentParser
import Kernel

struct Usage: RemoteCommand {
    static let configuration = CommandConfiguration(abstract: "Show this month's requests against the quota.")
    @OptionGroup var remote: RemoteOptions
    @Option(help: "An account's id; that of the credential when left out.")
    var account: String?

    func run(_ server: Remote) async throws {
        let answer = try await server.get("/v1/usage", [("account_id", account)])
        show(
            answer,
            [
                .init("Account", "account_id"), .init("From", "period_start"), .init("To", "period_end"), .init("Requests", "requests"),
                .init("Included", "included"), .init("Overage", "overage"), .init("Quota", "quota_limit"), .init("Used %", "quota_percent"),
            ])
    }
}
