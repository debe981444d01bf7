// A stack is resources that belong together: what is wanted of them in one place, with references between them, and which resource each has
// become. Nothing here speaks to a provider or takes quota: a run asks for each member what a person would ask, through the same admission
// (`Admitting`), in the transaction that notes it. So a run that dies between any two lines is gone on with from what is written, and no
// member is ever made twice.

package import Kernel
import Provider
import Storage
import Web

package enum StackKind: IDKind { package static let prefix = "stk" }
package enum PlanKind: IDKind { package static let prefix = "plan" }
package typealias StackID = ID<StackKind>
package typealias PlanID = ID<PlanKind>

struct Stack: Sendable {
    let id: StackID
    let tenant: Tenant
    let project: ProjectID
    let name: String
    var definition: StackDefinition
    /// Counts changes of the definition.
    var version: Int
    /// The run that began last.
    var run: OperationID?
    let createdAt: Timestamp
    var updatedAt: Timestamp

    var etag: ETag { ETag(version: version) }

    var snapshot: JSON {
        [
            "name": .string(name), "project_id": JSON(project), "keys": .array(definition.members.map { .string($0.key) }),
            "version": JSON(version),
        ]
    }
}

/// Which resource a member of a stack has become.
struct StackMember: Sendable {
    let key: String
    let resource: ResourceID
    /// Members it needed when it was made, by key.
    let needs: [String]
}

extension ResourceID {
    /// What a stack's definition is sealed for.
    init(_ stack: StackID) { self.init(stack.rawValue) }
    init(_ plan: PlanID) { self.init(plan.rawValue) }
}
