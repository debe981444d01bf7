import ArgumentParser
import Console
import Testing

@Suite struct `The command operations` {
    private func parse(_ arguments: [String]) throws {
        let command = try #require(ConsoleCommands.remote.first { $0.configuration.commandName == "operations" })
        _ = try command.parseAsRoot(arguments)
    }

    @Test(arguments: [
        [], ["--open", "--json"], ["list", "--state", "blocked", "--limit", "5"], ["show", "op_1", "--wait"], ["cancel", "op_1", "--wait"],
        ["retry", "op_1"], ["resolve", "op_1", "forget"], ["resolve", "op_1", "adopt", "--provider-ref", "i-1"],
    ])
    func `takes what the documentation says`(arguments: [String]) throws { try parse(arguments) }

    @Test(arguments: [
        ["show"], ["resolve", "op_1"], ["resolve", "op_1", "undo"], ["resolve", "op_1", "adopt"],
        ["resolve", "op_1", "retry", "--provider-ref", "i-1"],
    ])
    func `is wrong usage where an answer is missing or of no use`(arguments: [String]) {
        #expect(throws: (any Error).self) { try parse(arguments) }
    }
}
