package import Kernel
import Storage
import Vault
package import Web

package enum DataStreamKind: IDKind { package static let prefix = "stm" }
package typealias DataStreamID = ID<DataStreamKind>

/// Where a customer's own numbers come in: what a stream token names.
package struct DataStream: Sendable {
    package let id: DataStreamID
    package let tenant: Tenant
    package var name: String
    package let type: Kind
    let token: [UInt8]
    package let version: Int
    package let createdAt: Timestamp
    package var updatedAt: Timestamp

    /// Which form its data has.
    package enum Kind: String, Sendable, CaseIterable, SQLConvertible {
        /// Points, by `POST /streams/ingest`.
        case custom
        /// What the Kubernetes exporter writes; not by way of JSON.
        case kubernetes
    }

    package var etag: ETag { ETag(version: version) }

    /// How many a workspace may have, in each mode.
    static let most = 1000
}

/// A stream and its token: lists show it whole, since it is what metric filters and teams name the stream by.
package struct DataStreamView: Sendable, JSONRepresentable, SchemaDescribed {
    let stream: DataStream
    let token: String

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", stream.id)
            json.field("name", stream.name)
            json.field("type", stream.type.rawValue)
            json.field("data_stream_token", token)
            json.field("mode", stream.tenant.mode.rawValue)
            json.field("created_at", stream.createdAt)
            json.field("updated_at", stream.updatedAt)
        }
    }

    package static let schema = Schema.named(
        "DataStream",
        .object([
            .required("id", .id("stm")), .required("name", .name()), .required("type", .choice(of: DataStream.Kind.self)),
            .required(
                "data_stream_token",
                Schema.string(1...100, .text, "Names the stream in `POST /streams/ingest`. No authority by itself.").example("dst_…")),
            .required("mode", .choice(of: Mode.self)), .required("created_at", .timestamp()), .required("updated_at", .timestamp()),
        ]))
}
