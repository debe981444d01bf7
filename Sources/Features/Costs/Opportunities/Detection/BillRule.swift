/// What is looked for in bills.
enum BillRule: String {
    /// FOCUS's CommitmentDiscountStatus `Unused`.
    case unusedCommitment = "COMMITMENT_UNUSED"
    case untaggedSpend = "UNTAGGED_SPEND"
    case resourceWithoutUsage = "RESOURCE_WITHOUT_USAGE"

    var category: String {
        switch self {
        case .unusedCommitment: "Unused Commitment"
        case .untaggedSpend: "Untagged Spend"
        case .resourceWithoutUsage: "Resource Without Usage"
        }
    }

    var difficulty: Opportunity.Difficulty {
        switch self {
        case .unusedCommitment: .medium
        case .untaggedSpend: .easy
        case .resourceWithoutUsage: .hard
        }
    }

    var recommendation: String {
        switch self {
        case .unusedCommitment: "Move usage under the commitment, sell or exchange it, or buy less of it next time."
        case .untaggedSpend: "Tag the resources, so that somebody answers for what they cost; that alone saves nothing."
        case .resourceWithoutUsage: "Delete the resource if nobody needs it: it was charged and consumed nothing."
        }
    }
}
