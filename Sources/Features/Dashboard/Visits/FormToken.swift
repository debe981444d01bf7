import Crypto
import Foundation
import Kernel
import Web

/// A token in every form, bound to the session and the mode it was rendered for: another site cannot know it, another session's does not fit.
struct FormToken: Sendable {
    let key: SymmetricKey

    func make(for caller: Caller) -> String {
        Data(HMAC<SHA256>.authenticationCode(for: Self.message(caller), using: key)).base64URL
    }

    /// Compares in constant time. Throws `forbidden`.
    func check(_ token: String?, for caller: Caller) throws {
        guard let token, let code = Data(base64URL: token),
            HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: Self.message(caller), using: key)
        else {
            throw Problem(
                .forbidden, "The form belongs to another session or mode, or is not one of ours. Open the page again and send it anew.")
        }
    }

    private static func message(_ caller: Caller) -> Data {
        Data("form \(caller.workspace) \(caller.mode.rawValue) \(caller.credential.id)".utf8)
    }
}
