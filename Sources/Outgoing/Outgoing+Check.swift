extension Outgoing {
    /// What can be said of a URL before anything is sent to it: whether it can be read, and, where its host is an address, whether that may
    /// be reached; over plain HTTP only what the operator opened. A name is looked up, and judged, at each request.
    package func check(_ url: String) throws(OutgoingError) {
        let destination = try Destination(url)
        guard let address = destination.literal else { return }
        guard destination.isPlain ? rule.opens(address) : rule.permits(address) else { throw .refusedAddress(address) }
    }
}
