import Kernel
import Testing

@Suite struct `Scopes` {
    @Test func `mean the same in both spellings`() throws {
        for scope in Scope.allCases {
            let parts = scope.rawValue.split(separator: ":")
            #expect(scope.actionFirst == "\(parts[1]):\(parts[0])")
            #expect(try ScopeSet(parsing: [scope.actionFirst]) == ScopeSet(parsing: [scope.rawValue]))
            #expect(try ScopeSet(parsing: [scope.actionFirst]).patterns == [scope.rawValue])
        }
    }

    @Test(arguments: [
        (["*"], Scope.allCases), (["*:*"], Scope.allCases), (["projects:*"], [.projectsRead, .projectsWrite]),
        (["*:projects"], [.projectsRead, .projectsWrite]), (["usage:*"], [.usageRead]), (["keys:read", "read:keys"], [.keysRead]),
        (["read:users", "projects:*"], [.usersRead, .projectsRead, .projectsWrite]), ([], []),
    ])
    func `with a star cover what they name`(texts: [String], covered: [Scope]) throws {
        let scopes = try ScopeSet(parsing: texts)
        #expect(Set(Scope.allCases.filter(scopes.contains)) == Set(covered))
    }

    @Test(arguments: [
        "", ":", "projects", "projects:", ":read", "projects:delete", "stars:*", "*:stars", "projects:read:", "PROJECTS:READ",
        "projects: read", "**",
    ])
    func `that name nothing are refused`(text: String) {
        #expect(throws: ScopeSet.UnknownScope.self) { try ScopeSet(parsing: [text]) }
    }

    @Test func `are kept as they were asked for, each once, and written in either spelling`() throws {
        let scopes = try ScopeSet(parsing: ["read:projects", "projects:read", "users:*", "*"])
        #expect(scopes.patterns == ["projects:read", "users:*", "*"])
        #expect(scopes.actionFirstPatterns == ["read:projects", "*:users", "*"])
    }

    @Test func `compare and intersect by what they cover`() throws {
        let narrow = try ScopeSet(parsing: ["projects:read"])
        let wide = try ScopeSet(parsing: ["projects:*", "users:read"])
        #expect(narrow.isSubset(of: wide) && !wide.isSubset(of: narrow) && wide.isSubset(of: .all) && ScopeSet.none.isSubset(of: narrow))
        #expect(wide.intersection(narrow).patterns == ["projects:read"])
        #expect(wide.intersection(.all) == wide)
        #expect(wide.intersection(.none) == .none)
    }
}

@Suite struct `Roles` {
    @Test func `each do what the one before may`() {
        #expect(Role.viewer < .editor && .editor < .admin)
        #expect(Role.viewer.scopes.isSubset(of: Role.editor.scopes) && Role.editor.scopes.isSubset(of: Role.admin.scopes))
    }

    @Test func `let viewers read, editors change projects, and admins do the rest`() {
        #expect(Scope.allCases.allSatisfy { Role.viewer.scopes.contains($0) == $0.isRead })
        #expect(Role.editor.scopes.contains(.projectsWrite))
        for scope in [Scope.keysWrite, .usersWrite, .accountsWrite, .settingsWrite] {
            #expect(!Role.editor.scopes.contains(scope) && Role.admin.scopes.contains(scope))
        }
    }
}
