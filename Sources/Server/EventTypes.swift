import Alerts
import Audit
import Costs
package import Events
import Identity
import Keys
import Metering
import OAuth
import Prices
import Resources
import Sandbox
import Web
import Webhooks

/// Every type of event, from the features that append them.
package enum EventTypes {
    package static let catalogue = EventCatalogue(
        IdentityEvents.types + KeyEvents.types + OAuthEvents.types + MeteringEvents.types + DataStreamEvents.types + PriceEvents.types
            + ResourceEvents.types + StackEvents.types + TemplateEvents.types + ScheduleEvents.types + PolicyEvents.types
            + CostEvents.types + SavingsEvents.types + WebhookEvents.types + AlertEvents.types
            + AuditEvents.types + Sandbox.eventTypes)
}
