package import Web

/// What is said in the log about tag catalogs, markers and savings opportunities.
package enum SavingsEvents {
    private static let catalog = Schema.object(TagCatalog.snapshotFields)
    private static let marker = Schema.object(Marker.snapshotFields)
    private static let thread = Schema.object(OpportunityThread.snapshotFields)

    private static let unit = Schema.object(UnitMetric.snapshotFields)

    package static let types = [
        EventType.creation("catalog.created", "A tag catalog was made.", of: catalog),
        .change("catalog.updated", "A tag catalog's key, name or tags changed.", of: catalog),
        .removal("catalog.deleted", "A tag catalog was deleted.", of: catalog),
        .creation("marker.created", "A marker was added to the charts.", of: marker),
        .removal("marker.deleted", "A marker was deleted.", of: marker),
        .creation("opportunity.created", "A saving was found, or written down.", of: Opportunity.snapshotSchema),
        .change("opportunity.updated", "A savings opportunity changed.", of: Opportunity.snapshotSchema),
        .removal("opportunity.deleted", "A savings opportunity was deleted.", of: Opportunity.snapshotSchema),
        .creation("unit.created", "A unit metric was made.", of: unit),
        .change("unit.updated", "A unit metric changed.", of: unit),
        .removal("unit.deleted", "A unit metric was deleted.", of: unit),
        .creation("thread.created", "A savings thread was made.", of: thread),
        .change("thread.updated", "A savings thread changed.", of: thread),
        .removal("thread.deleted", "A savings thread was deleted.", of: thread),
    ]
}
