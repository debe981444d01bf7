// What an error of the library means. Its number says what there is not; for the rest one has to listen to the sentence, as libvirt 9 says
// "operation failed" and "internal error" for nearly everything. What neither tells for sure is ambiguous, and the engine looks.

import Clibvirt
import Provider

extension ProviderError {
    /// Of the call that this thread has made last.
    static func last() -> ProviderError {
        guard let error = virGetLastError() else { return ProviderError(.ambiguous, "libvirt did not say what went wrong.") }
        let text = error.pointee.message.map { String(cString: $0) } ?? ""
        return ProviderError(kind(virErrorNumber(UInt32(bitPattern: error.pointee.code)), text.lowercased()), readable(text))
    }

    private static func kind(_ number: virErrorNumber, _ text: String) -> Kind {
        switch number {
        case VIR_ERR_NO_DOMAIN, VIR_ERR_NO_NETWORK, VIR_ERR_NO_STORAGE_VOL, VIR_ERR_NO_STORAGE_POOL, VIR_ERR_NO_DOMAIN_METADATA: .absent
        case VIR_ERR_AUTH_FAILED, VIR_ERR_AUTH_CANCELLED, VIR_ERR_AUTH_UNAVAILABLE, VIR_ERR_ACCESS_DENIED, VIR_ERR_OPERATION_DENIED:
            .unauthorized
        case VIR_ERR_DOM_EXIST, VIR_ERR_NETWORK_EXIST, VIR_ERR_STORAGE_VOL_EXIST, VIR_ERR_OPERATION_INVALID, VIR_ERR_RESOURCE_BUSY:
            .conflict
        case VIR_ERR_NO_CONNECT: .unreachable
        case VIR_ERR_XML_ERROR, VIR_ERR_XML_DETAIL, VIR_ERR_INVALID_ARG, VIR_ERR_CONFIG_UNSUPPORTED, VIR_ERR_NO_SUPPORT,
            VIR_ERR_ARGUMENT_UNSUPPORTED, VIR_ERR_OPERATION_UNSUPPORTED:
            said(text) ?? .rejected
        default: said(text) ?? .ambiguous
        }
    }

    private static func said(_ text: String) -> Kind? {
        let meanings: [(Kind, [String])] = [
            (.capacity, ["no space left", "cannot allocate memory", "cannot set up guest memory", "no free"]),
            (
                .conflict,
                [
                    "already exists", "already in use", "already defined", "in use by", "is locked", "existing dhcp host entry",
                    "\"write\" lock",
                ]
            ),
        ]
        return meanings.first { $0.1.contains { text.contains($0) } }?.0
    }

    static func unsupported(_ feature: Capabilities.Feature, _ detail: String) -> ProviderError {
        ProviderError(.unsupported(feature), detail)
    }

    static func cannot(_ kind: ResourceKind) -> ProviderError { unsupported(kind.feature, "libvirt has no \(kind.feature.rawValue).") }

    static func foreign(_ name: String) -> ProviderError {
        ProviderError(.conflict, "There is an object named \(name) that this installation did not make.")
    }

    static func absent(_ name: String) -> ProviderError { ProviderError(.absent, "There is no \(name).") }
}
