import Identity
package import Kernel
import Metering
package import Storage
package import Web

/// The requests that were counted, of the workspace or of one project.
package struct RequestUnits: UnitSource {
    package let name = "requests"

    package init() {}

    package var fields: [Schema.Field] { [.optional("project_id", .id("proj", "With `requests`: of this project alone."))] }

    package func aggregation(of side: UnitSide) -> String { "SUM" }

    package func check(_ side: UnitSide, at place: String, for caller: Caller, _ connection: Connection) throws {
        guard let project = side.parameters["project_id"]?.string else { return }
        do {
            _ = try Project.find(ProjectID(project), in: caller.workspace, connection)
        } catch let problem as Problem where problem.code == .notFound {
            throw Problem.invalid(place + "/project_id", "There is no such project.", code: "not_found")
        }
    }

    /// Without a project named, a credential of single projects counts its own.
    package func amounts(of side: UnitSide, in spans: [Range<Timestamp>], _ question: Query, for caller: Caller, _ connection: Connection)
        throws -> [ExactDecimal?]
    {
        let named = side.parameters["project_id"]?.string.map { ProjectID($0) }
        let projects: [ProjectID?]
        switch caller.reach {
        case .workspace: projects = [named]
        case .projects(let roles): projects = named.map { roles[$0] == nil ? [] : [$0] } ?? Array(roles.keys)
        }
        return try spans.map { span in
            let counts = try projects.map { project in
                try RequestTotals.requests(
                    of: nil, project: project, in: caller.tenant, from: span.lowerBound, to: span.upperBound, byHour: true, connection)
            }
            return ExactDecimal(counts.reduce(0, +))
        }
    }
}
