import Kernel
import Provider

extension OperationEngine {
    /// Asks the provider who it is, and notes the answer, or why there was none.
    func probe(_ connection: inout ProviderConnection, at now: Timestamp) async {
        do {
            let capabilities = try await pool.provider(for: connection, installation: identity.installation).probe()
            connection.note(.success(capabilities), at: now)
        } catch let error as ProviderError {
            connection.note(.failure(error), at: now)
        } catch {
            connection.note(.failure(ProviderError(.rejected, "The connection's settings or secret cannot be read.")), at: now)
        }
    }
}

extension ProviderConnection {
    mutating func note(_ outcome: Result<Capabilities, ProviderError>, at now: Timestamp) {
        switch outcome {
        case .success(let found):
            (capabilities, state, stateDetail, verifiedAt) = (found, .connected, "", now)
        case .failure(let error):
            stateDetail = error.detail
            switch error.kind {
            case .unreachable: state = .unreachable
            case .unauthorized: state = .unauthorized
            default: state = .failing
            }
        }
    }

    mutating func take(_ findings: ProviderConnection) {
        (capabilities, state, stateDetail, verifiedAt) = (findings.capabilities, findings.state, findings.stateDetail, findings.verifiedAt)
    }
}
