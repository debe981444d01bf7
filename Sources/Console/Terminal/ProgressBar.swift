/// One line that is written over while something goes on, and gone when it is over.
package struct ProgressBar: Sendable {
    let isShown: Bool

    init(_ terminal: Terminal = .current()) { isShown = terminal.showsProgress }

    /// `[##########....................]  33 %  provider.create`
    package static func text(percent: Int, _ label: String) -> String {
        let part = min(max(percent, 0), 100)
        let filled = part * 30 / 100
        let number = String(part)
        return "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: 30 - filled) + "] "
            + String(repeating: " ", count: 3 - number.count) + number + " %  " + TextTable.printable(label)
    }

    func show(percent: Int, _ label: String) {
        if isShown { Terminal.error("\r\u{1B}[K" + Self.text(percent: percent, label), terminator: "") }
    }

    func clear() {
        if isShown { Terminal.error("\r\u{1B}[K", terminator: "") }
    }
}
