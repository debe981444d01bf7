package import Web

package enum CostEvents {
    private static let bill = CostImport.snapshotSchema

    private static let view = CostView.snapshotSchema
    private static let column = CostColumn.snapshotSchema

    package static let types = [
        EventType.creation("cost_import.created", "A bill was handed in.", of: bill),
        .creation("cost_import.succeeded", "A bill was read whole, and counts.", of: bill),
        .creation("cost_import.failed", "A bill was refused; nothing of it was kept.", of: bill),
        .removal("cost_import.deleted", "An import was deleted with its rows.", of: bill),
        .creation("cost_view.created", "A cost view was made.", of: view),
        .change("cost_view.updated", "A cost view changed.", of: view),
        .removal("cost_view.deleted", "A cost view was deleted.", of: view),
        .creation("cost_column.created", "A cost column was made.", of: column),
        .change("cost_column.updated", "A cost column's name or formula changed.", of: column),
        .removal("cost_column.deleted", "A cost column was deleted.", of: column),
    ]
}
