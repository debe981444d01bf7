import Alerts
import Audit
import Costs
import Identity
import Keys
import Metering
import OAuth
import Prices
import Resources
import Sandbox
import Simulator
package import Storage
import Web
import Webhooks

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
        + PriceSchema.migrations
        + ResourceSchema.migrations
        + SimulatorSchema.migrations
        + EventSchema.consumers
        + WebhookSchema.migrations
        + AuditSchema.migrations
        + ResourceSchema.freezes
        + AlertSchema.migrations
        + IdentitySchema.teams
        + ResourceSchema.fairness
        + EventSchema.causes
        + AuditSchema.reports
        + WebhookSchema.traces
        + PointSchema.migrations
        + SavingsSchema.migrations
        + SavingsSchema.unitMetrics
        + CostSchema.migrations
        + AlertSchema.groups
        + SavingsSchema.endings
        + PriceSchema.viewBudgets
        + OAuthSchema.migrations
        + AlertSchema.traces
        + PointSchema.late
        + AlertSchema.late
        + OAuthSchema.sweep
        + EventSchema.moments
        + Lease.migrations
        + SharedLimiter.migrations
        + Parts.migrations
        + PriceSchema.moreKinds
        + SimulatorSchema.moreKinds
        + ResourceSchema.sync
        + EventSchema.wideRows
        + IdempotencyRow.wideRows
        + ResourceSchema.turns
        + StackSchema.migrations
        + ScheduleSchema.migrations
        + ResourceSchema.discoveries
        + PointCopies.migrations
        + ResourceSchema.claims
        + PriceSchema.snapshots
        + PolicySchema.migrations
        + ResourceSchema.leases
        + StackSchema.templates
        + PointSchema.dueRuns
        + ResourceSchema.placement
        + PointSchema.spans
        + PriceSchema.releases
}
