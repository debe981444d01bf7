import HTTPTypes
import Hummingbird
import Kernel
import NIOCore
import Web

/// The fields of a submitted form.
struct Form: Sendable {
    private let fields: [(name: String, value: String)]

    static let largest = 64 << 10

    init() { fields = [] }

    init(fields: [(name: String, value: String)]) { self.fields = fields }

    /// Throws `payload_too_large`, `unsupported_media_type`, and `validation_failed` for what cannot be read.
    init(_ request: Request) async throws {
        let type = request.headers[.contentType]?.prefix { $0 != ";" }.lowercased()
        guard type == "application/x-www-form-urlencoded" else {
            throw Problem(.unsupportedMediaType, "A page takes forms, as application/x-www-form-urlencoded.")
        }
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: Self.largest)
        } catch is NIOTooManyBytesError {
            throw Problem(.payloadTooLarge, "A form may have \(Self.largest) bytes.")
        }
        guard let text = String(validating: body.readableBytesView, as: UTF8.self), let fields = PercentEncoding.formFields(text) else {
            throw Problem(.validationFailed, "The form could not be read.")
        }
        self.fields = fields
    }

    /// The first field of that name, as it was typed.
    subscript(_ name: String) -> String? { fields.first { $0.name == name }?.value }

    /// Every field of that name, as they were typed: the boxes that are ticked.
    func all(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

    /// Without white space around it, which nobody types on purpose.
    func text(_ name: String) -> String {
        var text = Substring(self[name] ?? "")
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }

    /// What is wrong with the field by the API's own schema, as a sentence; nil when nothing is.
    func complaint(_ name: String, called label: String, _ schema: Schema) -> String? {
        let text = text(name)
        guard let violation = schema.violations(in: .string(text)).first else { return nil }
        return text.isEmpty ? "\(label) is missing." : "\(label) \(violation.detail)."
    }
}
