package import Crypto
package import Foundation
import HTTPTypes
package import Kernel
package import Storage

/// How a list is written: `data`/`next_cursor` or `items`/`page`. The request's own parameters decide; with none, the mount or the
/// credential's profile.
package enum Envelope: Sendable, Equatable {
    case cursor
    case page
}

package enum ListEnvelope {
    /// The parameters every list takes, and its own filters and sort fields.
    package static func parameters(sort: [String], filters: [Query.Parameter] = []) -> [Query.Parameter] {
        let limits = Int64(PageRequest.limits.lowerBound)...Int64(PageRequest.limits.upperBound)
        return [
            .init("limit", .integer(limits, "How many entries to answer; with it the answer has the cursor envelope.")),
            .init("cursor", .string(1...1000, .text, "`next_cursor` of the part before.")),
            .init("page", .integer(1...1_000_000, "Which page, from 1; with it the answer has the page envelope.")),
            .init("per_page", .integer(limits, "How many entries a page has.")),
            .init("sort", .choice(sort.flatMap { [$0, "-" + $0] }, "The field to sort by; `-` for descending.")),
        ] + filters
    }

    static func schema(of item: Schema) -> Schema {
        Schema(
            .object([
                .optional("data", .array(item, 0...100, "The entries, in the cursor envelope.")),
                .optional("next_cursor", Schema.string(0...1000).nullable),
                .optional("items", .array(item, 0...100, "The entries, in the page envelope.")),
                .optional("page", .integer(1...1_000_000)),
                .required("has_more", .boolean("Whether there is another part.")),
                .required("request_id", .id("req")),
            ]))
    }
}

extension Call {
    /// What part of the list the query asks for. Throws `invalid_cursor` for a cursor of another list, sort or filter.
    package func pageRequest() throws -> PageRequest {
        let usesPages = query["page"] != nil || query["per_page"] != nil
        guard !(usesPages && (query["limit"] != nil || query["cursor"] != nil)) else {
            throw Problem.invalid(parameter: "page", "Use limit and cursor, or page and per_page, not both.")
        }
        let sort = query["sort"].map { text in
            PageRequest.Sort(field: text.hasPrefix("-") ? String(text.dropFirst()) : text, descending: text.hasPrefix("-"))
        }
        let position: PageRequest.Position =
            envelope == .page ? .page(query.integer("page") ?? 1) : .after(try query["cursor"].map { try cursors.open($0, for: listName) })
        return PageRequest(
            limit: query.integer("limit") ?? query.integer("per_page") ?? PageRequest.defaultLimit, position: position, sort: sort)
    }

    /// Writes a page in the envelope the request decided on, with `Link: rel="next"` when there is more.
    package func answer<Item>(_ page: Page<Item>, capacity: Int = 6144, _ write: (inout JSONWriter, Item) -> Void) -> Answer {
        var json = JSONWriter(capacity: capacity)
        json.beginObject(withArray: listMember)
        for item in page.items { write(&json, item) }
        json.endArray()
        return answer(WrittenPage(json: json, next: page.next))
    }

    /// What the envelope calls the entries.
    package var listMember: StaticString { envelope == .cursor ? "data" : "items" }

    /// Of a page whose entries were written as `listMember`.
    package func answer(_ page: consuming WrittenPage) -> Answer {
        let next = page.next.map { cursors.seal($0, for: listName) }
        switch envelope {
        case .cursor: page.json.field("next_cursor", next)
        case .page: page.json.field("page", query.integer("page") ?? 1)
        }
        page.json.field("has_more", next != nil)
        page.json.field("request_id", requestID)
        page.json.endObject()
        var answer = Answer(status: .ok, headers: .json, body: page.json.take())
        if let next { answer.headers[.link] = link(to: next) }
        return answer
    }

    package func answer(_ page: Page<some JSONRepresentable>) -> Answer {
        answer(page) { json, item in item.write(to: &json) }
    }

    private func link(to cursor: String) -> String {
        let changed: [(String, String)] = envelope == .page ? [("page", String((query.integer("page") ?? 1) + 1))] : [("cursor", cursor)]
        let kept = query.all.filter { $0.name != changed[0].0 }.map { ($0.name, $0.value) }
        let limit: [(String, String)] = envelope == .cursor && query["limit"] == nil ? [("limit", String(PageRequest.defaultLimit))] : []
        let text = (kept + limit + changed).map { "\($0.0)=\(PercentEncoding.encode($0.1))" }.joined(separator: "&")
        return "<\(path)?\(text)>; rel=\"next\""
    }

    /// What a cursor belongs to: tenant, path, sort and filters.
    private var listName: String {
        let filters = query.all.filter { !["limit", "cursor", "page", "per_page"].contains($0.name) }.sorted { $0.name < $1.name }
        return ([caller.workspace.rawValue, caller.mode.rawValue, routePath] + filters.map { "\($0.name)=\($0.value)" }).joined(
            separator: "\n")
    }
}

/// Makes cursors opaque and unforgeable: base64url of the place and a truncated HMAC-SHA-256 over place and list.
package struct CursorSigner: Sendable {
    private let key: SymmetricKey

    package init(key: SymmetricKey) { self.key = key }

    func seal(_ place: PageRequest.Place, for list: String) -> String {
        let payload = JSON.array([.string(place.value), .string(place.id)]).canonicalBytes
        return Data(payload + code(payload, list)).base64URL
    }

    func open(_ text: String, for list: String) throws -> PageRequest.Place {
        guard let bytes = Data(base64URL: text).map(Array.init), bytes.count > 16,
            code(Array(bytes.dropLast(16)), list) == Array(bytes.suffix(16)),
            let parts = try? JSONParser.parse(bytes.dropLast(16)).array, parts.count == 2, let value = parts[0].string,
            let id = parts[1].string
        else { throw Problem(.invalidCursor, "The cursor was not given out for this list with this sort and these filters.") }
        return PageRequest.Place(value: value, id: id)
    }

    private func code(_ payload: [UInt8], _ list: String) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: payload + Array(list.utf8), using: key).prefix(16))
    }
}

extension Data {
    /// RFC 4648, section 5, without padding.
    package var base64URL: String {
        String(
            decoding: base64EncodedData().lazy.filter { $0 != UInt8(ascii: "=") }.map { byte in
                byte == UInt8(ascii: "+") ? UInt8(ascii: "-") : byte == UInt8(ascii: "/") ? UInt8(ascii: "_") : byte
            }, as: UTF8.self)
    }

    package init?(base64URL text: String) {
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        self.init(base64Encoded: text.replacing("-", with: "+").replacing("_", with: "/") + padding)
    }
}
