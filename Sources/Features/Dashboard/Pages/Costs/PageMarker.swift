import Kernel

/// A marker as pages list it beneath a chart.
struct PageMarker: Sendable {
    let number: Int
    let type: String
    let at: Timestamp
    let moment: String
    let description: String?
    /// Only what leads to another site.
    let link: String?

    /// More than this would hide what they are drawn over.
    static let most = 30

    /// Oldest first, and how many there are besides; none for who may not see markers. Both ends as the API takes them.
    static func read(_ visit: Visit, from: String?, to: String?) async throws -> (shown: [PageMarker], hasMore: Bool) {
        guard let from, let to, visit.caller.scopes.contains(.markersRead) else { return ([], false) }
        let (items, hasMore) = try await visit.list("/v1/markers", query: ["from": from, "to": to], perPage: most)
        let markers = items.reversed().enumerated().compactMap { index, json -> PageMarker? in
            guard let at = json["timestamp"]?.string.flatMap({ Timestamp($0) }) else { return nil }
            let url = json["event_url"]?.string ?? ""
            return PageMarker(
                number: index + 1, type: json["type"]?.string ?? "", at: at, moment: Words.moment(at),
                description: json["description"]?.string.flatMap { $0.isEmpty ? nil : $0 },
                link: url.hasPrefix("https://") || url.hasPrefix("http://") ? url : nil)
        }
        return (markers, hasMore)
    }

    /// On a chart with those buckets, in parts of a bucket from the left; without those that lie outside.
    static func placed(_ markers: [PageMarker], in buckets: some Sequence<Range<Timestamp>?>) -> [Chart.Marker] {
        guard !markers.isEmpty else { return [] }
        let spans = Array(buckets)
        return markers.compactMap { marker in
            guard let place = spans.firstIndex(where: { $0?.contains(marker.at) == true }), let span = spans[place] else { return nil }
            let part = Double(marker.at.seconds - span.lowerBound.seconds) / Double(span.upperBound.seconds - span.lowerBound.seconds)
            return Chart.Marker(place: Double(place) + part, number: marker.number, title: "\(marker.type), \(marker.moment)")
        }
    }

    static let template = """
        {{#hasMarkers}}<ol class="markers" aria-label="Markers">{{#markers}}<li><strong>{{type}}</strong>, {{moment}}{{#description}}: {{.}}{{/description}}{{#link}} <a href="{{.}}" rel="noopener noreferrer">Open</a>{{/link}}</li>{{/markers}}</ol>{{/hasMarkers}}
        """
}
