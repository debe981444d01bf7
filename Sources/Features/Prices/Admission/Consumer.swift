package import Kernel

/// Whose a resource is and what it is called, for prices, quotas, budgets and charges.
package struct Consumer: Sendable {
    package var tenant: Tenant
    package var account: AccountID
    package var project: ProjectID
    /// The resource's id, `inst_…`.
    package var resource: String
    /// `instance`, `volume` or `network`.
    package var kind: String
    package var name: String
    /// The driver's name: `docker`.
    package var provider: String
    package var location: String
    package var labels: [String: String]

    package init(
        tenant: Tenant, account: AccountID, project: ProjectID, resource: String, kind: String, name: String, provider: String,
        location: String, labels: [String: String]
    ) {
        self.tenant = tenant
        self.account = account
        self.project = project
        self.resource = resource
        self.kind = kind
        self.name = name
        self.provider = provider
        self.location = location
        self.labels = labels
    }

    var place: PricePlace { PricePlace(provider: provider, location: location) }
}
