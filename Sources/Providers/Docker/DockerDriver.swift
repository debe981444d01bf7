// Containers, volumes and networks through the Docker Engine API 1.41, as dockerd and `podman system service` speak it.
//
// The two agree on the requests and not on the answers: podman says 500 where dockerd says 409 or 403, knows no update of a container
// before its version 5, and takes limits that its runtime refuses at the start. So nothing is read out of a status alone (`DockerAPI`),
// what a peer can do is found by asking it (`probe`), and whose an object is stands on its labels and nowhere else (`Marks`).
//
// Whoever talks to this API is root on that machine. What we send is built from closed types (`ContainerBody`), which cannot say
// "privileged", name a path of the host, a device, a capability or a namespace of the host, whatever is ordered.

package import Kernel
package import Outgoing
package import Provider

package struct DockerDriver: ProviderDriver {
    package let name = "docker"
    package var most: Capabilities? {
        Capabilities(server: name, features: DockerProvider.features, identification: DockerProvider.identification)
    }
    private let outgoing: Outgoing
    private let images: ImageAliases

    /// - Parameter aliases: image names of ours and what they are called at a registry.
    package init(outgoing: Outgoing, aliases: [String: String] = ImageAliases.standard) {
        self.outgoing = outgoing
        self.images = ImageAliases(aliases)
    }

    package func violations(settings: JSON, secret: JSON?) -> [Problem.Violation] {
        var found = DockerSettings.unknown(in: settings)
        do {
            _ = try DockerEndpoint(settings: settings, secret: secret)
        } catch {
            found.append(contentsOf: error.violations)
        }
        return found
    }

    package func open(_ account: ProviderAccount) throws -> any Provider {
        let endpoint = try DockerEndpoint(settings: account.settings, secret: account.secret)
        return DockerProvider(
            api: DockerAPI(outgoing: outgoing, endpoint: endpoint), marks: Marks(installation: account.installation), images: images,
            surroundings: account.surroundings)
    }
}
