import Kernel
import Provider

/// `Filter.n` of a list: the name and the values of which one must match.
struct EC2Filter: Sendable {
    let name: String
    let values: [String]

    init(_ name: String, _ values: [String]) {
        self.name = name
        self.values = values
    }
}

/// EC2's calls as parameters and elements.
struct EC2: Sendable {
    let client: AWSClient
    let pageSize: Int

    @discardableResult
    func call(_ action: String, _ parameters: AWSParameter...) async throws(ProviderError) -> XMLTree {
        try await client.query(.ec2, action, parameters)
    }

    @discardableResult
    func call(_ action: String, with parameters: [AWSParameter]) async throws(ProviderError) -> XMLTree {
        try await client.query(.ec2, action, parameters)
    }

    /// The items of all pages of a list. Half a list is none: an error on any page is thrown.
    func list(
        _ action: String, _ set: String, _ filters: [EC2Filter], with parameters: [AWSParameter] = [], hasPages: Bool = true
    ) async throws(ProviderError) -> [XMLTree] {
        let most = action == "DescribeRouteTables" ? min(pageSize, 100) : pageSize  // EC2 refuses more of those
        var fixed: [AWSParameter] = parameters + (hasPages ? [("MaxResults", String(most))] : [])
        for (index, filter) in filters.enumerated() {
            fixed.append(("Filter.\(index + 1).Name", filter.name))
            fixed += filter.values.enumerated().map { ("Filter.\(index + 1).Value.\($0 + 1)", $1) }
        }
        var items: [XMLTree] = []
        var token: String?
        repeat {
            let answer = try await client.query(.ec2, action, fixed + (token.map { [("NextToken", $0)] } ?? []), timeout: .seconds(60))
            guard answer[set] != nil else { throw ProviderError(.ambiguous, "The answer to \(action) is no list.") }
            items += answer.items(set)
            let next = answer.string("nextToken")
            guard next != token || next == nil else { throw ProviderError(.ambiguous, "The list of \(action) does not end.") }
            token = next
        } while token != nil
        return items
    }

    func tag(_ id: String, _ tags: (String, String)...) async throws(ProviderError) { try await tag(id, with: tags) }

    func tag(_ id: String, with tags: [(String, String)]) async throws(ProviderError) {
        var parameters: [AWSParameter] = [("ResourceId.1", id)]
        for (index, tag) in tags.enumerated() {
            parameters += [("Tag.\(index + 1).Key", tag.0), ("Tag.\(index + 1).Value", tag.1)]
        }
        try await call("CreateTags", with: parameters)
    }
}

extension XMLTree {
    /// What `tagSet` says.
    var tags: [String: String] {
        Dictionary(items("tagSet").map { ($0.string("key") ?? "", $0.string("value") ?? "") }) { $1 }
    }
}

extension Subject {
    /// The reference, when it can be the id of something of that sort there; it may come from a user.
    func reference(_ prefix: String) -> String? {
        guard let reference, reference.hasPrefix(prefix), (prefix.utf8.count + 1...64).contains(reference.utf8.count) else { return nil }
        return reference.dropFirst(prefix.count).allSatisfy { $0.isHexDigit } ? reference : nil
    }
}
