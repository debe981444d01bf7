import Kernel
import Provider

/// What instances are made from: files that the host's operator put into the pool of images.
struct Image {
    var kernel: String?
    var initialDisk: String?
    var disk: (path: String, format: String, bytes: UInt64)?
}

extension Host {
    /// `debian-12` is the disk `debian-12`, `debian-12.qcow2`, `debian-12.img` or `debian-12.raw`, or the kernel `debian-12.kernel` with what
    /// it needs first, `debian-12.initrd`, or both. Throws `.rejected` when there is none.
    func image(named name: String) throws(ProviderError) -> Image {
        let missing = ProviderError(
            .rejected, ProviderError.readable("The host has no image named \(name) in the pool \(site.settings.imagePool)."))
        // What this server keeps in a pool is no image, whosever it is.
        guard let first = name.utf8.first, LibvirtSettings.isWord(first), !name.hasPrefix("cloudapi-"), name.utf8.count <= 100,
            name.utf8.allSatisfy({ LibvirtSettings.isWord($0) || "._-:".utf8.contains($0) })
        else { throw missing }
        let pool = try hypervisor.pool(named: site.settings.imagePool)
        var image = Image()
        image.kernel = try pool.disk(named: name + ".kernel")?.path()
        if image.kernel != nil { image.initialDisk = try pool.disk(named: name + ".initrd")?.path() }
        for ending in ["", ".qcow2", ".img", ".raw"] {
            guard let disk = try pool.disk(named: name + ending) else { continue }
            let format = try disk.definition()["target"]?["format"]?.attributes["type"] ?? "raw"
            guard ["raw", "qcow2"].contains(format) else { throw missing }
            image.disk = (try disk.path(), format, try disk.bytes())
            break
        }
        guard image.kernel != nil || image.disk != nil else { throw missing }
        return image
    }
}
