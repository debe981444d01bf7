#!/usr/bin/env python3
"""Kills the server at every point of every operation and counts what is at the provider.

    crashmatrix.py --binary .build/debug/cloudapi                                     the simulator
    crashmatrix.py --binary … --docker unix:///tmp/x/docker.sock --image cp-busybox:1   a real peer; so with --podman
    crashmatrix.py --binary … --libvirt unix:///tmp/x/run/libvirt-sock --image tiny     real machines
    crashmatrix.py --binary … --aws http://127.0.0.1:5000 --image ami-…                 an emulator of AWS, with the keys of moto.env

For each operation of each kind (instances: create, stop, start, restart, resize, delete; volumes, networks and ips: create, attach, detach,
delete, volumes also undelete, purge and restore from a snapshot; buckets: create, empty, delete; firewalls: create, apply, delete; snapshots:
create, delete; what the peer cannot do is left out) the server is killed with -9 so many milliseconds after the operation was admitted, step by
step from the moment of admission until past its end. After the restart it has to finish by itself, and then
  1. the provider has exactly one object for the resource, or none after a delete (a volume's stays until it is purged), counted at the
     provider itself, and an instance has what was attached to it and nothing else;
  2. the log has exactly one line that it was asked for and one that it was done;
  3. every closed hour is charged once, and no resource is metered twice at a time;
  4. the audit chain verifies.
"""
import argparse
import collections
import contextlib
import sqlite3
import sys
import time

from motopeer import MotoPeer
from peer import Peer
from server import Checks, Client, Server, audit, init, within_venv, workspace
from virtpeer import VirtPeer

# Seconds for an operation to end after a restart. What can only be found by its tags is looked for over half a minute before it is made again, and
# each call to a peer may take as long on a machine that does much else.
PATIENCE = 180
DONE = {"create": "ready", "stop": "stopped", "start": "started", "restart": "restarted", "resize": "resized", "delete": "deleted",
        "attach": "attached", "detach": "detached", "empty": "emptied", "apply": "applied", "undelete": "undeleted", "purge": "purged",
        "restore": "ready"}
MAKING = ("create", "restore")
ASKED = {verb: "created" if verb in MAKING else f"{verb}_requested" for verb in DONE} | {"purge": "delete_requested"}
VERBS = {"instances": ("create", "stop", "start", "restart", "resize", "delete"),
         "volumes": ("create", "attach", "detach", "restore", "delete", "undelete", "purge"),
         "networks": ("create", "attach", "detach", "delete"), "buckets": ("create", "empty", "delete"),
         "ips": ("create", "attach", "detach", "delete"), "firewalls": ("create", "apply", "delete"),
         "snapshots": ("create", "delete")}
NEEDS = {("instances", "resize"): "instance.resize", ("volumes", "attach"): "instance.attach_volume",
         ("volumes", "detach"): "instance.attach_volume", ("networks", "attach"): "instance.join_network",
         ("networks", "detach"): "instance.join_network", ("volumes", "restore"): "snapshots"} | {
             (kind, verb): kind for kind in ("buckets", "ips", "firewalls", "snapshots") for verb in VERBS[kind]}


class SimulatorPeer:
    """What the simulated cloud has, read from its own tables."""

    def __init__(self, database):
        self.database = database

    def objects(self, resource):
        return self.count("SELECT count(*) FROM simulator_objects WHERE resource = ?", resource)

    def is_attached(self, resource, instance):
        """Whether an instance has that volume or is on that network."""
        return self.count("""SELECT count(*) FROM simulator_links l
            JOIN simulator_objects t ON t.connection = l.connection AND t.kind = l.kind AND t.reference = l.target
            JOIN simulator_objects i ON i.connection = l.connection AND i.kind = 'instance' AND i.reference = l.instance
            WHERE t.resource = ? AND i.resource = ?""", resource, instance) == 1

    def count(self, query, *values):
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as database:
            return database.execute(query, values).fetchone()[0]


