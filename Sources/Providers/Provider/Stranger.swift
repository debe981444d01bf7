package import Kernel

/// An object that does not bear this installation's mark.
package struct Stranger: Sendable, Equatable {
    /// The cloud's own id.
    package let reference: String
    package let name: String
    package let state: ObservedState
    /// What else of a spec the cloud can tell, such as the image an instance was made from.
    package let known: [String: JSON]
    /// It bears the mark of another installation: it is managed, and not by us.
    package let isMarked: Bool

    package init(reference: String, name: String, state: ObservedState, known: [String: JSON] = [:], isMarked: Bool) {
        self.reference = reference
        self.name = name
        self.state = state
        self.known = known
        self.isMarked = isMarked
    }
}
