import Foundation
import Testing
import Webhooks

@Suite struct `A signature` {
    @Test func `is that of the vector in the documentation of Standard Webhooks`() throws {
        let key = try #require(Data(base64Encoded: "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        let secret = WebhookSecret(Array(key))
        #expect(secret.text == "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        let signature = secret.signature(
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: 1_614_265_330, body: Array(#"{"test": 2432232314}"#.utf8))
        #expect(signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }

    @Test func `changes with the id, the second and every byte of the body`() {
        let secret = WebhookSecret([UInt8](repeating: 7, count: 32))
        let all = [
            secret.signature(id: "a", timestamp: 1, body: [1]), secret.signature(id: "b", timestamp: 1, body: [1]),
            secret.signature(id: "a", timestamp: 2, body: [1]), secret.signature(id: "a", timestamp: 1, body: [2]),
        ]
        #expect(Set(all).count == 4)
    }
}
