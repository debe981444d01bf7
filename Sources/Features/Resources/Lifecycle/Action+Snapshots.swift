import Identity
import Kernel
import Provider
import Storage
import Web

extension Admitting {
    /// The short way to a snapshot: of its own, made like any other. The operation of the answer is the snapshot's, and names it.
    func snapshot(_ volume: Resource, _ body: JSON?) throws -> Admitted {
        try caller.require(.snapshotsWrite)
        let project = try project(volume.project.rawValue)
        let name = try body?["name"]?.string ?? freeName(forSnapshotOf: volume)
        var draft = try ResourceDraft(.snapshot, named: name, body, at: by.at)
        draft.spec = ["volume_id": JSON(volume.id)]
        if body?["labels"] == nil { draft.labels = volume.labels }
        var admitted = try create(draft, in: project)
        admitted.isNew = false
        return admitted
    }

    /// `data-20261122-061500`, and `-2`, `-3` after it where that is taken.
    private func freeName(forSnapshotOf volume: Resource) throws -> String {
        let time = by.at.description.prefix(19).replacing("-", with: "").replacing(":", with: "").replacing("T", with: "-")
        let name = "\(volume.name.prefix(63 - time.count - 5))-\(time)"
        let names = sequence(first: 2) { $0 + 1 }.lazy.map { "\(name)-\($0)" }
        func isFree(_ name: String) throws -> Bool {
            try Resource.find(named: name, .snapshot, in: volume.project, caller.tenant, connection) == nil
        }
        if try isFree(name) { return name }
        return try names.prefix(900).first(where: isFree) ?? name
    }
}
