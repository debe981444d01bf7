// A lease keeps a resource to one caller for a while: who does several things to it that belong together, and wants nobody in between.
// It lies on the resource's row, so that admission, which has read the row already, asks for nothing more.
//
// "Others" are all who do not show the nonce, whatever their rights: calls are refused with `lease_held`, and the server's own work waits
// (reverting drift, time to live, retention, steps of a stack) or tells what it had to leave out (schedules, alerts). What was admitted
// before goes on, and what is seen at the provider is noted as ever. A lease ends by itself; nobody has to be there to end it.

import Crypto
import Kernel
import Provider
import Storage
import Web

struct ResourceLease: Sendable, Equatable {
    /// SHA-256 of the nonce, which nobody but its holder has.
    let digest: String
    /// Who took it, as the log names them.
    let holder: String
    var until: Timestamp

    /// In seconds.
    static let spans: ClosedRange<Int64> = 1...300
    static let usualSpan: Int64 = 60

    static func digest(of nonce: String) -> String { EventLog.hexadecimal(Array(SHA256.hash(data: Array(nonce.utf8)))) }
}

extension Resource {
    /// The lease that holds now.
    func lease(at now: Timestamp) -> ResourceLease? { lease.flatMap { now < $0.until ? $0 : nil } }

    /// Throws `lease_held` unless nobody holds it, or one of these digests is that of the holder's nonce.
    func requireUnleased(showing proofs: Set<String>, at now: Timestamp) throws {
        guard let lease = lease(at: now), !proofs.contains(lease.digest) else { return }
        throw Problem(
            .leaseHeld, "The \(kind.noun) \(name) is leased by \(lease.holder) until \(lease.until).",
            members: ["lease_holder": .string(lease.holder), "lease_expires_at": JSON(lease.until)],
            retryAfter: Int((lease.until.milliseconds - now.milliseconds + 999) / 1000))
    }
}

extension Admitting {
    /// Throws `lease_held` for what somebody else holds.
    func requireUnleased(_ resource: Resource) throws { try resource.requireUnleased(showing: proofs, at: by.at) }

    /// Of volumes and addresses that an instance is made with, which then have it as their holder.
    func requireUnleased(_ references: [Reference], in tenant: Tenant) throws {
        for reference in references where reference.relation == .volume || reference.relation == .address {
            try requireUnleased(try Resource.find(reference.id, in: tenant, connection))
        }
    }
}

extension Call {
    /// The digests of the nonces that the request shows.
    var leaseProofs: Set<String> { Set(leaseNonces.map(ResourceLease.digest)) }
}

extension Route {
    /// The same call, where it changes something, with what it answers while that is leased.
    func heedingLeases() -> Route {
        guard isWrite, !problems.contains(.leaseHeld) else { return self }
        var copy = self
        copy.problems.append(.leaseHeld)
        return copy
    }
}
