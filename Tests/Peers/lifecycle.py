#!/usr/bin/env python3
"""The whole life of instances, volumes and networks on real peers, through the HTTP API of the binary.

    lifecycle.py --binary .build/debug/cloudapi --home /tmp/x      with /tmp/x/docker and /tmp/x/podman as scripts/peers/*.sh start them

What there is, and with which privileges, is asked of the peer itself and not of the server.
"""
import argparse
import contextlib
import http.client
import re
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Durability"))

from provisioned import CAN_RESIZE, IMAGES, SERVE, Provisioned  # noqa: E402
from server import HOST, ROOT, Checks, audit, workspace  # noqa: E402

MIB = 1 << 20


class Life(Provisioned):
    def run(self):
        self.connect()
        instance = self.create()
        self.power(instance)
        self.resize(instance)
        self.monitoring(instance)
        self.second_network(instance)
        self.refusals()
        self.deletion(instance)
        self.down()
        self.check("nothing with our labels is left on the peer", self.peer.ours() == (0, 0, 0), self.peer.ours())
        self.server.stop()
        verified, words = audit(self.binary, self.data)
        self.check("the audit chains verify", verified, words)

    def create(self):
        self.net, self.volume = self.make("networks", "net", {}), self.make("volumes", "data", {"size_gib": 1})
        self.check("a network and a volume are made", self.net["status"]["phase"] == self.volume["status"]["phase"] == "ready"
                   and self.peer.ours() == (0, 1, 1), (self.net, self.volume, self.peer.ours()))
        made = self.instance("web", network_ids=["net"], volumes=[{"volume_id": "data", "path": "/data"}], env={"COLOUR": "blue"})
        container = self.peer.container(made["id"])
        host = container["HostConfig"]
        self.check("create → running, with an address, an estimate and one container",
                   made["status"]["power"] == "running" and made["status"]["addresses"] and made["estimate"]
                   and made["operation"]["state"] == "succeeded" and container["State"]["Running"], made)
        self.check("the container has the size, the network and the volume",
                   host["NanoCpus"] == 250_000_000 and host["Memory"] == 256 * MIB and len(container["NetworkSettings"]["Networks"]) == 1
                   and [mount["Destination"] for mount in container["Mounts"]] == ["/data"], host)
        self.check("the peer sees no privilege, bind, device, capability or namespace of the host", not self.peer.privileges(made["id"]),
                   self.peer.privileges(made["id"]))
        for field in ("privileged", "binds", "devices", "cap_add", "pid_mode"):
            asked = self.call("POST", "/v1/instances", {"name": "bad", "project_id": self.project, "spec": {"image": IMAGES[self.name], field: True}})
            self.check(f"{field} cannot be asked for", asked.code == "unknown_field" and f"/spec/{field}" in asked.body.decode(), asked)
        return made["id"]

    def power(self, instance):
        begun = self.peer.container(instance)["State"]["StartedAt"]
        stopped = self.act(f"instances/{instance}/actions/stop").json
        state = self.peer.container(instance)["State"]
        self.check("stop: it is asked with TERM and ends by itself", stopped["status"]["power"] == "stopped" and not state["Running"]
                   and state["ExitCode"] == 0, (stopped["status"], state))
        started = self.act(f"instances/{instance}/actions/start").json
        again = self.peer.container(instance)["State"]
        self.check("start", started["status"]["power"] == "running" and again["Running"] and again["StartedAt"] != begun, started)
        restarted = self.act(f"instances/{instance}/actions/restart").json
        state = self.peer.container(instance)["State"]
        self.check("restart: it runs, and began anew", restarted["status"]["power"] == "running" and state["Running"]
                   and state["StartedAt"] != again["StartedAt"], restarted)
        self.check("it is the same container", self.peer.ours()[0] == 1, self.peer.ours())

    def resize(self, instance):
        answer = self.act(f"instances/{instance}/actions/resize", {"size": "n-2"})
        container = self.peer.container(instance)
        if CAN_RESIZE[self.name]:
            self.check("resize: the running container has the new limits", answer.status == 202 and answer.json["spec"]["size"] == "n-2"
                       and answer.json["operation"]["state"] == "succeeded" and container["HostConfig"]["Memory"] == 512 * MIB
                       and container["HostConfig"]["NanoCpus"] == 500_000_000 and container["State"]["Running"], (answer, container["HostConfig"]))
        else:
            self.check("resize is refused before anything is tried, naming the capability", answer.status == 422
                       and answer.code == "unsupported_by_provider" and answer.json["capability"] == "instance.resize"
                       and container["HostConfig"]["Memory"] == 256 * MIB, answer)

    def monitoring(self, instance):
        metrics = self.call("GET", f"/v1/instances/{instance}/metrics?window=5m")
        now = metrics.json["data"][-1] if metrics.status == 200 and metrics.json["data"] else {}
        self.check("metrics: memory in use, of the limit it has", now.get("memory_bytes", 0) > 0
                   and now["memory_limit_bytes"] == self.peer.container(instance)["HostConfig"]["Memory"], metrics)
        logs = self.call("GET", f"/v1/instances/{instance}/logs?tail=1000")
        lines = [line["message"] for line in logs.json["data"]] if logs.status == 200 else []
        self.check("logs: what it wrote, over every start", lines.count("started") == 3 and lines.count("bye") == 2, logs)
        last = max([int(line.split()[1]) for line in lines if re.fullmatch(r"line \d+", line)] or [0])
        seen = self.follow(instance, last)
        self.check("logs follow: a line that did not exist when it was asked", seen > last, (last, seen))

    def follow(self, instance, last):
        """The number of the first line newer than the last, out of the event stream; 0 when none comes."""
        with contextlib.closing(http.client.HTTPConnection(HOST, self.server.port, timeout=20)) as connection:
            connection.request("GET", f"/v1/instances/{instance}/logs?follow=true&tail=1",
                               headers={"Authorization": f"Bearer {self.key}", "Accept": "text/event-stream"})
            answer = connection.getresponse()
            with contextlib.suppress(TimeoutError):
                for line in answer if answer.status == 200 else []:
                    if found := re.search(rb'"message":"line (\d+)"', line):
                        # Its own counter began anew at each start, so only the newest line matters.
                        if int(found[1]) > last:
                            return int(found[1])
        return 0

    def second_network(self, instance):
        self.make("networks", "other", {})
        joined = self.act("networks/other/actions/attach", {"instance_id": instance})
        names = self.peer.container(instance)["NetworkSettings"]["Networks"]
        addresses = self.call("GET", f"/v1/instances/{instance}").json["status"]["addresses"]
        self.check("attach: it is on a second network", joined.status == 202 and joined.json["operation"]["state"] == "succeeded"
                   and len(names) == len(addresses) == 2, (joined, list(names), addresses))

    def refusals(self):
        ended = self.instance("short", command=["sh", "-c", "echo no; exit 3"])
        self.check("a command that exits 3: the create has failed and says so", ended["operation"]["state"] == "failed"
                   and ended["operation"]["error"]["code"] == "not_stabilized" and ended["status"]["exit_code"] == 3
                   and "3" in ended["operation"]["error"]["detail"], ended)
        self.act_delete("instances/short")
        missing = self.instance("ghost", image="no-such-image:1")
        self.check("an image that does not exist: the create has failed and made nothing", missing["operation"]["state"] == "failed"
                   and missing["operation"]["error"]["code"] == "provider_rejected" and self.peer.objects(missing["id"]) == 0, missing)
        self.act_delete("instances/ghost")
        self.check("what failed is gone", self.peer.ours() == (1, 1, 2), self.peer.ours())

    def deletion(self, instance):
        refused = self.call("DELETE", "/v1/networks/net")
        self.check("delete of what is in use is refused with its dependents", refused.status == 409 and refused.code == "in_use"
                   and [entry["id"] for entry in refused.json["dependents"]] == [instance], refused)
        self.check("and changed nothing", self.peer.ours() == (1, 1, 2), self.peer.ours())
        self.act_delete("networks/net", "purge=true&cascade=true")
        self.check("cascade: the instance first, then the network", self.peer.ours() == (0, 1, 1)
                   and self.call("GET", f"/v1/instances/{instance}").status == 410, self.peer.ours())
        self.act_delete("networks/other")
        self.act_delete("volumes/data")
        self.check("everything is deleted at the peer", self.peer.ours() == (0, 0, 0), self.peer.ours())

    def down(self):
        script = ROOT / "scripts/peers" / f"{self.name}.sh"
        subprocess.run([script, "pause", self.home], check=True, timeout=90)
        asked = self.call("POST", "/v1/instances", {
            "name": "patient", "project_id": self.project, "spec": {"size": "n-1", "image": IMAGES[self.name], "command": SERVE}})
        path = f"/v1/instances/{asked.json.get('id')}"
        waiting = self.until(path, lambda seen: self.reachable(seen) == "false", within=20)
        self.check("while the peer is down a create is accepted, waits and says so", asked.status == 201
                   and self.reachable(waiting) == "false" and waiting["status"]["phase"] == "creating", (asked, waiting["status"]))
        subprocess.run([script, "resume", self.home], check=True, timeout=90)
        came = time.monotonic()
        up = self.until(path, lambda seen: seen["operation_id"] is None, within=90)
        self.check(f"when it is back it becomes running by itself, {time.monotonic() - came:.1f} s later", up["status"]["power"] == "running"
                   and self.reachable(up) == "true" and self.peer.objects(up["id"]) == 1, up["status"])
        self.act_delete("instances/patient")

    @staticmethod
    def reachable(instance):
        return next((condition["status"] for condition in instance["status"]["conditions"] if condition["type"] == "ProviderReachable"), None)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--home", required=True, help="the folder whose folders docker and podman are the peers'")
    parser.add_argument("--only", choices=IMAGES, help="one of the peers")
    options = parser.parse_args()
    checks = Checks()
    for name in [options.only] if options.only else IMAGES:
        with workspace() as folder:
            life = Life(options.binary, options.home, name, folder, checks)
            with life.server:
                started = time.monotonic()
                life.run()
                print(f"{name}: {time.monotonic() - started:.1f} s")
    return checks.ended()


if __name__ == "__main__":
    sys.exit(main())
