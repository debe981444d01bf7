package import Foundation
package import Kernel

/// Where an installation stands: a folder of its own, a stopped clock, countable randomness. It outlives the server, so that a test can
/// stop one and start another on the same data.
package struct Place: Sendable {
    package let folder: URL
    package let clock = StoppedClock()
    let bits = CountingBits()

    package var surroundings: Surroundings {
        Surroundings(now: { [clock] in clock.now }, random: { [bits] in bits.next() }, sleep: { [clock] in try await clock.sleep(for: $0) })
    }

    package var databasePath: String { folder.appendingPathComponent("cloudapi.db").path }

    /// Everything on disk: the database, its log and whatever else is there.
    package func fileBytes() throws -> [UInt8] {
        try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil).flatMap { try Array(Data(contentsOf: $0)) }
    }

    /// Lends a fresh folder and removes it afterwards.
    package static func fresh<Result>(_ body: (Place) async throws -> Result) async throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("cloudapi-test-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }  // what is left is a temporary folder
        return try await body(Place(folder: folder))
    }
}

extension [UInt8] {
    package func contains(_ text: String) -> Bool { Data(self).range(of: Data(text.utf8)) != nil }
}
