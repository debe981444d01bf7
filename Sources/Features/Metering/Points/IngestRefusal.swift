package import Kernel

/// Why a batch is not taken: nothing of it is stored.
package struct IngestRefusal: Error, Sendable {
    /// RFC 6901, into the body; nil when the body is not JSON.
    let pointer: String?
    let code: String
    let detail: String

    static func syntax(_ detail: String, at offset: Int) -> IngestRefusal {
        IngestRefusal(pointer: nil, code: "invalid_json", detail: "At byte \(offset): \(detail).")
    }

    static func field(_ pointer: String, _ code: String, _ detail: String) -> IngestRefusal {
        IngestRefusal(pointer: pointer, code: code, detail: detail)
    }

    package var problem: Problem {
        guard let pointer else { return Problem(.invalidJSON, detail) }
        let violation = Problem.Violation(pointer: pointer, code: code, detail: detail)
        return Problem(.validationFailed, at: [violation], first: violation)
    }
}
