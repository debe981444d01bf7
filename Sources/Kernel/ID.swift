/// A typed, prefixed, time-ordered identifier.
///
/// A `ProjectID` cannot be handed where a `KeyID` is due, and a log line says what it is: `proj_01jd3x…`.
/// The part after the prefix is a ULID (48 bits of milliseconds, 80 random bits, Crockford base 32, lower case), so ids
/// sort by the time they were made. Callers treat them as opaque.
package struct ID<Kind: IDKind>: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: String

    /// Takes any text: an id that was never made is simply not found.
    package init(_ rawValue: String) { self.rawValue = rawValue }

    package var description: String { rawValue }

    package static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
}

/// What an identifier names; gives it its visible prefix.
package protocol IDKind: Sendable {
    static var prefix: String { get }
}

package enum WorkspaceKind: IDKind { package static let prefix = "wsp" }
package enum AccountKind: IDKind { package static let prefix = "acc" }
package enum ProjectKind: IDKind { package static let prefix = "proj" }
package enum UserKind: IDKind { package static let prefix = "usr" }
package enum SessionKind: IDKind { package static let prefix = "sn" }
package enum KeyKind: IDKind { package static let prefix = "key" }
package enum TokenKind: IDKind { package static let prefix = "tok" }
package enum EventKind: IDKind { package static let prefix = "evt" }
package enum RequestKind: IDKind { package static let prefix = "req" }
package enum ConnectionKind: IDKind { package static let prefix = "con" }
package enum OperationKind: IDKind { package static let prefix = "op" }
package enum InstanceKind: IDKind { package static let prefix = "inst" }
package enum VolumeKind: IDKind { package static let prefix = "vol" }
package enum NetworkKind: IDKind { package static let prefix = "net" }
package enum BucketKind: IDKind { package static let prefix = "bkt" }
package enum AddressKind: IDKind { package static let prefix = "ip" }
package enum FirewallKind: IDKind { package static let prefix = "fw" }
package enum SnapshotKind: IDKind { package static let prefix = "snap" }
/// A resource of any kind, once it has its id.
package enum AnyResourceKind: IDKind { package static let prefix = "res" }
package enum PriceKind: IDKind { package static let prefix = "prc" }
package enum BudgetKind: IDKind { package static let prefix = "bud" }
package enum AlertKind: IDKind { package static let prefix = "alr" }
package enum CostImportKind: IDKind { package static let prefix = "imp" }
package enum CostViewKind: IDKind { package static let prefix = "cv" }
package enum OAuthClientKind: IDKind { package static let prefix = "ocl" }
package enum OAuthGrantKind: IDKind { package static let prefix = "ogr" }

package typealias WorkspaceID = ID<WorkspaceKind>
package typealias AccountID = ID<AccountKind>
package typealias ProjectID = ID<ProjectKind>
package typealias UserID = ID<UserKind>
package typealias SessionID = ID<SessionKind>
package typealias KeyID = ID<KeyKind>
package typealias TokenID = ID<TokenKind>
package typealias EventID = ID<EventKind>
package typealias RequestID = ID<RequestKind>
package typealias ConnectionID = ID<ConnectionKind>
package typealias OperationID = ID<OperationKind>
package typealias ResourceID = ID<AnyResourceKind>
package typealias PriceID = ID<PriceKind>
package typealias BudgetID = ID<BudgetKind>
package typealias AlertID = ID<AlertKind>
package typealias CostImportID = ID<CostImportKind>
package typealias CostViewID = ID<CostViewKind>
package typealias OAuthClientID = ID<OAuthClientKind>
package typealias OAuthGrantID = ID<OAuthGrantKind>

private let crockford = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

extension ID {
    /// A new id for this moment. `random` gives the 80 random bits; only its low 80 bits are used.
    package static func make(at time: Timestamp, random: (high: UInt64, low: UInt64)) -> Self {
        let prefix = Kind.prefix
        let text = String(unsafeUninitializedCapacity: prefix.utf8.count + 27) { buffer in
            var index = 0
            for byte in prefix.utf8 {
                buffer[index] = byte
                index += 1
            }
            buffer[index] = UInt8(ascii: "_")
            index += 1
            let milliseconds = UInt64(bitPattern: time.milliseconds)
            for place in 0..<10 {
                buffer[index + place] = crockford[Int((milliseconds >> UInt64(45 - 5 * place)) & 31)]
            }
            for place in 0..<8 {
                buffer[index + 10 + place] = crockford[Int((random.high >> UInt64(35 - 5 * place)) & 31)]
                buffer[index + 18 + place] = crockford[Int((random.low >> UInt64(35 - 5 * place)) & 31)]
            }
            return index + 26
        }
        return Self(text)
    }
}
