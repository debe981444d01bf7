package import Kernel

/// One managed field that is not as it should be.
package struct Difference: Sendable, Equatable {
    /// Its name in the spec.
    package let path: String
    package let wanted: JSON
    package let observed: JSON

    /// What an object does, and not what it is.
    var isState: Bool { path == CanonicalState.power }

    var json: JSON { ["path": .string(path), "wanted": wanted, "observed": observed] }

    init(path: String, wanted: JSON, observed: JSON) {
        self.path = path
        self.wanted = wanted
        self.observed = observed
    }

    init?(_ json: JSON) {
        guard let path = json["path"]?.string else { return nil }
        self.init(path: path, wanted: json["wanted"] ?? .null, observed: json["observed"] ?? .null)
    }

    /// For a condition or an event: `size is s-2, wanted s-1`.
    var sentence: String { "\(path) is \(Self.words(observed)), wanted \(Self.words(wanted))" }

    private static func words(_ value: JSON) -> String { value.string ?? value.text }
}

/// The three-way comparison: what it was when an operation last brought it about (`baseline`), what is wanted now, what is seen now.
///
/// A field that is seen as it was is in sync, also where the provider rounds what the spec says. One that is seen as it is wanted is in sync
/// too, whoever made it so. A field without a baseline gets one from the first look. What it does has no baseline: it is compared with
/// what is wanted.
struct Comparison: Sendable {
    private(set) var differences: [Difference] = []
    private(set) var baseline: CanonicalState

    init(baseline: CanonicalState?, spec: CanonicalState, seen: CanonicalState, ignoring ignored: [String]) {
        self.baseline = baseline ?? CanonicalState()
        for (path, observed) in seen.fields.sorted(by: { $0.key < $1.key }) {
            let wanted = spec[path]
            if path == CanonicalState.power {
                if let wanted, !Self.isSatisfied(wanted, by: observed) { add(path, wanted, observed, ignored) }
            } else if let known = self.baseline[path], known != observed, wanted != observed {
                add(path, wanted ?? known, observed, ignored)
            } else {
                self.baseline.fields[path] = observed
            }
        }
    }

    /// What crashed does not run.
    private static func isSatisfied(_ wanted: JSON, by observed: JSON) -> Bool {
        wanted == observed || (wanted == "stopped" && observed == "crashed")
    }

    private mutating func add(_ path: String, _ wanted: JSON, _ observed: JSON, _ ignored: [String]) {
        guard !ignored.contains(path) else { return }
        differences.append(Difference(path: path, wanted: wanted, observed: observed))
    }
}
