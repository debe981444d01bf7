import HTTPTypes
import Kernel
import Prices
import Synchronization

/// What a transaction has admitted, carried out of its closure: the answer alone may be kept and replayed, and then there is none.
final class AdmittedOperation: Sendable {
    struct Kept: Sendable {
        let operation: OperationID
        let resource: ResourceID
        let estimate: Estimate?
        let policyResults: [PolicyResult]
        let placement: Placement?
    }

    private let state = Mutex<Kept?>(nil)

    func set(_ admitted: Admitted) {
        let kept = admitted.operation.map {
            Kept(
                operation: $0.id, resource: admitted.resource.id, estimate: admitted.estimate, policyResults: admitted.policyResults,
                placement: admitted.placement)
        }
        state.withLock { $0 = kept }
    }

    var value: Kept? { state.withLock { $0 } }
}

extension HTTPField.Name {
    /// Where the operation that an answer speaks of can be read (as in the REST guidelines of Azure).
    static let operationLocation = HTTPField.Name("Operation-Location")!  // a token, as RFC 9110 wants
}
