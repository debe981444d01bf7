import Events
import Server
import Testing
import Web

@Suite struct `The catalogue of events` {
    @Test func `names each type once, as noun and what happened`() {
        let catalogue = EventTypes.catalogue
        #expect(catalogue.repeated.isEmpty)
        for type in catalogue.types { #expect(type.name.wholeMatch(of: /[a-z]+(_[a-z]+)?\.[a-z_]+/) != nil, "\(type.name)") }
    }
}
