package import Web

package enum CostEvents {
    private static let bill = CostImport.snapshotSchema

    private static let view = CostView.snapshotSchema
    private static let column = CostColumn.snapshotSchema

    package static let types = [
        EventType.creation("bill.created", "A bill was handed in.", of: bill),
        .creation("bill.succeeded", "A bill was read whole, and counts.", of: bill),
        .creation("bill.failed", "A bill was refused; nothing of it was kept.", of: bill),
        .removal("bill.deleted", "An import was deleted with its rows.", of: bill),
        .creation("costview.created", "A cost view was made.", of: view),
        .change("costview.updated", "A cost view changed.", of: view),
        .removal("costview.deleted", "A cost view was deleted.", of: view),
        .creation("costcolumn.created", "A cost column was made.", of: column),
        .change("costcolumn.updated", "A cost column's name or formula changed.", of: column),
        .removal("costcolumn.deleted", "A cost column was deleted.", of: column),
    ]
}
