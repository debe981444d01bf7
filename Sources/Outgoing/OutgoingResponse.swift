/// An answer; a 3xx, 4xx or 5xx is one too.
package struct OutgoingResponse: Sendable {
    package var status: Int
    package var headers: [(name: String, value: String)]
    /// As it came over the wire, `Content-Encoding` undone by nobody; its beginning only, if `isTruncated`.
    package var body: [UInt8]
    /// The body was longer than `bodyLimit`; the rest was not read and the connection was closed.
    package var isTruncated: Bool
    /// From the call until the last byte that was read, looking up the name included.
    package var duration: Duration

    package init(
        status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = [], isTruncated: Bool = false,
        duration: Duration = .zero
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.isTruncated = isTruncated
        self.duration = duration
    }

    /// The first header of that name, in any case of letters.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// The body for those who parse it: a webhook's receiver is judged by its status, however much it says, but half a list is no list.
    package func wholeBody() throws(OutgoingError) -> [UInt8] {
        guard !isTruncated else { throw .responseTooLarge(kept: body.count) }
        return body
    }
}
