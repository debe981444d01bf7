package import Kernel
import Storage
package import Web

/// Members, and what of the costs they may see: the nineteen fields of the Cloudthread API.
///
/// The id is the caller's own text. Lists are kept and answered as they were sent, only those that were; how they are matched says
/// `DataFilter`.
package struct Team: Sendable {
    package let id: String
    package let name: String
    package let slackChannel: String?
    /// An object of the lists that were set.
    let lists: JSON
    let version: Int
    package let createdAt: Timestamp

    /// The fields that are lists, in the order they are written.
    enum List: String, CaseIterable {
        case awsAccountIDs = "aws_account_ids"
        case awsPayerIDs = "aws_bill_payer_account_ids"
        case awsRegions = "aws_region_names"
        case awsServices = "aws_services"
        case awsTags = "aws_tags"
        case awsAccountTags = "aws_account_tags"
        case gcpProjects = "gcp_project_names"
        case gcpBillingAccounts = "gcp_billing_account_ids"
        case gcpSKUs = "gcp_sku_ids"
        case gcpLocations = "gcp_locations"
        case gcpServices = "gcp_services"
        case gcpLabels = "gcp_labels"
        case streamTokens = "custom_stream_tokens"
        case metricNames = "custom_metric_names"
        case customDimensions = "custom_dimensions"
        case priorities = "opportunity_priorities"

        var holdsPairs: Bool { [.awsTags, .awsAccountTags, .gcpLabels, .customDimensions].contains(self) }
        /// AWS account numbers have twelve digits, which JSON numbers lose the first of.
        var holdsAWSAccounts: Bool { self == .awsAccountIDs || self == .awsPayerIDs }

        var schema: Schema {
            if self == .priorities { return .array(.integer(Int64(Int32.min)...Int64(Int32.max))) }
            if holdsPairs {
                return .array(
                    Schema(.map(Schema.string(0...255).orInteger), "`{\"Key\":…,\"Value\":…}` in any case, or `{key: value}`."))
            }
            return .array(holdsAWSAccounts ? Schema.string(1...255).orInteger : .string(1...255))
        }

        /// What is kept of what was sent.
        func kept(_ value: JSON) -> JSON {
            guard holdsAWSAccounts, let items = value.array else { return value }
            return .array(
                items.map { item in
                    item.string.map(JSON.string)
                        ?? item.integer.map { .string(String(repeating: "0", count: max(0, 12 - String($0).count)) + String($0)) } ?? item
                })
        }
    }
}

extension Team: JSONRepresentable, SchemaDescribed {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("name", name)
            json.present("slack_channel", slackChannel)
            for list in List.allCases {
                if let value = lists[list.rawValue] { json.dynamicField(list.rawValue, value) }
            }
        }
    }

    static let listFields: [Schema.Field] = List.allCases.map { .optional($0.rawValue, $0.schema) }
    static let idSchema = Schema.string(1...255, .text, "Your own.").example("7")
    static let nameSchema = Schema.string(1...255).example("Payments")

    package static let schema = Schema.named(
        "Team",
        .object(
            [
                .required("id", idSchema), .required("name", nameSchema), .optional("slack_channel", .string(1...255)),
            ] + listFields))

    /// What stands in the log about it. A stream's token is no one's to read there.
    var snapshot: JSON {
        let told = List.allCases.compactMap { list -> JSON.Member? in
            guard let value = lists[list.rawValue] else { return nil }
            guard list == .streamTokens else { return .init(list.rawValue, value) }
            return .init(list.rawValue, .array((value.array ?? []).map { .string("…" + ($0.string ?? "").suffix(4)) }))
        }
        return ["name": .string(name), "slack_channel": JSON(slackChannel), "filter": .object(told)]
    }

    /// How the log knows it: its id may look like that of something else.
    var subject: String { "team/" + id }
}
