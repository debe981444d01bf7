package import Kernel

/// Stands in for a driver that this server was built without, so that who asks for it is told why and not that there is no such thing.
package struct AbsentDriver: ProviderDriver {
    package let name: String
    /// What would have to be done: a sentence without its period.
    private let advice: String

    package init(name: String, advice: String) {
        self.name = name
        self.advice = advice
    }

    package func violations(settings: JSON, secret: JSON?) -> [Problem.Violation] {
        [.init(pointer: "/provider", code: "not_built", detail: "cannot be used: this server was built without \(name); \(advice)")]
    }

    /// A connection that another build has made.
    package func open(_ account: ProviderAccount) throws -> any Provider {
        throw Problem.invalid("provider", "This server was built without \(name); \(advice).", code: "not_built")
    }
}
