import Kernel
import Provider

/// One way in which a simulated cloud lies or fails, and where.
struct Fault: Sendable, Equatable {
    /// Nil for every step.
    let step: SimulatedStep?
    let kind: Kind
    /// How often it fires; 0 for always.
    let times: Int
    /// Milliseconds: how much longer (`latency`), when to come again (`throttled`), or how young an object is overlooked (`stale_list`).
    let milliseconds: Int64?

    enum Kind: String, CaseIterable {
        case latency
        /// Refused before any effect.
        case throttled
        case unreachable
        case unauthorized
        case capacity
        case rejected
        /// A 500 before any effect.
        case errorBefore = "error_before"
        /// A conflict where there is none, before any effect.
        case wrongConflict = "wrong_conflict"
        /// A 500 after the effect.
        case errorAfterSuccess = "error_after_success"
        /// The effect, and then silence.
        case lostAnswer = "lost_answer"
        /// A 500 in place of whatever refusal is due; a call that succeeds is left alone.
        case wrongError = "wrong_error"
        /// `find` and `list` overlook what is young.
        case staleList = "stale_list"
        /// After the call somebody else changes the object.
        case outOfBandEdit = "out_of_band_edit"
        /// After the call the instance dies.
        case crash
    }

    /// Whether a call of this step, about an object of this kind, can meet it.
    func concerns(_ step: SimulatedStep, _ kind: ResourceKind?) -> Bool {
        guard self.step == nil || self.step == step else { return false }
        switch self.kind {
        case .staleList: return step == .find || step == .list
        case .crash: return kind == .instance && step.isAboutOneObject
        case .outOfBandEdit: return kind != nil && step.isAboutOneObject
        default: return true
        }
    }

    /// The error it makes of a call that has had no effect; nil for the kinds that do something else.
    var refusal: ProviderError? {
        switch kind {
        case .throttled:
            ProviderError(.throttled, "The simulated cloud had too many requests.", retryAfter: .milliseconds(milliseconds ?? 1000))
        case .unreachable: ProviderError(.unreachable, "The simulated cloud cannot be reached.")
        case .unauthorized: ProviderError(.unauthorized, "The simulated cloud does not accept the credentials.")
        case .capacity: ProviderError(.capacity, "The simulated cloud has no room at the moment.")
        case .rejected: ProviderError(.rejected, "The simulated cloud refuses this.")
        case .errorBefore: ProviderError(.ambiguous, "The simulated cloud answered 500.")
        case .wrongConflict: ProviderError(.conflict, "The simulated cloud says that the name is taken.")
        default: nil
        }
    }
}

/// The calls a fault can be bound to, as settings name them.
enum SimulatedStep: String, Sendable, CaseIterable {
    case create, start, stop, restart, resize, delete, find, list, attach, detach, join, leave, grow, assign, unassign, configure, empty,
        probe, sample, logs, mark

    init(_ change: Change) {
        self =
            switch change {
            case .start: .start
            case .stop: .stop
            case .restart: .restart
            case .resize: .resize
            case .grow: .grow
            case .attach: .attach
            case .detach: .detach
            case .join: .join
            case .leave: .leave
            case .assign: .assign
            case .unassign: .unassign
            case .configure: .configure
            case .empty: .empty
            }
    }

    var isReading: Bool { self == .find || self == .list || self == .sample || self == .logs || self == .probe }
    var isAboutOneObject: Bool { self != .list && self != .probe }
}
