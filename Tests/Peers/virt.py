#!/usr/bin/env python3
"""The whole life of real machines, disks and networks at a real libvirtd, through the HTTP API of the binary; and what is done past the server.

    virt.py --binary .build/debug/cloudapi --home /tmp/x      with /tmp/x/libvirt as scripts/peers/libvirt.sh starts it

What there is is asked of the daemon itself, with virsh. The machines boot a kernel, ask for their address and end when they are told to.
"""
import argparse
import contextlib
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Durability"))

from server import ROOT, Checks, Server, audit, init, workspace  # noqa: E402
from virtpeer import VirtPeer  # noqa: E402

IMAGE = "tiny"
# The driver looks every other second; then comes the loop, and a busy machine.
SOON = 12


class Life:
    def __init__(self, binary, home, folder, checks):
        self.binary, self.checks, self.home = binary, checks, Path(home) / "libvirt"
        self.endpoint = f"unix://{self.home}/run/libvirt-sock"
        self.peer = VirtPeer(self.endpoint)
        self.data = folder / "data"
        made = init(binary, self.data)
        self.key, self.project = made["api_key"], made["project_id"]
        self.server = Server(binary, self.data, folder / "server.log", {"CLOUDAPI_ALLOW_EGRESS": f"unix:{self.home}/run/libvirt-sock"}).start()

    def call(self, method, path, body=None):
        with contextlib.closing(self.server.client(self.key, timeout=90)) as client:
            return client.call(method, path, body)

    def that(self, name, holds, seen=""):
        return self.checks.that(f"libvirt: {name}", holds, seen)

    def make(self, collection, name, spec, **more):
        answer = self.call("POST", f"/v1/{collection}?wait=60s", {"name": name, "project_id": self.project, "spec": spec, "provider": "libvirt"} | more)
        if answer.status != 201 or answer.json["operation"]["state"] != "succeeded":
            raise RuntimeError(f"{collection} {name}: {answer.status} {answer.json.get('operation', answer.json)}")
        return answer.json

    def act(self, what, path, body=None):
        answer = self.call("POST", f"/v1/{path}?wait=60s", body)
        self.that(what, answer.status == 202 and answer.json["operation"]["state"] == "succeeded", answer)

    def remove(self, path):
        answer = self.call("DELETE", f"/v1/{path}?purge=true&wait=60s")
        self.that(f"{path.split('/')[0]} are deleted", answer.status == 202 and answer.json["operation"]["state"] == "succeeded", answer)

    def seen(self, what, path, holds, within=SOON):
        started = time.monotonic()
        while not holds(found := self.call("GET", f"/v1/{path}").json) and time.monotonic() - started < within:
            time.sleep(0.2)
        self.that(f"{what}, {time.monotonic() - started:.1f} s later", holds(found), found)
        return found

    @staticmethod
    def condition(resource, type):
        return next((each["status"] for each in resource["status"]["conditions"] if each["type"] == type), None)

    def drifts(self, query):
        return self.call("GET", f"/v1/drift?limit=100&{query}").json["data"]

    def name(self, resource):
        return f"cloudapi-{resource.replace('_', '-')}"

    def run(self):
        self.connections()
        self.life()
        self.snapshots()
        self.stopped()
        self.removed()
        self.buried()
        self.adopted()
        self.away()
        for path in (f"instances/{self.web}", f"volumes/{self.volume}", f"networks/{self.network}"):
            self.remove(path)
        for resource in (self.web, self.volume, self.network):
            self.that("nothing of it is left at the host", self.peer.objects(resource) == 0, self.peer.objects(resource))
        self.that("SIGTERM ends the server", self.server.stop() == 0)
        verified, words = audit(self.binary, self.data)
        self.that("the audit chains verify", verified, words)

    def connect(self, name, **settings):
        return self.call("POST", "/v1/connections", {"name": name, "provider": "libvirt", "settings": self.peer.settings | settings})

    def connections(self):
        good = self.connect("libvirt")
        features = good.json["capabilities"]["features"] if good.status == 201 and good.json["capabilities"] else []
        self.that("a connection says what is there and what it can do", good.status == 201 and good.json["state"] == "connected"
                  and good.json["capabilities"]["server"].startswith("libvirt ") and {"instances", "volumes", "networks", "instance.resize"} <= set(features), good)
        bad = self.connect("bad", uri="qemu+ssh://host/system", storage_pool="../etc", domain_type="xen", stop_seconds=-1, xml="<domain/>")
        self.that("what cannot be is refused with a pointer", bad.status == 422 and sorted(each["pointer"] for each in bad.json["errors"])
                  == [f"/settings/{name}" for name in ("domain_type", "stop_seconds", "storage_pool", "uri", "xml")], bad)
        closed = self.connect("closed", uri="qemu:///system")
        self.that("a socket that the operator has not opened is not used", closed.status == 201 and closed.json["state"] != "connected"
                  and "--allow-egress" in closed.json["state_detail"], closed)
        missing = self.connect("missing", storage_pool="nowhere")
        self.that("a pool that is not there is named", missing.status == 201 and missing.json["state"] != "connected"
                  and "nowhere" in missing.json["state_detail"], missing)

    def life(self):
        self.network = self.make("networks", "net", {"cidr": "10.91.0.0/24"})["id"]
        self.volume = self.make("volumes", "data", {"size_gib": 1})["id"]
        started = time.monotonic()
        self.web = self.make("instances", "web", {"size": "s-1", "image": IMAGE, "network_ids": ["net"]}, drift_policy="report")["id"]
        self.that(f"a machine is made and runs, {time.monotonic() - started:.1f} s later", self.peer.virsh("domstate", self.name(self.web)).strip() == "running")
        address = self.call("GET", f"/v1/instances/{self.web}").json["status"]["addresses"]
        leased, until = "", time.monotonic() + 60
        while "10.91.0." not in leased and time.monotonic() < until:
            time.sleep(0.5)
            leased = self.peer.virsh("net-dhcp-leases", self.name(self.network))
        self.that("the address that is told is the one the machine gets when it asks", len(address) == 1 and f"{address[0]['ip']}/24" in leased, (address, leased))
        self.that("it has nothing of the host", not self.privileges(), self.privileges())
        metrics = self.call("GET", f"/v1/instances/{self.web}/metrics?window=5m")
        self.that("how busy it is can be asked", metrics.status == 200, metrics)
        self.act("a volume is attached to it while it runs", f"volumes/{self.volume}/actions/attach", {"instance_id": self.web, "path": "/data"})
        self.that("and the machine has it", self.peer.is_attached(self.volume, self.web))
        used = self.call("DELETE", f"/v1/volumes/{self.volume}?purge=true")
        self.that("it is not deleted meanwhile", used.status == 409, used)
        self.act("and is given back", f"volumes/{self.volume}/actions/detach")
        self.that("and the machine does not have it", not self.peer.is_attached(self.volume, self.web))
        run = self.peer.virsh("domid", self.name(self.web)).strip()
        self.act("it is resized, which stops and starts it", f"instances/{self.web}/actions/resize", {"size": "s-2"})
        info = self.peer.virsh("dominfo", self.name(self.web))
        self.that("and has that size", "2097152 KiB" in info and self.peer.virsh("domid", self.name(self.web)).strip() not in (run, "-"), info)
        self.act("a volume grows", f"volumes/{self.volume}/actions/resize", {"size_gib": 2})
        self.that("at the host too", "2.00 GiB" in self.peer.virsh("vol-info", self.peer.files(self.volume)[0], "cloudapi"))
        self.seen("what was made is in step", f"instances/{self.web}", lambda seen: self.condition(seen, "Synced") == "true", 90)

    def snapshots(self):
        """What is on a volume is on its snapshot, and on the volumes made from that, whatever becomes of the volume."""
        self.qemu_io(self.volume, "write -P 0xa7 1M 4M")
        attach = f"volumes/{self.volume}/actions/attach"
        self.act("a volume is attached", attach, {"instance_id": self.web, "path": "/data"})
        refused = self.call("POST", f"/v1/volumes/{self.volume}/actions/snapshot")
        self.that("no snapshot is taken of what a running machine writes to", refused.status == 409 and refused.json["code"] == "invalid_state"
                  and "detach the volume" in refused.json["detail"], refused)
        self.act("and is given back", f"volumes/{self.volume}/actions/detach")
        taken = self.call("POST", f"/v1/volumes/{self.volume}/actions/snapshot?wait=60s", {"name": "before"})
        self.that("of one at rest it is", taken.status == 202 and taken.json["operation"]["state"] == "succeeded", taken)
        snapshot = taken.json["operation"]["resource"]["id"]
        self.that("it is a file of its own, without a note that it is being made", len(self.peer.files(snapshot)) == 1, self.peer.files(snapshot))
        self.qemu_io(self.volume, "write -P 0x11 1M 4M")
        self.that("with what was on the volume then", self.qemu_io(snapshot, "read -P 0xa7 1M 4M"))
        copy = self.make("volumes", "copy", {"from_snapshot": "before", "size_gib": 3})["id"]
        self.that("a volume is made from it, and larger", self.qemu_io(copy, "read -P 0xa7 1M 4M")
                  and "3.00 GiB" in self.peer.virsh("vol-info", self.peer.files(copy)[0], "cloudapi"))
        self.act("which a machine can have", f"volumes/{copy}/actions/attach", {"instance_id": self.web, "path": "/copy"})
        self.act("and give back", f"volumes/{copy}/actions/detach")
        begun = self.call("POST", "/v1/discoveries", {"connection": "libvirt"})
        found = self.seen("a look for what nobody manages ends", f"discoveries/{begun.json['id']}", lambda seen: seen["state"] != "running", 30)
        self.that("and shows none of them", not [each for each in found["objects"] if each["provider_ref"].startswith("cloudapi-")], found)
        self.remove(f"snapshots/{snapshot}")
        self.that("the copy stays when the snapshot goes", not self.peer.files(snapshot) and self.qemu_io(copy, "read -P 0xa7 1M 4M"))
        self.remove(f"volumes/{copy}")

    def qemu_io(self, resource, command):
        """Whether it could be done to the file of a volume or a snapshot; reading wants what the pattern says."""
        path = f"{self.home}/volumes/{self.peer.files(resource)[0]}"
        answer = subprocess.run(["qemu-io", "-f", "qcow2", "-c", command, path], capture_output=True, text=True, timeout=60)
        return answer.returncode == 0 and "failed" not in answer.stdout + answer.stderr

    def privileges(self):
        """What a machine has that ours must never have."""
        machine = self.peer.machines(self.web)[0]
        found = [element.tag for element in machine.iter() if element.tag in ("hostdev", "filesystem", "commandline", "redirdev", "shmem", "tpm", "seclabel")
                 and not (element.tag == "seclabel" and element.get("type") in ("none", "dynamic"))]
        files = [element.get("file") or element.text or "" for element in machine.iter() if element.get("file") or element.tag in ("kernel", "initrd")]
        return found + [file for file in files if not file.startswith((f"{self.home}/volumes/cloudapi-", f"{self.home}/images/"))]

    def stopped(self):
        self.peer.virsh("destroy", self.name(self.web))
        seen = self.seen("a stop past the server is seen", f"instances/{self.web}",
                         lambda seen: seen["status"]["power"] == "stopped" and self.condition(seen, "Synced") == "false")
        self.that("and left alone", seen["operation_id"] is None, seen)
        drift = self.drifts(f"resource={self.web}&status=open")
        reverting = self.call("POST", f"/v1/drift/{drift[0]['id']}/revert")
        self.that("a person's word reverts it", reverting.status == 202, reverting)
        self.seen("it runs again", f"instances/{self.web}",
                  lambda seen: seen["status"]["power"] == "running" and self.condition(seen, "Synced") == "true", 30)
        self.call("PATCH", f"/v1/instances/{self.web}", {"drift_policy": "revert"})
        run = self.peer.virsh("domid", self.name(self.web)).strip()
        self.peer.virsh("destroy", self.name(self.web))
        self.seen("a stop is reverted by itself where the policy says so", f"drift?limit=100&resource={self.web}",
                  lambda seen: len(seen["data"]) == 2 and seen["data"][0]["resolution"] == "reverted", 30)
        self.that("the same machine runs, anew", self.peer.virsh("domid", self.name(self.web)).strip() not in (run, "-"))

    def removed(self):
        before = self.peer.machines(self.web)[0].find("uuid").text
        # A machine that runs and is forgotten is gone when it ends.
        self.peer.virsh("undefine", self.name(self.web))
        self.peer.virsh("destroy", self.name(self.web))
        self.seen("a machine that was removed is made again", f"drift?limit=100&resource={self.web}&class=missing",
                  lambda seen: len(seen["data"]) == 1 and seen["data"][0]["resolution"] == "reverted", 60)
        self.seen("and runs", f"instances/{self.web}", lambda seen: seen["status"]["power"] == "running", 30)
        self.that("there is one, with the same id", self.peer.objects(self.web) == 1 and self.peer.machines(self.web)[0].find("uuid").text == before)
        self.that("and one address is kept for it", len(self.peer.reservations(self.web)) == 1, self.peer.reservations(self.web))

    def buried(self):
        volume = self.make("volumes", "lost", {"size_gib": 1})["id"]
        self.peer.virsh("vol-delete", self.peer.files(volume)[0], "cloudapi")
        self.seen("a volume that was removed is missing, and not made again: its data are gone", f"volumes/{volume}",
                  lambda seen: seen["status"]["phase"] == "missing", 60)
        self.that("there is none", self.peer.objects(volume) == 0)
        drift = self.drifts(f"resource={volume}")[0]
        accepted = self.call("POST", f"/v1/drift/{drift['id']}/accept")
        self.that("accepted, it counts as deleted", accepted.status == 200, accepted)

    def adopted(self):
        definition = self.home / "legacy.xml"
        definition.write_text("""<domain type='qemu'><name>legacy</name><memory unit='MiB'>1024</memory><vcpu>1</vcpu>
            <os><type arch='x86_64'>hvm</type></os><devices/></domain>""")
        self.peer.virsh("define", str(definition))
        begun = self.call("POST", "/v1/discoveries", {"connection": "libvirt"})
        found = self.seen("a discovery ends", f"discoveries/{begun.json['id']}", lambda seen: seen["state"] != "running", 60)
        objects = {each["name"]: each for each in found["objects"]}
        self.that("it finds what nobody manages, and nothing of ours", found["state"] == "succeeded" and "legacy" in objects
                  and not any(name.startswith("cloudapi-") for name in objects) and objects["legacy"]["fields"].get("size") == "s-1", objects)
        item = {"provider_ref": objects["legacy"]["provider_ref"], "name": "legacy", "project_id": self.project}
        adopted = self.call("POST", f"/v1/discoveries/{found['id']}/adopt", {"items": [item]})
        self.that("it is adopted", adopted.status == 200, adopted)
        identity = adopted.json["adopted"][0]["id"]
        until = time.monotonic() + 20
        while not self.peer.machines(identity) and time.monotonic() < until:
            time.sleep(0.2)
        self.that("the next look marks it as ours", len(self.peer.machines(identity)) == 1)
        released = self.call("POST", "/v1/instances/legacy/actions/release")
        self.that("released, it is forgotten", released.status == 200 and released.json["status"]["phase"] == "purged", released)
        until = time.monotonic() + 20
        while self.peer.machines(identity) and time.monotonic() < until:
            time.sleep(0.2)
        self.that("and is there without our mark", not self.peer.machines(identity) and "legacy" in self.peer.virsh("list", "--all", "--name"))
        self.peer.virsh("undefine", "legacy")

    def away(self):
        self.call("PATCH", f"/v1/instances/{self.web}", {"sync_interval_s": 5})
        run = self.peer.virsh("domid", self.name(self.web)).strip()
        missing = len(self.drifts("class=missing"))
        script = ROOT / "scripts/peers/libvirt.sh"
        subprocess.run([script, "pause", self.home], check=True, timeout=90)
        down = self.seen("while the daemon is away its connection is unreachable", f"instances/{self.web}",
                         lambda seen: self.condition(seen, "ProviderReachable") == "false", 120)
        self.that("and what was there is still said to be", down["status"]["phase"] in ("ready", "updating"), down["status"])
        subprocess.run([script, "resume", self.home], check=True, timeout=120)
        self.seen("when it is back everything is as it was wanted", f"instances/{self.web}",
                  lambda seen: self.condition(seen, "ProviderReachable") == "true" and seen["status"]["power"] == "running"
                  and self.condition(seen, "Synced") == "true", 120)
        self.that("nothing was missing, and the machine has run on", len(self.drifts("class=missing")) == missing
                  and self.peer.virsh("domid", self.name(self.web)).strip() == run, self.drifts("class=missing"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--home", required=True, help="the folder whose folder libvirt is the peer's")
    options = parser.parse_args()
    checks = Checks()
    with workspace() as folder:
        life = Life(options.binary, options.home, folder, checks)
        with life.server:
            life.run()
    return checks.ended()


if __name__ == "__main__":
    sys.exit(main())
