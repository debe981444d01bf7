import Identity
import Keys
import Metering
import Sandbox
package import Storage
import Web

/// Every migration, top to bottom in the order it is applied. New ones go at the end.
package enum MigrationOrder {
    package static let all: [Migration] =
        EventSchema.migrations
        + IdempotencyRow.migrations
        + CredentialRevision.migrations
        + IdentitySchema.migrations
        + KeySchema.migrations
        + MeteringSchema.migrations
        + Sandbox.migrations
}
