package import Kernel

/// Why a command ended, and the status it ends with.
package struct RemoteFailure: Error, CustomStringConvertible, Sendable {
    package let status: ExitStatus
    package let description: String

    package init(_ status: ExitStatus, _ description: String) {
        self.status = status
        self.description = TextTable.printable(description)
    }

    /// The problem as it came: its title and detail, every place that is wrong, what to do next, and the request to ask about.
    package init(answer status: Int, _ body: JSON?, advice: String? = nil) {
        var lines = [
            "Error: \(body?["title"]?.string ?? "The server answered \(status)") (\(status)\(body?["code"]?.string.map { ", " + $0 } ?? ""))."
        ]
        if let detail = body?["detail"]?.string, detail != body?["title"]?.string { lines.append("  " + detail) }
        for place in body?["errors"]?.array ?? [] {
            guard let pointer = place["pointer"]?.string, let detail = place["detail"]?.string, detail != body?["detail"]?.string else {
                continue
            }
            lines.append("  \(pointer): \(detail)")
        }
        if let advice = advice ?? body?["code"]?.string.flatMap(Problem.Code.init)?.advice { lines.append("  Next: \(advice)") }
        if let request = body?["request_id"]?.string { lines.append("  Request: \(request)") }
        self.init(ExitStatus(httpStatus: status), lines.joined(separator: "\n"))
    }
}
