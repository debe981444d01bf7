package import Kernel
import Storage
package import Web

package enum TagCatalogKind: IDKind { package static let prefix = "cat" }
package typealias TagCatalogID = ID<TagCatalogKind>

/// The tags a repository's resources must carry. A client finds it by its key, a word of the caller's own that is no secret.
package struct TagCatalog: Sendable {
    package let id: TagCatalogID
    package let key: String
    package let name: String
    package let tags: [Tag]
    package let version: Int
    package let createdAt: Timestamp
    package let updatedAt: Timestamp

    package struct Tag: Sendable, Equatable {
        package let key: String
        package let value: String

        init(key: String, value: String) {
            self.key = key
            self.value = value
        }

        init(_ json: JSON) { self.init(key: json["key"]?.string ?? "", value: json["value"]?.string ?? "") }

        var json: JSON { ["key": .string(key), "value": .string(value)] }
    }

    package var etag: ETag { ETag(version: version) }

    var snapshot: JSON { ["catalog_key": .string(key), "name": .string(name), "tags": .array(tags.map(\.json))] }
}

extension TagCatalog: JSONRepresentable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("catalog_key", key)
            json.field("name", name)
            json.array("tags", tags) { json, tag in tag.json.write(to: &json) }
            json.field("created_at", createdAt)
            json.field("updated_at", updatedAt)
        }
    }

    static let keySchema = Schema.string(1...255, .text, "Your own; one is made when it is left out.").example("payments-repo")
    static let tagsSchema = Schema.array(
        .object([.required("key", .string(1...255)), .required("value", .string(0...255))]), 0...1000)
    static let snapshotFields: [Schema.Field] = [
        .required("catalog_key", keySchema), .required("name", .string(0...255)), .required("tags", tagsSchema),
    ]
    package static let schema = Schema.named(
        "TagCatalog",
        .object(
            [.required("id", .id("cat"))] + snapshotFields + [
                .required("created_at", .timestamp()), .required("updated_at", .timestamp()),
            ]))

    /// As the Cloudthread API answers it.
    struct Documented: JSONRepresentable {
        let catalog: TagCatalog

        func write(to json: inout JSONWriter) {
            json.object { json in
                json.array("tags", catalog.tags) { json, tag in
                    json.object { json in
                        json.field("Key", tag.key)
                        json.field("Value", tag.value)
                    }
                }
            }
        }

        static let schema = Schema.named(
            "CloudthreadTagCatalog",
            .object([
                .required(
                    "tags",
                    .array(.object([.required("Key", .string(1...255)), .required("Value", .string(0...255))]), 0...1000))
            ]))
    }
}