class Matrix:
    def __init__(self, options, folder):
        self.options, self.checks = options, Checks()
        self.data = folder / "data"
        self.key = init(options.binary, self.data)["api_key"]
        egress, self.peer, account = self.chosen(options)
        self.server = Server(options.binary, self.data, folder / "server.log", {"CLOUDAPI_ALLOW_EGRESS": egress} if egress else {}).start()
        made = self.call("POST", "/v1/connections", {"name": "peer"} | account)
        if made.status != 201 or made.json["state"] != "connected":
            raise RuntimeError(f"the peer cannot be used: {made}")
        self.features = made.json["capabilities"]["features"]
        self.project = self.call("GET", "/v1/projects").json["items"][0]["id"]
        self.rounds, self.host, self.sources = 0, None, {}
        # A machine that boots needs a whole processor to do so in time.
        self.sizes = ("s-1", "s-2") if options.libvirt else ("n-1", "s-1")

    def chosen(self, options):
        """What the server may speak to, the peer asked itself, and the connection."""
        if options.endpoint:
            return f"unix:{options.endpoint.removeprefix('unix://')}", Peer(options.endpoint), {
                "provider": "docker", "settings": {"endpoint": options.endpoint}}
        if options.libvirt:
            virt = VirtPeer(options.libvirt)
            return f"unix:{options.libvirt.removeprefix('unix://')}", virt, {"provider": "libvirt", "settings": virt.settings}
        if options.aws:
            moto = MotoPeer(options.aws)
            return "127.0.0.0/8", moto, {"provider": "aws", "settings": moto.settings, "secret": moto.secret}
        return None, SimulatorPeer(self.data / "cloudapi.db"), {"provider": "simulator", "settings": {"latency_ms": options.latency}}

    def call(self, method, path, body=None):
        with Client(self.server.port, self.key) as client:
            return client.call(method, path, body)

    def run(self):
        for kind in self.options.kinds.split(","):
            for verb in VERBS[kind]:
                if NEEDS.get((kind, verb), "instances") not in self.features:
                    print(f"skip  {kind} {verb}: the peer cannot do it")
                    continue
                self.verb(kind, verb)
        if self.host:
            self.delete("instances", self.host)
        for kind, source in self.sources.items():
            self.delete(kind, source)
        self.ends()
        self.server.stop()
        verified, words = audit(self.options.binary, self.data)
        self.checks.that("the audit chains verify", verified, words)
        return self.checks.ended()

    def verb(self, kind, verb):
        """Kills later and later, until an operation has ended before its time has come."""
        wait, ended, began = 0.0, 0, self.rounds
        # Where steps are long, as with virtual machines on a busy machine, an operation may take more than half a minute.
        longest = max(30, 12 * self.options.step / 1000)
        while ended < 2 and wait < longest:
            ended += self.round(kind, verb, wait)
            wait += self.options.step / 1000
        self.checks.that(f"{kind} {verb}: {self.rounds - began} kills, the last past its end", ended == 2, wait)

    def round(self, kind, verb, wait):
        """One kill; true when the operation had ended before it."""
        self.rounds += 1
        name = f"{verb}-{self.rounds}"
        attaches = verb in ("attach", "detach")
        host = self.attachable() if attaches else None
        resource = self.create(kind, name) if verb not in MAKING else None
        if resource:
            self.settled(kind, resource)
            if first := {"start": "stop", "undelete": "delete", "purge": "delete"}.get(verb):
                self.act(kind, resource, first)
                self.settled(kind, resource)
            if verb == "detach":
                self.act(kind, resource, "attach")
                self.settled("instances", host)
        # An attachment is an operation of the instance.
        subject = host or resource
        before = collections.Counter(self.events(subject) if subject else [])
        if verb in MAKING:
            resource = subject = self.create(kind, name, {"from_snapshot": self.source("snapshots")} if verb == "restore" else {})
        else:
            self.act(kind, resource, verb)
        time.sleep(wait)
        word = "instance" if attaches else kind.removesuffix("s")
        with_end = self.events(subject).count(f"{word}.{DONE[verb]}") > before[f"{word}.{DONE[verb]}"]
        self.server.kill()
        self.server.start()
        seen = self.settled("instances" if attaches else kind, subject)
        events = collections.Counter(self.events(subject)) - before
        found = self.peer.objects(resource)
        gone = verb == "purge" or verb == "delete" and kind != "volumes"
        good = (found == (0 if gone else 1) and events[f"{word}.{DONE[verb]}"] == 1 and events[f"{word}.{ASKED[verb]}"] == 1)
        if attaches:
            good = good and self.peer.is_attached(resource, host) == (verb == "attach") and self.peer.objects(host) == 1
        elif kind == "instances" and verb != "delete":
            good = good and seen["status"]["power"] == ("stopped" if verb == "stop" else "running")
        else:
            good = good and seen["status"]["phase"] == {"delete": "deleted", "purge": "purged"}.get(verb, "ready")
        self.checks.that(f"{kind} {verb} killed after {wait * 1000:.0f} ms", good, {"objects": found, "status": seen["status"], "events": events})
        if verb == "attach":
            self.act(kind, resource, "detach")
            self.settled("instances", host)
        self.delete(kind, resource)
        return with_end

    def attachable(self):
        """The instance that volumes and networks are attached to; one for all rounds."""
        if not self.host:
            self.host = self.create("instances", "host")
            self.settled("instances", self.host)
        return self.host

    def source(self, kind):
        """The volume that snapshots are of, or the snapshot that volumes are made from; one for all rounds."""
        if kind not in self.sources:
            self.sources[kind] = self.create(kind, "source")
            self.settled(kind, self.sources[kind])
        return self.sources[kind]

    def create(self, kind, name, more=None):
        spec = {"instances": {"size": self.sizes[0]}, "volumes": {"size_gib": 1}}.get(kind, {}) | (more or {})
        if kind == "snapshots":
            spec |= {"volume_id": self.source("volumes")}
        if kind == "instances" and self.options.image:
            spec |= {"image": self.options.image}
        if kind == "instances" and self.options.image and "instance.command" in self.features:
            spec |= {"command": ["sh", "-c", "trap exit TERM; while :; do sleep 0.1; done"]}
        made = self.call("POST", f"/v1/{kind}", {"name": name, "project_id": self.project, "spec": spec})
        if made.status != 201:
            raise RuntimeError(f"create: {made}")
        return made.json["id"]

    def act(self, kind, resource, verb):
        if verb in ("delete", "purge"):
            answer = self.call("DELETE", f"/v1/{kind}/{resource}?purge={'true' if verb == 'purge' else 'false'}")
        elif verb == "undelete":
            answer = self.call("POST", f"/v1/{kind}/{resource}/undelete")
        else:
            body = {"resize": {"size": self.sizes[1]}, "attach": {"instance_id": self.host}, "detach": {"instance_id": self.host}}.get(verb)
            if kind == "volumes":
                body = {"attach": {"instance_id": self.host, "path": "/data"}}.get(verb)
            if (kind, verb) == ("ips", "detach"):
                body = None
            answer = self.call("POST", f"/v1/{kind}/{resource}/actions/{verb}", body)
        if answer.status != 202:
            raise RuntimeError(f"{kind} {verb}: {answer}")

    def delete(self, kind, resource):
        self.call("DELETE", f"/v1/{kind}/{resource}?purge=true")
        self.settled(kind, resource)
        if found := self.peer.objects(resource):
            self.checks.that(f"{resource} is gone at the provider", False, found)

    def settled(self, kind, resource):
        """The resource once nothing goes on with it; what was purged answers a status of its own."""
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self.call("GET", f"/v1/{kind}/{resource}")
            if answer.status == 410:
                return {"status": {"phase": "purged", "power": None}}
            if answer.json["operation_id"] is None:
                return answer.json
            if time.monotonic() > deadline:
                operation = self.call("GET", f"/v1/operations/{answer.json['operation_id']}")
                raise RuntimeError(f"{resource} did not settle in {PATIENCE} s: {operation.json}\n{self.server.tail()}")
            time.sleep(0.02)

    def events(self, resource):
        with sqlite3.connect(f"file:{self.data / 'cloudapi.db'}?mode=ro", uri=True) as database:
            return [row[0] for row in database.execute("SELECT type FROM events WHERE subject = ?", [resource])]

    def ends(self):
        with sqlite3.connect(f"file:{self.data / 'cloudapi.db'}?mode=ro", uri=True) as database:
            left = database.execute("SELECT count(*) FROM operations WHERE finished_at IS NULL").fetchone()[0]
            twice = database.execute(
                "SELECT count(*) FROM (SELECT resource, sku, hour FROM charges GROUP BY resource, sku, hour HAVING count(*) > 1)").fetchone()[0]
            overlapping = database.execute("""SELECT count(*) FROM metered_intervals a JOIN metered_intervals b
                ON a.workspace = b.workspace AND a.mode = b.mode AND a.resource = b.resource AND a.started_at < b.started_at
                AND (a.ended_at IS NULL OR a.ended_at > b.started_at)""").fetchone()[0]
        self.checks.that(f"nothing is left unfinished after {self.rounds} kills", left == 0, left)
        self.checks.that("no hour is charged twice", twice == 0, twice)
        self.checks.that("nothing is metered twice at a time", overlapping == 0, overlapping)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--step", type=int, default=40, help="milliseconds between one kill and the next")
    parser.add_argument("--latency", type=int, default=100, help="of a call to the simulator, in milliseconds")
    parser.add_argument("--docker", "--podman", dest="endpoint", help="a peer's endpoint, unix://…")
    parser.add_argument("--libvirt", help="a libvirtd's socket, unix://…")
    parser.add_argument("--aws", help="an emulator's address, http://…; its keys stand in CLOUDAPI_TEST_MOTO_KEY and _SECRET")
    parser.add_argument("--kinds", help="all the peer has when left out")
    parser.add_argument("--image", help="an image the peer has")
    options = parser.parse_args()
    # An emulator's buckets are not counted here.
    options.kinds = options.kinds or ",".join(kind for kind in VERBS if kind != "buckets" or not options.aws)
    if options.aws:
        within_venv("boto3")
    with workspace() as folder:
        return Matrix(options, folder).run()


if __name__ == "__main__":
    sys.exit(main())
