#if LIBVIRT
    import Kernel
    import Libvirt
    import Outgoing
    import Provider
    import Testing

    @Suite struct `A connection to libvirt` {
        private let driver = LibvirtDriver(allowing: .none)

        private func pointers(_ settings: JSON, secret: JSON? = nil) -> [String] {
            driver.violations(settings: settings, secret: secret).map(\.pointer)
        }

        @Test func `needs no settings`() {
            #expect(pointers([:]).isEmpty)
        }

        @Test(arguments: ["qemu:///system", "qemu+unix:///system?socket=/run/libvirt/libvirt-sock"])
        func `reaches a daemon through its socket`(uri: String) {
            #expect(pointers(["uri": .string(uri)]).isEmpty)
        }

        @Test(arguments: [
            "", "qemu:///session", "test:///default", "qemu+ssh://host/system", "qemu+tcp://host/system",
            "qemu+ext:///system?command=/bin/sh",
            "qemu+unix:///system?socket=", "qemu+unix:///system?socket=relative", "qemu+unix:///system?socket=/a&command=/bin/sh",
            "qemu+unix:///system?socket=/a%26mode=direct", "lxc:///", "qemu:///system?name=x",
        ])
        func `starts no program and makes no hypervisor of this process`(uri: String) {
            #expect(pointers(["uri": .string(uri)]) == ["/settings/uri"])
        }

        @Test(arguments: ["storage_pool", "image_pool", "network"])
        func `names what the host has, never a path`(setting: String) {
            #expect(pointers(.object([.init(setting, "default")])).isEmpty)
            for name in ["", "../etc", "/etc", ".", "a b", "a/b", "-x", "<x>"] {
                #expect(pointers(.object([.init(setting, .string(name))])) == ["/settings/" + setting], "\(name)")
            }
        }

        @Test func `has no settings but its own, and no secret`() {
            #expect(pointers(["xml": "<domain/>", "a/b~c": 1]) == ["/settings/xml", "/settings/a~1b~0c"])
            #expect(pointers(["domain_type": "lxc", "stop_seconds": 301]) == ["/settings/domain_type", "/settings/stop_seconds"])
            #expect(pointers([:], secret: ["password": "x"]) == ["/secret"])
        }

        @Test func `is not made to a socket that the operator has not opened`() async throws {
            let provider = try Peer(driver: driver, settings: [:], image: "").open(installation: "test")
            await #expect(throws: ProviderError.self) { _ = try await provider.probe() }
            do {
                _ = try await provider.probe()
            } catch {
                #expect(error.kind == .rejected || error.kind == .unreachable)
            }
        }
    }
#endif
