import Alerts
import Audit
import Identity
import Keys
import OAuth
import Prices
import Resources
import Web

/// The sections of the compliance report, in its order. The change log is the first, since it alone is written as it comes.
enum ReportSections {
    static let all: [ReportSection] =
        [
            ChangeLogSection.section, KeyReport.section, OAuthReport.section, AccessReport.section, ResourceReport.inventory,
            ExceptionReport.section,
            ResourceReport.protection, ExposureReport.section, DriftReport.section, IncidentReport.section, IntegritySection.section,
        ] + IntegritySection.missing
}
