"""A real libvirtd, asked itself with virsh: what it has of ours. Its socket is that of scripts/peers/libvirt.sh."""
import subprocess
import xml.etree.ElementTree as ElementTree

POOL, IMAGES = "cloudapi", "cloudapi-images"
SPACE = "{urn:cloudapi:resource}"


class VirtPeer:
    def __init__(self, endpoint):
        self.uri = "qemu+unix:///system?socket=" + endpoint.removeprefix("unix://")
        self.settings = {"uri": self.uri, "storage_pool": POOL, "image_pool": IMAGES, "domain_type": "qemu", "stop_seconds": 20}

    def virsh(self, *words):
        answer = subprocess.run(["virsh", "--quiet", "--connect", self.uri, *words], capture_output=True, text=True, timeout=60)
        if answer.returncode:
            raise RuntimeError(f"virsh {' '.join(words)}: {answer.stderr.strip()}")
        return answer.stdout

    def described(self, listing, describing, *more):
        """The definitions of all objects of a kind; one that goes meanwhile is left out."""
        found = []
        for name in self.virsh(listing, "--all", "--name").split():
            try:
                found.append(ElementTree.fromstring(self.virsh(describing, name, *more)))
            except RuntimeError as error:
                if "not found" not in str(error):
                    raise
        return found

    @staticmethod
    def resource(definition):
        mark = definition.find(f"metadata/{SPACE}resource")
        return mark.get("id") if mark is not None else None

    def machines(self, resource):
        return [found for found in self.described("list", "dumpxml") if self.resource(found) == resource]

    def files(self, resource):
        """The disks of a volume or a snapshot, with what notes that they are being copied, or those that an instance began from."""
        lines = self.virsh("vol-list", POOL).splitlines()
        return [name for name in (line.split()[0] for line in lines if line.strip()) if name.startswith(f"cloudapi-{resource.replace('_', '-')}.")]

    def reservations(self, resource):
        """The addresses that networks keep for an instance."""
        name = f"cloudapi-{resource.replace('_', '-')}"
        return [host.get("ip") for network in self.described("net-list", "net-dumpxml") for host in network.iter("host") if host.get("name") == name]

    def objects(self, resource):
        """How many objects of one of our resources there are; a machine that is gone and has left something is that as a text."""
        kind = resource.split("_")[0]
        if kind in ("vol", "snap"):
            return len(self.files(resource))
        if kind == "net":
            return sum(self.resource(network) == resource for network in self.described("net-list", "net-dumpxml"))
        count, left = len(self.machines(resource)), self.files(resource) + self.reservations(resource)
        return count if count == 1 or not left else f"{count} machines and {left}"

    def is_attached(self, resource, instance):
        """Whether an instance has that volume or is on that network, as it runs."""
        devices = [device for machine in self.machines(instance) for device in machine.iter("source")]
        name = f"cloudapi-{resource.replace('_', '-')}"
        return any(device.get("network") == name or f"/{name}." in (device.get("file") or "") for device in devices)
