import Kernel
package import Web

package enum StackEvents {
    private static let stack = Schema.object([
        .required("name", .string(1...63)), .required("project_id", .id("proj")), .required("keys", .array(.string(1...63))),
        .required("version", .integer(1...Int64.max)),
    ])
    private static let plan = Schema.object([
        .required("stack_id", .id("stk")), .required("name", .string(1...63)), .required("project_id", .id("proj")),
        .required("digest", .string(64...64)),
        .required(
            "changes",
            .array(.object([.required("key", .string(1...63)), .required("action", .choice(of: PlannedChange.Action.self))]), 0...100_000)),
    ])
    private static let run: [Schema.Field] = [
        .required("name", .string(1...63)), .required("project_id", .id("proj")), .required("operation_id", .id("op")),
        .required("plan_id", Schema.id("plan").nullable),
        .required(
            "error",
            Schema.object([.required("code", .choice(of: Operation.Failure.Code.self)), .required("detail", .string(0...10_000, .echo))])
                .nullable),
    ]

    package static let types: [EventType] = [
        .creation("stack.created", "A stack was described.", of: stack), .change("stack.updated", "A stack is to be another.", of: stack),
        EventType(
            "stack.delete_requested", "A stack and its members are being deleted.",
            data: [.required("before", stack), .required("operation_id", .id("op"))]),
        .removal("stack.deleted", "A stack is gone.", of: stack),
        EventType("stack.applied", "A plan was carried out to its end.", data: run),
        EventType(
            "stack.apply_failed", "A plan could not be carried out; the members it came to are as they are, or were taken back.", data: run),
        EventType("stack.emptied", "All members of a stack are deleted.", data: run),
        EventType("stack.delete_failed", "A member of a stack could not be deleted.", data: run),
        .creation("plan.created", "It was worked out what applying a stack would do.", of: plan),
        EventType(
            "plan.approved", "Somebody has approved a plan that somebody else made.",
            data: [.required("after", plan), .required("approved_by", .id("usr"))]),
        EventType(
            "plan.applied", "A plan is being carried out.",
            data: [.required("after", plan), .required("operation_id", .id("op")), .optional("approved_by", .id("usr"))]),
    ]
}
