import Foundation
import Kernel
import Provider

extension AWSProvider {
    func sample(_ subject: Subject) async throws(ProviderError) -> Sample {
        throw ProviderError(.unsupported(.metrics), "How busy an EC2 instance is stands in CloudWatch, which is not read.")
    }

    /// What the instance wrote to its serial console, the last 64 KiB; EC2 keeps no times in it, so all lines have that of the output.
    func logs(_ subject: Subject, _ request: LogRequest) async throws(ProviderError) -> AsyncThrowingStream<LogLine, any Error> {
        guard !request.follow else { throw ProviderError(.unsupported(.logs), "The console of an EC2 instance cannot be followed.") }
        let instance = try await ownInstance(subject)
        let answer = try await ec2.call("GetConsoleOutput", ("InstanceId", instance.id), ("Latest", "true"))
        let lines = Self.lines(answer, request, at: now())
        return AsyncThrowingStream { continuation in
            for line in lines { continuation.yield(line) }
            continuation.finish()
        }
    }

    private static func lines(_ answer: XMLTree, _ request: LogRequest, at now: Timestamp) -> [LogLine] {
        let time = answer.string("timestamp").flatMap { Timestamp($0) } ?? now
        if let since = request.since, time <= since { return [] }
        let coded = (answer.string("output") ?? "").filter { !$0.isWhitespace }
        let text = String(decoding: Data(base64Encoded: coded) ?? Data(), as: UTF8.self)
        let lines = text.split(omittingEmptySubsequences: true) { $0.isNewline }
        return lines.suffix(request.tail ?? lines.count).map { LogLine(at: time, stream: .stdout, message: String($0)) }
    }
}
