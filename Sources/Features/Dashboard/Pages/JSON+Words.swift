import Kernel
import Web

/// What a call answered, as a page reads it.
extension JSON {
    /// The text at that place; empty where there is none.
    func text(_ path: String...) -> String { at(path)?.text ?? "" }

    func flag(_ name: String) -> Bool { self[name]?.bool ?? false }

    func count(_ name: String) -> Int { Int(self[name]?.integer ?? 0) }

    func time(_ path: String...) -> Timestamp? { (at(path)?.string).flatMap { Timestamp($0) } }

    func list(_ path: String...) -> [JSON] { at(path)?.array ?? [] }

    /// Lines of `name=value`, in the order they came.
    func pairs(_ name: String) -> [String] {
        (self[name]?.members ?? []).map { member in "\(member.name)=\(member.value.text ?? "")" }
    }

    private func at(_ path: [String]) -> JSON? { path.reduce(Optional(self)) { json, name in json?[name] } }
}

extension Words {
    /// `1,234.50 USD`: to the cent, or to four places below one, half to even. Nil and what is no number is a dash.
    static func money(_ amount: String?, _ currency: String) -> String {
        guard let amount, let value = ExactDecimal(amount) else { return "–" }
        let isSmall = value < 1 && -value < 1
        let text = value.rounded(scale: isSmall ? 4 : 2).formatted(minimumPlaces: 2)
        let parts = text.split(separator: ".", maxSplits: 1)
        let whole = parts[0].hasPrefix("-") ? "-" + grouped(parts[0].dropFirst()) : grouped(parts[0])
        return "\(whole).\(parts.count > 1 ? parts[1] : "00") \(currency)"
    }

    private static func grouped(_ digits: Substring) -> String {
        var text = ""
        for (place, digit) in digits.reversed().enumerated() {
            if place > 0, place % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return String(text.reversed())
    }

    /// A number with one place, such as `81.4`.
    static func decimal(_ value: JSON?) -> String? {
        switch value {
        case .integer(let number): "\(number)"
        case .double(let number):
            ExactDecimal("\(number)").map { $0.rounded(scale: 1).formatted(minimumPlaces: 0) } ?? "\(number)"
        default: nil
        }
    }

    /// `512 MiB`, `1.5 GiB`.
    static func bytes(_ count: Int64) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
        var tenths = count.multipliedReportingOverflow(by: 10).overflow ? Int64.max : count * 10
        var unit = 0
        while tenths >= 10_240, unit < units.count - 1 {
            tenths = (tenths + 512) / 1024
            unit += 1
        }
        return unit == 0 || tenths % 10 == 0 || tenths >= 1000
            ? "\((tenths + 5) / 10) \(units[unit])" : "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }

    /// `not_stabilized` → `Not stabilized`.
    static func sentence(_ code: String) -> String {
        if code == "ip" { return "IP address" }
        let words = code.split { $0 == "_" || $0 == "." || $0 == "-" }.joined(separator: " ")
        return words.prefix(1).uppercased() + words.dropFirst()
    }
}

/// A moment: how long ago, and exactly, for who points at it.
struct Moment: Sendable {
    let said: String
    let exact: String

    init?(_ time: Timestamp?, at now: Timestamp) {
        guard let time else { return nil }
        said = time > now.adding(seconds: 90) ? Words.moment(time) : Words.since(time, at: now)
        exact = time.description
    }

    static let template = """
        <time datetime="{{exact}}" title="{{exact}}">{{said}}</time>
        """
}

/// A state as a coloured word. The word says it all; the colour helps who sees it.
struct Badge: Sendable {
    let word: String
    let look: String

    init(_ state: String) {
        word = Words.sentence(state)
        look =
            switch state {
            case "ready", "running", "succeeded", "delivered", "active", "enabled", "connected", "inactive", "resolved", "ok", "complete":
                "good"
            case "failed", "missing", "crashed", "firing", "stuck", "blocked", "failing", "over", "disabled", "critical": "bad"
            case "pending", "queued", "held", "paused", "recovering", "warning", "near", "silenced", "canceling", "undoing", "no_data":
                "warn"
            case "creating", "updating", "deleting", "starting", "stopping", "restarting", "live": "accent"
            default: ""
            }
    }

    init(_ word: String, look: String) {
        self.word = word
        self.look = look
    }

    static let template = """
        <span class="badge {{look}}">{{word}}</span>
        """
}

extension Pager {
    /// Keeps what was filtered for.
    init?(_ number: Int, hasMore: Bool, path: String, keeping query: [(String, String)], parameter: String = "page") {
        let kept = query.filter { !$0.1.isEmpty }.map { "\(PercentEncoding.encode($0.0))=\(PercentEncoding.encode($0.1))&" }.joined()
        guard number > 1 || hasMore else { return nil }
        self.init(
            previous: number > 1 ? "\(path)?\(kept)\(parameter)=\(number - 1)" : nil,
            next: hasMore ? "\(path)?\(kept)\(parameter)=\(number + 1)" : nil)
    }
}
