import Kernel

extension OpenAPIDocument {
    /// The document with one member a line, so that a change of it can be read as a difference.
    package var prettyText: String { value.indented + "\n" }
}
