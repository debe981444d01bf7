import Clibvirt
import Provider

/// A virtual machine at libvirt: a domain.
final class Machine {
    private let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { self.pointer = pointer }

    deinit { virDomainFree(pointer) }

    var name: String { virDomainGetName(pointer).map { String(cString: $0) } ?? "" }

    var uuid: String {
        var text = [CChar](repeating: 0, count: Int(VIR_UUID_STRING_BUFLEN))
        return virDomainGetUUIDString(pointer, &text) == 0 ? String(decoding: text.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self) : ""
    }

    /// Another number each time it runs.
    var run: UInt32 { virDomainGetID(pointer) }

    /// As it runs, or is to run when it does not.
    func definition() throws(ProviderError) -> XMLTree { try tree(virDomainGetXMLDesc(pointer, 0)) }

    /// As it is to run the next time.
    func nextDefinition() throws(ProviderError) -> XMLTree { try tree(virDomainGetXMLDesc(pointer, VIR_DOMAIN_XML_INACTIVE.rawValue)) }

    func state() throws(ProviderError) -> (state: virDomainState, reason: Int32) {
        var (state, reason): (Int32, Int32) = (0, 0)
        try check(virDomainGetState(pointer, &state, &reason, 0))
        return (virDomainState(UInt32(bitPattern: state)), reason)
    }

    var isActive: Bool { virDomainIsActive(pointer) == 1 }

    func start() throws(ProviderError) { try check(virDomainCreate(pointer)) }
    func resume() throws(ProviderError) { try check(virDomainResume(pointer)) }
    /// Presses the button; whether the machine cares is its own affair.
    func askToEnd() throws(ProviderError) { try check(virDomainShutdown(pointer)) }
    func switchOff() throws(ProviderError) { try check(virDomainDestroy(pointer)) }

    /// With what libvirt keeps beside it.
    func undefine() throws(ProviderError) {
        let flags =
            VIR_DOMAIN_UNDEFINE_MANAGED_SAVE.rawValue | VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA.rawValue | VIR_DOMAIN_UNDEFINE_NVRAM.rawValue
            | VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA.rawValue
        try check(virDomainUndefineFlags(pointer, flags))
    }

    /// Plugs a device in, for good, and at once when the machine runs.
    func attach(_ device: XMLTree) throws(ProviderError) { try check(virDomainAttachDeviceFlags(pointer, device.markup, extent)) }

    /// Forgets a device for the next time.
    func forget(_ device: XMLTree) throws(ProviderError) {
        try check(virDomainDetachDeviceFlags(pointer, device.markup, VIR_DOMAIN_AFFECT_CONFIG.rawValue))
    }

    /// Asks a running machine to let go of a device. The library waits five seconds for it and then says nothing.
    func askFor(_ device: XMLTree) throws(ProviderError) {
        try check(virDomainDetachDeviceFlags(pointer, device.markup, VIR_DOMAIN_AFFECT_LIVE.rawValue))
    }

    private var extent: UInt32 { VIR_DOMAIN_AFFECT_CONFIG.rawValue | (isActive ? VIR_DOMAIN_AFFECT_LIVE.rawValue : 0) }

    /// Puts a mark on it, or takes that away.
    func setMark(_ mark: XMLTree?) throws(ProviderError) {
        try setMetadata(mark?.markup, Site.prefix, Site.space, extent)
    }

    /// A note that is gone when the machine ends.
    func note(_ note: XMLTree, as key: String, in space: String) throws(ProviderError) {
        try setMetadata(note.markup, key, space, VIR_DOMAIN_AFFECT_LIVE.rawValue)
    }

    private func setMetadata(_ text: String?, _ key: String, _ space: String, _ flags: UInt32) throws(ProviderError) {
        try check(virDomainSetMetadata(pointer, Int32(VIR_DOMAIN_METADATA_ELEMENT.rawValue), text, key, space, flags))
    }

    // MARK: Size

