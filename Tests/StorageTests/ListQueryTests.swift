import Kernel
import Storage
import Testing

private struct Bird: Sendable, Equatable {
    let id: String
    let name: String
    let weight: Int64
}

private let flock = [
    Bird(id: "1", name: "wren", weight: 9), Bird(id: "2", name: "Zebra finch", weight: 12), Bird(id: "3", name: "robin", weight: 18),
    Bird(id: "4", name: "élan", weight: 18), Bird(id: "5", name: "wren", weight: 10), Bird(id: "6", name: "_owl", weight: 18),
    Bird(id: "7", name: "robin", weight: 7),
]

private let migrations = [
    Migration(
        "0001-birds",
        "CREATE TABLE birds (workspace TEXT NOT NULL, id TEXT PRIMARY KEY, name TEXT NOT NULL, weight INTEGER NOT NULL) STRICT")
]

private let everything = ListQuery(
    "SELECT id, name, weight FROM birds", sortable: ["name": .text("name"), "weight": .integer("weight")],
    defaultSort: PageRequest.Sort(field: "name", descending: false))

extension Engine {
    fileprivate func withBirds(_ body: (Store) async throws -> Void) async throws {
        try await withStore(migrations) { store in
            try await store.write { connection in
                for bird in flock {
                    try connection.execute(
                        "INSERT INTO birds (workspace, id, name, weight) VALUES (?, ?, ?, ?)", Tenant.live.workspace, bird.id, bird.name,
                        bird.weight)
                }
                try connection.execute("INSERT INTO birds (workspace, id, name, weight) VALUES ('wsp_two', '8', 'wren', 9)")
            }
            try await body(store)
        }
    }
}

extension Store {
    fileprivate func birds(_ request: PageRequest, _ narrow: @Sendable (inout ListQuery) -> Void = { _ in }) async throws -> Page<Bird> {
        var query = everything
        query.filter("workspace = ?", Tenant.live.workspace)
        narrow(&query)
        return try await read { [query] connection in
            try query.page(
                request, connection, place: { PageRequest.Place(value: $1 == "weight" ? String($0.weight) : $0.name, id: $0.id) },
                as: { Bird(id: try $0.get(0), name: try $0.get(1), weight: try $0.get(2)) })
        }
    }
}

@Suite struct `A list` {
    @Test(arguments: Engine.available, [("name", false), ("name", true), ("weight", false), ("weight", true)])
    func `is walked forward without missing or repeating a row, ties and all`(engine: Engine, sort: (field: String, descending: Bool))
        async throws
    {
        try await engine.withBirds { store in
            for limit in 1...8 {
                var walked: [Bird] = []
                var request = PageRequest(limit: limit, sort: PageRequest.Sort(field: sort.field, descending: sort.descending))
                while true {
                    let page = try await store.birds(request)
                    #expect(page.items.count <= limit)
                    walked += page.items
                    guard let next = page.next else { break }
                    request.position = .after(next)
                }
                let key: (Bird) -> String = { sort.field == "name" ? $0.name : String(1000 + $0.weight) }
                let sorted = flock.sorted {
                    Array(key($0).utf8 + [0] + $0.id.utf8).lexicographicallyPrecedes(Array(key($1).utf8 + [0] + $1.id.utf8))
                }
                #expect(walked == (sort.descending ? sorted.reversed() : sorted))
            }
        }
    }

    @Test(arguments: Engine.available)
    func `is ordered by bytes, whatever language the server speaks`(engine: Engine) async throws {
        try await engine.withBirds { store in
            let names = try await store.birds(PageRequest()).items.map(\.name)
            #expect(names == ["Zebra finch", "_owl", "robin", "robin", "wren", "wren", "élan"])
        }
    }

    @Test(arguments: Engine.available)
    func `can be asked for by page number`(engine: Engine) async throws {
        try await engine.withBirds { store in
            let sort = PageRequest.Sort(field: "weight", descending: false)
            var pages: [Page<Bird>] = []
            for number in 1...4 { pages.append(try await store.birds(PageRequest(limit: 3, position: .page(number), sort: sort))) }
            #expect(pages.map { $0.items.map(\.id) } == [["7", "1", "5"], ["2", "3", "4"], ["6"], []])
            #expect(pages.map(\.hasMore) == [true, true, false, false])
        }
    }

    @Test(arguments: Engine.available)
    func `shows what passes every filter, and counts only that`(engine: Engine) async throws {
        try await engine.withBirds { store in
            let page = try await store.birds(PageRequest(limit: 1)) { query in
                query.filter("name", isOneOf: ["wren", "robin"])
                query.filter("weight BETWEEN ? AND ?", 8, 18)
            }
            #expect(page.items.map(\.id) == ["3"])
            #expect(page.hasMore)
            let none = try await store.birds(PageRequest()) { query in query.filter("name", isOneOf: [String]()) }
            #expect(none.items.isEmpty && !none.hasMore)
        }
    }

    @Test(arguments: Engine.available)
    func `refuses an unknown order and a cursor that does not fit`(engine: Engine) async throws {
        try await engine.withBirds { store in
            let unknown = await #expect(throws: Problem.self) {
                try await store.birds(PageRequest(sort: PageRequest.Sort(field: "colour", descending: false)))
            }
            #expect(unknown?.code == .invalidParameter)
            let unfit = await #expect(throws: Problem.self) {
                let place = PageRequest.Place(value: "wren", id: "1")
                return try await store.birds(
                    PageRequest(position: .after(place), sort: PageRequest.Sort(field: "weight", descending: false)))
            }
            #expect(unfit?.code == .invalidCursor)
        }
    }
}
