// Instances, EBS volumes and snapshots, VPCs, Elastic IPs and security groups of one zone of one region, through the EC2 Query API; buckets
// through S3 (../S3).
//
// How an object is found again after a lost answer: instances and volumes are made with the order's token, which EC2 takes for a day as "the
// same request"; networks, addresses, firewalls and snapshots have no token and are found by their tags. Since not every server that speaks
// this API keeps tokens, and EC2's lists lag behind, both are used: what carries our tags is taken, and what is asked for again has the same
// token.
//
// A network is a VPC with a subnet over all of it and, when it reaches outside, a gateway and a route. Every part has our tags, and the VPC
// says when all are there: what a crash left half made is completed by the next attempt, or removed part by part.

package import Kernel
package import Outgoing
package import Provider

package struct AWSDriver: ProviderDriver {
    package let name = "aws"
    package var most: Capabilities? {
        Capabilities(
            server: name, features: AWSProvider.features, largest: AWSInstanceType.largest, identification: AWSProvider.identification)
    }
    private let outgoing: Outgoing
    private let pageSize: Int

    /// - Parameter pageSize: objects in one answer of a list; a test takes few.
    package init(outgoing: Outgoing, pageSize: Int = 500) {
        self.outgoing = outgoing
        self.pageSize = pageSize
    }

    package func violations(settings: JSON, secret: JSON?) -> [Problem.Violation] {
        AWSSettings.violations(settings) + AWSSettings.violations(secret: secret)
    }

    package func open(_ account: ProviderAccount) throws -> any Provider {
        let settings = try AWSSettings(account.settings)
        let client = AWSClient(
            outgoing: outgoing, endpoint: settings.endpoint, credentials: try AWSCredentials(secret: account.secret),
            role: settings.role(sessionName: "cloudapi-" + account.id), now: account.surroundings.now)
        return AWSProvider(
            ec2: EC2(client: client, pageSize: pageSize),
            buckets: S3Buckets(client, installation: account.installation, known: S3Buckets.all),
            marks: AWSMarks(installation: account.installation), zone: settings.zone,
            images: AWSImages(settings.images), now: account.surroundings.now)
    }
}
