/// Something that a cloud says by itself may have changed. Nothing is concluded from it but that it is time to look.
package enum Hint: Sendable, Equatable {
    /// An object of ours, by the id its mark or its name says.
    case resource(ResourceKind, id: String)
    /// An object by the cloud's own id.
    case object(ResourceKind, reference: String)
}
