import Kernel
package import Web

package enum TemplateEvents {
    private static let template = Schema.object([
        .required("name", .string(1...63)), .required("description", .string(0...2000, .echo)),
        .required("project_id", Schema.id("proj").nullable), .required("variables", .array(.string(1...63))),
        .required("keys", .array(.string(1...63))), .required("version", .integer(1...Int64.max)),
    ])

    package static let types: [EventType] = [
        .creation("template.created", "A template was made.", of: template),
        .change("template.updated", "A template is another; stacks made of it stay as they are.", of: template),
        .removal("template.deleted", "A template is gone; stacks made of it stay.", of: template),
    ]
}