    /// For the next time it runs.
    func setSize(_ size: Capacity) throws(ProviderError) {
        let config = VIR_DOMAIN_AFFECT_CONFIG.rawValue
        let (count, memory) = (UInt32(MachineDefinition.processors(size)), UInt(size.memoryMiB) << 10)
        let before = try check(virDomainGetVcpusFlags(pointer, config))
        let isMore = count > UInt32(before)
        // There are never more processors than the highest number of them.
        for flags in isMore ? [config | VIR_DOMAIN_VCPU_MAXIMUM.rawValue, config] : [config, config | VIR_DOMAIN_VCPU_MAXIMUM.rawValue] {
            try check(virDomainSetVcpusFlags(pointer, count, flags))
        }
        try check(virDomainSetMemoryFlags(pointer, memory, config | VIR_DOMAIN_MEM_MAXIMUM.rawValue))
        try check(virDomainSetMemoryFlags(pointer, memory, config))
        try setShare(of: size, config)
    }

    private func setShare(of size: Capacity, _ flags: UInt32) throws(ProviderError) {
        var parameters: virTypedParameterPtr?
        var (count, room): (Int32, Int32) = (0, 0)
        defer { virTypedParamsFree(parameters, count) }
        let share = MachineDefinition.share(size)
        let before = MachineDefinition.share(in: try nextDefinition())
        guard share != nil || before != nil else { return }
        try check(
            virTypedParamsAddULLong(
                &parameters, &count, &room, VIR_DOMAIN_SCHEDULER_GLOBAL_PERIOD, UInt64(share?.period ?? MachineDefinition.period)))
        try check(virTypedParamsAddLLong(&parameters, &count, &room, VIR_DOMAIN_SCHEDULER_GLOBAL_QUOTA, Int64(share?.quota ?? -1)))
        try check(virDomainSetSchedulerParametersFlags(pointer, parameters, count, flags))
    }

    /// A disk of a running machine.
    func grow(_ path: String, toBytes size: UInt64) throws(ProviderError) {
        try check(virDomainBlockResize(pointer, path, size, VIR_DOMAIN_BLOCK_RESIZE_BYTES.rawValue))
    }

    // MARK: Numbers

    /// What `virsh domstats` shows: counts by their names.
    func numbers() throws(ProviderError) -> [String: UInt64] {
        var machines: [OpaquePointer?] = [pointer, nil]
        var records: UnsafeMutablePointer<virDomainStatsRecordPtr?>?
        let groups =
            VIR_DOMAIN_STATS_CPU_TOTAL.rawValue | VIR_DOMAIN_STATS_BALLOON.rawValue | VIR_DOMAIN_STATS_INTERFACE.rawValue
            | VIR_DOMAIN_STATS_BLOCK.rawValue
        try check(virDomainListGetStats(&machines, groups, &records, 0))
        defer { virDomainStatsRecordListFree(records) }
        guard let record = records?.pointee?.pointee else { return [:] }
        var found: [String: UInt64] = [:]
        for index in 0..<Int(record.nparams) {
            let parameter = record.params[index]
            let name = withUnsafeBytes(of: parameter.field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            switch virTypedParameterType(UInt32(bitPattern: parameter.type)) {
            case VIR_TYPED_PARAM_ULLONG: found[name] = parameter.value.ul
            case VIR_TYPED_PARAM_UINT: found[name] = UInt64(parameter.value.ui)
            default: break
            }
        }
        return found
    }
}

extension Hypervisor {
    func machines() throws(ProviderError) -> [Machine] { try list({ virConnectListAllDomains(pointer, $0, 0) }, Machine.init) }

    func machine(named name: String) throws(ProviderError) -> Machine? {
        try find(virDomainLookupByName(pointer, name)).map(Machine.init)
    }

    func machine(uuid: String) throws(ProviderError) -> Machine? {
        try find(virDomainLookupByUUIDString(pointer, uuid)).map(Machine.init)
    }

    /// Makes it, or brings the one of that name and UUID to this.
    func define(machine: XMLTree) throws(ProviderError) -> Machine { Machine(try check(virDomainDefineXML(pointer, machine.markup))) }
}
