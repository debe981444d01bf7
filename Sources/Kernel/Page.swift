/// Which part of a list is asked for, and in which of the two documented envelopes.
package struct PageRequest: Sendable, Equatable {
    package static let limits = 1...100
    package static let defaultLimit = 25

    package var limit: Int
    package var position: Position
    package var sort: Sort?
    package var filters: [Filter]

    package init(limit: Int = defaultLimit, position: Position = .after(nil), sort: Sort? = nil, filters: [Filter] = []) {
        self.limit = limit
        self.position = position
        self.sort = sort
        self.filters = filters
    }

    package enum Position: Sendable, Equatable {
        /// The cursor envelope: everything past this place, or from the start.
        case after(Place?)
        /// The page envelope: pages count from 1.
        case page(Int)
    }

    /// Where a list stopped: the last row's sort value and id.
    package struct Place: Sendable, Equatable {
        package let value: String
        package let id: String

        package init(value: String, id: String) {
            self.value = value
            self.id = id
        }
    }

    package struct Sort: Sendable, Equatable {
        package let field: String
        package let descending: Bool

        package init(field: String, descending: Bool) {
            self.field = field
            self.descending = descending
        }
    }

    package struct Filter: Sendable, Equatable {
        package let field: String
        package let value: String

        package init(field: String, value: String) {
            self.field = field
            self.value = value
        }
    }
}

/// A part of a list; the edge writes it as `data`/`next_cursor` or as `items`/`page`.
package struct Page<Item: Sendable>: Sendable {
    package let items: [Item]
    /// Where the next part begins; nil at the end.
    package let next: PageRequest.Place?

    package init(items: [Item], next: PageRequest.Place?) {
        self.items = items
        self.next = next
    }

    package var hasMore: Bool { next != nil }

    package func map<Other>(_ transform: (Item) throws -> Other) rethrows -> Page<Other> {
        Page<Other>(items: try items.map(transform), next: next)
    }
}
