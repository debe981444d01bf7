package import Kernel
package import Provider
package import Storage

/// The cloud inside the binary: the sandbox's only one, and the test bed that lies on demand.
package struct SimulatorDriver: ProviderDriver {
    package let name = "simulator"
    package var most: Capabilities? { SimulatorSettings(.object([])).capabilities }
    private let store: Store

    package init(store: Store) { self.store = store }

    package func violations(settings: JSON, secret: JSON?) -> [Problem.Violation] {
        let found = SimulatorSettings.violations(in: settings)
        guard let secret, secret != .null else { return found }
        return found + [.init(pointer: "/secret", code: "unknown_field", detail: "is not needed: the simulator has no secret")]
    }

    package func open(_ account: ProviderAccount) throws -> any Provider { Simulator(account, store: store) }
}
