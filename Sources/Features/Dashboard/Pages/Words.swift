import Hummingbird
import Kernel

/// Numbers and times as a person reads them, in English and UTC.
enum Words {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// `1,234,567`
    static func count(_ number: Int) -> String {
        var text = ""
        for (place, digit) in String(number).reversed().enumerated() {
            if place > 0, place % 3 == 0, digit != "-" { text.append(",") }
            text.append(digit)
        }
        return String(text.reversed())
    }

    /// `21 Nov 2026`
    static func day(_ time: Timestamp) -> String {
        let (year, month, day) = time.date
        return "\(day) \(months[Int(month) - 1]) \(year)"
    }

    /// `21 Nov 2026, 14:05 UTC`
    static func moment(_ time: Timestamp) -> String { "\(day(time)), \(time.description.dropFirst(11).prefix(5)) UTC" }

    /// `5 minutes ago`; a day after a month.
    static func since(_ time: Timestamp, at now: Timestamp) -> String {
        let seconds = now.seconds - time.seconds
        return switch seconds {
        case ..<90: "just now"
        case ..<5400: "\((seconds + 30) / 60) minutes ago"
        case ..<129_600: "\((seconds + 1800) / 3600) hours ago"
        case ..<2_592_000: "\((seconds + 43_200) / 86_400) days ago"
        default: day(time)
        }
    }
}

/// An entry of a select.
struct Choice: Sendable {
    let value: String
    let label: String
    let isChosen: Bool

    static func list<Value: RawRepresentable<String> & Equatable>(_ values: [Value], _ label: (Value) -> String, chosen: Value?) -> [Choice]
    {
        values.map { Choice(value: $0.rawValue, label: label($0), isChosen: $0 == chosen) }
    }
}

/// The way to the pages before and after.
struct Pager: Sendable {
    let previous: String?
    let next: String?

    init(previous: String?, next: String?) {
        self.previous = previous
        self.next = next
    }

    /// Nil when there is but one page.
    init?(_ number: Int, hasMore: Bool, path: String, parameter: String = "page") {
        guard number > 1 || hasMore else { return nil }
        previous = number > 1 ? "\(path)?\(parameter)=\(number - 1)" : nil
        next = hasMore ? "\(path)?\(parameter)=\(number + 1)" : nil
    }

    static let template = """
        {{#pager}}<nav class="pager" aria-label="Pages"><span>{{#previous}}<a href="{{previous}}">Previous</a>{{/previous}}</span><span>{{#next}}<a href="{{next}}">Next</a>{{/next}}</span></nav>{{/pager}}
        """
}

extension Guest {
    /// Which page of a list is asked for, from 1.
    func page(_ parameter: String = "page") -> Int {
        guard let number = query(parameter).flatMap({ Int($0) }), (1...1_000_000).contains(number) else { return 1 }
        return number
    }
}
