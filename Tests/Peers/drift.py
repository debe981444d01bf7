#!/usr/bin/env python3
"""What is done to containers, volumes and networks past the server, on a real dockerd and a real podman: how soon it is seen, and what is done
about it.

    drift.py --binary .build/debug/cloudapi --home /tmp/x      with /tmp/x/docker and /tmp/x/podman as scripts/peers/*.sh start them

Somebody with the daemon's own API stops, removes and disconnects; the server is asked what it makes of that. A daemon that goes away and
comes back makes nothing missing.
"""
import argparse
import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Durability"))

from peer import VERSION, UnixConnection  # noqa: E402
from provisioned import IMAGES, SERVE, Provisioned  # noqa: E402
from server import ROOT, Checks, audit, workspace  # noqa: E402

# The daemon's events make a look come at once; without them it would be a minute.
SOON = 12
# podman says nothing of a volume that is removed or a network that is left: there lists find it, as often as the resource says.
SECONDS = {"docker": None, "podman": 5}


class Drift(Provisioned):
    def run(self):
        self.connect()
        self.network = self.make("networks", "net", {})["id"]
        self.web = self.instance("web", network_ids=["net"])["id"]
        self.watch(f"instances/{self.web}")
        self.settled = self.until(f"/v1/instances/{self.web}", lambda seen: self.condition(seen, "Synced") == "true", within=90)
        self.check("what was made is looked at and in step", self.condition(self.settled, "Synced") == "true", self.settled["status"])
        self.reported()
        self.reverted()
        self.detached()
        self.removed()
        self.buried()
        self.left_over()
        self.adopted()
        self.restarted()
        self.cleared()
        self.check("SIGTERM ends the server", self.server.stop() == 0, self.server.tail())
        verified, words = audit(self.binary, self.data)
        self.check("the audit chains verify", verified, words)

    # What somebody does past the server

    def somebody(self, method, path, body=None):
        with contextlib.closing(UnixConnection(self.peer.path)) as connection:
            text = None if body is None else json.dumps(body)
            connection.request(method, VERSION + path, text, {"Content-Type": "application/json"} if text else {})
            answer = connection.getresponse()
            said = answer.read()
            # What podman answers to a stop when the container was started again before it had cleaned up.
            if answer.status >= 300 and b"refusing to clean up" not in said:
                raise RuntimeError(f"{method} {path}: {answer.status} {said[:300]!r}")

    def container(self):
        return self.peer.container(self.web)["Id"]

    def watch(self, path):
        if SECONDS[self.name]:
            self.call("PATCH", f"/v1/{path}", {"sync_interval_s": SECONDS[self.name]})

    def policy(self, policy, path=None):
        answer = self.call("PATCH", path or f"/v1/instances/{self.web}", {"drift_policy": policy})
        if answer.status != 200:
            raise RuntimeError(f"{answer}")

    @staticmethod
    def condition(resource, type):
        return next((each["status"] for each in resource["status"]["conditions"] if each["type"] == type), None)

    def drifts(self, query):
        return self.call("GET", f"/v1/drift?limit=100&{query}").json["data"]

    def seen(self, what, path, holds, within=SOON):
        started = time.monotonic()
        found = self.until(path, holds, within)
        took = time.monotonic() - started
        self.check(f"{what}, {took:.1f} s later", holds(found), found)
        return found

    # Cases

    def reported(self):
        self.policy("report")
        self.somebody("POST", f"/containers/{self.container()}/stop?t=5")
        stopped = self.seen("a stop is seen", f"/v1/instances/{self.web}",
                            lambda seen: seen["status"]["power"] == "stopped" and self.condition(seen, "Synced") == "false")
        drift = self.drifts(f"resource={self.web}&status=open")
        self.check("and reported as drift of its state", len(drift) == 1 and drift[0]["class"] == "state_drift"
                   and drift[0]["fields"] == [{"path": "power", "wanted": "running", "observed": "stopped"}], drift)
        self.check("and nothing is done about it", stopped["operation_id"] is None and not self.peer.container(self.web)["State"]["Running"], stopped)
        reverting = self.call("POST", f"/v1/drift/{drift[0]['id']}/revert")
        self.check("a person's word reverts it", reverting.status == 202, reverting)
        self.seen("it runs again", f"/v1/instances/{self.web}", lambda seen: seen["status"]["power"] == "running" and self.condition(seen, "Synced") == "true")

    def reverted(self):
        self.policy("revert")
        before = self.peer.container(self.web)["State"]["StartedAt"]
        count = len(self.drifts(f"resource={self.web}"))
        self.somebody("POST", f"/containers/{self.container()}/stop?t=5")
        self.seen("a stop is reverted by itself", f"/v1/drift?resource={self.web}&limit=100",
                  lambda seen: len(seen["data"]) == count + 1 and seen["data"][0]["resolution"] == "reverted" and seen["data"][0]["reverts"] == 1, within=30)
        state = self.peer.container(self.web)["State"]
        self.check("the same container runs, anew", state["Running"] and state["StartedAt"] != before, state)

    def detached(self):
        name = f"cloudapi-{self.network.replace('_', '-')}"
        count = len(self.drifts(f"resource={self.web}"))
        self.somebody("POST", f"/networks/{name}/disconnect", {"Container": self.container(), "Force": True})
        self.seen("a network that was left is joined again", f"/v1/drift?resource={self.web}&limit=100",
                  lambda seen: len(seen["data"]) == count + 1 and seen["data"][0]["resolution"] == "reverted", within=30)
        drift = self.drifts(f"resource={self.web}")[0]
        self.check("it was a drift of the field network_ids", drift["class"] == "field_drift"
                   and drift["fields"] == [{"path": "network_ids", "wanted": [self.network], "observed": []}], drift)
        self.check("the container is on it", self.peer.is_attached(self.network, self.web), self.peer.container(self.web)["NetworkSettings"]["Networks"])

    def removed(self):
        before = self.container()
        self.somebody("DELETE", f"/containers/{before}?force=true&v=true")
        self.seen("an instance that was removed is made again", f"/v1/instances/{self.web}",
                  lambda seen: seen["status"]["provider_ref"] not in (None, before) and seen["status"]["power"] == "running", within=45)
        drift = self.drifts(f"resource={self.web}&class=missing")
        self.check("after it was missing", len(drift) == 1 and drift[0]["resolution"] == "reverted", drift)
        self.check("there is one container, on its network", self.peer.objects(self.web) == 1 and self.peer.is_attached(self.network, self.web))

    def buried(self):
        volume = self.make("volumes", "data", {"size_gib": 1})["id"]
        self.watch(f"volumes/{volume}")
        self.somebody("DELETE", f"/volumes/cloudapi-{volume.replace('_', '-')}")
        missing = self.seen("a volume that was removed is missing, and not made again: its data are gone", f"/v1/volumes/{volume}",
                            lambda seen: seen["status"]["phase"] == "missing", within=45)
        self.check("there is no volume", self.peer.ours()[1] == 0 and self.condition(missing, "Synced") == "false", self.peer.ours())
        drift = self.drifts(f"resource={volume}")[0]
        accepted = self.call("POST", f"/v1/drift/{drift['id']}/accept")
        self.check("accepted, it counts as deleted", accepted.status == 200
                   and self.call("GET", f"/v1/volumes/{volume}").json["status"]["phase"] == "deleted", accepted)

    def left_over(self):
        self.somebody("POST", "/volumes/create", {"Name": "somebodys"})
        labels = {"cloudapi.installation": self.peer.container(self.web)["Config"]["Labels"]["cloudapi.installation"],
                  "cloudapi.resource": "vol_neverwas"}
        self.somebody("POST", "/volumes/create", {"Name": "left-over", "Labels": labels})
        refreshed = self.make("volumes", "probe", {"size_gib": 1})["id"]
        self.call("PATCH", f"/v1/volumes/{refreshed}", {"sync_interval_s": 5})
        found = self.seen("what bears our mark and belongs to nothing is an orphan", "/v1/drift?class=orphan&limit=100",
                          lambda seen: [each["provider_ref"] for each in seen["data"]] == ["left-over"], within=90)
        self.check("what bears none is nobody's business", "somebodys" not in json.dumps(found), found)
        self.check("both are left alone", {"left-over", "somebodys"} <= {each["Name"] for each in self.peer.read("/volumes")["Volumes"]})
        self.act_delete(f"volumes/{refreshed}")

    def adopted(self):
        """What was there before is found, taken on without being touched, followed, and let go."""
        made = {"Image": IMAGES[self.name], "Cmd": SERVE, "HostConfig": {"NanoCpus": 1_000_000_000, "Memory": 1 << 30}}
        self.somebody("POST", "/containers/create?name=legacy", made)
        self.somebody("POST", "/containers/legacy/start")
        self.somebody("POST", "/containers/create?name=odd", made | {"HostConfig": {"NanoCpus": 1_100_000_000, "Memory": 1 << 30}})
        self.somebody("POST", "/networks/create", {"Name": "legacy-net", "Internal": True})
        begun = self.call("POST", "/v1/discoveries", {"connection": self.name})
        found = self.until(f"/v1/discoveries/{begun.json['id']}", lambda seen: seen["state"] != "running", within=30)
        objects = {each["name"]: each for each in found["objects"]}
        self.check("a discovery finds what nobody manages, and nothing of ours", found["state"] == "succeeded"
                   and {"legacy", "odd", "legacy-net", "somebodys"} <= set(objects)
                   and not any(name.startswith("cloudapi-") for name in objects), sorted(objects))
        self.check("with what a spec would say", objects["legacy"]["fields"].get("size") == "s-1"
                   and objects["legacy-net"]["fields"].get("nat") is False, objects)
        before = self.peer.read("/containers/legacy/json")

        def adopt(*names):
            items = [{"provider_ref": objects[name]["provider_ref"], "name": name, "project_id": self.project} for name in names]
            return self.call("POST", f"/v1/discoveries/{found['id']}/adopt", {"items": items})

        refused = adopt("legacy", "odd")
        self.check("what a spec cannot say is refused with the field, and nothing is adopted", refused.status == 422
                   and [each["pointer"] for each in refused.json["errors"]] == ["/items/1/spec/size"]
                   and self.call("GET", "/v1/instances/legacy").status == 404, refused)
        adopted = adopt("legacy", "legacy-net", "somebodys")
        self.check("what it can say is adopted in bulk, to be looked at", adopted.status == 200
                   and [each["management"] for each in adopted.json["adopted"]] == ["observe"] * 3, adopted)
        self.call("POST", "/v1/instances/legacy/actions/refresh")
        time.sleep(2)
        self.check("and nothing differs", not self.drifts(f"status=open&resource={adopted.json['adopted'][0]['id']}"))
        self.check("the container is as it was", self.peer.read("/containers/legacy/json") == before)
        # The daemon's events are followed of what bears our mark; of this somebody has to ask, or wait for the list.
        self.somebody("POST", "/containers/legacy/stop?t=2")
        self.call("POST", "/v1/instances/legacy/actions/refresh")
        seen = self.seen("a stop of it is seen when it is asked for", "/v1/instances/legacy",
                         lambda seen: seen["status"]["power"] == "stopped" and self.condition(seen, "Synced") == "false")
        self.check("and not reverted", seen["operation_id"] is None and seen["drift_policy"] == "report", seen)
        changed = self.call("POST", "/v1/instances/legacy/actions/stop")
        self.check("it cannot be changed from here", changed.status == 409, changed)
        for path in ("instances/legacy", "networks/legacy-net", "volumes/somebodys"):
            released = self.call("POST", f"/v1/{path}/actions/release")
            self.check(f"{path} is released", released.status == 200 and released.json["status"]["phase"] == "purged", released)
        self.check("and still there", self.peer.read("/containers/legacy/json")["Id"] == before["Id"]
                   and "somebodys" in {each["Name"] for each in self.peer.read("/volumes")["Volumes"]})

    def restarted(self):
        script = ROOT / "scripts/peers" / f"{self.name}.sh"
        self.call("PATCH", f"/v1/instances/{self.web}", {"sync_interval_s": 5})
        missing = len(self.drifts("class=missing"))
        subprocess.run([script, "pause", self.home], check=True, timeout=90)
        down = self.seen("while the daemon is away its connection is unreachable", f"/v1/instances/{self.web}",
                         lambda seen: self.condition(seen, "ProviderReachable") == "false", within=120)
        self.check("and what was there is still said to be", down["status"]["phase"] in ("ready", "updating"), down["status"])
        subprocess.run([script, "resume", self.home], check=True, timeout=90)
        back = self.seen("when it is back everything is as it was wanted", f"/v1/instances/{self.web}",
                         lambda seen: self.condition(seen, "ProviderReachable") == "true" and seen["status"]["power"] == "running"
                         and self.condition(seen, "Synced") == "true", within=120)
        self.check("nothing was missing", len(self.drifts("class=missing")) == missing and back["status"]["phase"] == "ready", self.drifts("class=missing"))
        self.check("and there is one container", self.peer.objects(self.web) == 1 and self.peer.container(self.web)["State"]["Running"])

    def cleared(self):
        """The suites that come after find the peer as this one did."""
        self.act_delete(f"instances/{self.web}")
        self.act_delete(f"networks/{self.network}")
        for path in ("containers/legacy?force=true", "containers/odd?force=true", "networks/legacy-net", "volumes/somebodys", "volumes/left-over"):
            self.somebody("DELETE", "/" + path)
        self.check("nothing is left on the peer", self.peer.ours() == (0, 0, 0), self.peer.ours())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--home", required=True, help="the folder whose folders docker and podman are the peers'")
    parser.add_argument("--peers", default="docker,podman")
    options = parser.parse_args()
    checks = Checks()
    for peer in options.peers.split(","):
        with workspace() as folder:
            drift = Drift(options.binary, options.home, peer, folder, checks)
            with drift.server:
                started = time.monotonic()
                drift.run()
                print(f"{peer}: {time.monotonic() - started:.1f} s")
    return checks.ended()


if __name__ == "__main__":
    sys.exit(main())
