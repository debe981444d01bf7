#!/usr/bin/env python3
"""Kills the server at every point of every operation and counts what is at the provider.

    crashmatrix.py --binary .build/debug/cloudapi                                     the simulator
    crashmatrix.py --binary … --docker unix:///tmp/x/docker.sock --image cp-busybox:1   a real peer

For each kind of operation (create, stop, start, restart, resize, delete) the server is killed with -9 so many milliseconds after the
operation was admitted, step by step from the moment of admission until past its end. After the restart it has to finish by itself, and then
  1. the provider has exactly one object for the instance, or none after a delete, counted at the provider itself;
  2. the log has exactly one line that it was asked for and one that it was done;
  3. every closed hour is charged once;
  4. the audit chain verifies.
"""
import argparse
import collections
import sqlite3
import sys
import time

from peer import Peer
from server import Checks, Client, Server, audit, init, workspace

PATIENCE = 60
DONE = {"create": "ready", "stop": "stopped", "start": "started", "restart": "restarted", "resize": "resized", "delete": "deleted"}
ASKED = {"create": "created", **{verb: f"{verb}_requested" for verb in DONE if verb != "create"}}


class SimulatorPeer:
    """What the simulated cloud has, read from its own table."""

    def __init__(self, database):
        self.database = database

    def objects(self, resource):
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True) as database:
            return database.execute("SELECT count(*) FROM simulator_objects WHERE resource = ?", [resource]).fetchone()[0]


class Matrix:
    def __init__(self, options, folder):
        self.options, self.checks = options, Checks()
        self.data = folder / "data"
        self.key = init(options.binary, self.data)["api_key"]
        command = {"CLOUDAPI_ALLOW_EGRESS": f"unix:{options.docker.removeprefix('unix://')}"} if options.docker else {}
        self.server = Server(options.binary, self.data, folder / "server.log", command).start()
        self.peer = Peer(options.docker) if options.docker else SimulatorPeer(self.data / "cloudapi.db")
        settings = {"endpoint": options.docker} if options.docker else {"latency_ms": options.latency}
        made = self.call("POST", "/v1/connections", {
            "name": "peer", "provider": "docker" if options.docker else "simulator", "settings": settings})
        if made.status != 201 or made.json["state"] != "connected":
            raise RuntimeError(f"the peer cannot be used: {made}")
        self.features = made.json["capabilities"]["features"]
        self.project = self.call("GET", "/v1/projects").json["items"][0]["id"]
        self.rounds = 0

    def call(self, method, path, body=None):
        with Client(self.server.port, self.key) as client:
            return client.call(method, path, body)

    def run(self):
        for verb in DONE:
            if verb == "resize" and "instance.resize" not in self.features:
                continue
            self.verb(verb)
        self.ends()
        self.server.stop()
        verified, words = audit(self.options.binary, self.data)
        self.checks.that("the audit chains verify", verified, words)
        return self.checks.ended()

    def verb(self, verb):
        """Kills later and later, until an operation has ended before its time has come."""
        wait, ended = 0.0, 0
        while ended < 2 and wait < 30:
            ended += self.round(verb, wait)
            wait += self.options.step / 1000

    def round(self, verb, wait):
        """One kill; true when the operation had ended before it."""
        self.rounds += 1
        name = f"{verb}-{self.rounds}"
        if verb == "create":
            resource = self.create(name)
        else:
            resource = self.create(name)
            self.settled(resource)
            if verb == "start":
                self.act(resource, "stop")
                self.settled(resource)
            self.act(resource, verb)
        time.sleep(wait)
        with_end = self.count_of(resource, DONE[verb]) > 0
        self.server.kill()
        self.server.start()
        said = f"{verb} killed after {wait * 1000:.0f} ms"
        instance = self.settled(resource)
        wanted = 0 if verb == "delete" else 1
        found = self.peer.objects(resource)
        events = collections.Counter(event for event in self.events(resource))
        runs = instance["status"]["power"] if verb != "delete" else instance["status"]["phase"]
        right = {"stop": "stopped", "delete": "deleted"}.get(verb, "running")
        good = (found == wanted and events["instance." + DONE[verb]] == 1 and events["instance." + ASKED[verb]] == 1 and runs == right)
        self.checks.that(said, good, {"objects": found, "status": instance["status"], "events": events})
        self.delete(resource)
        return with_end

    def create(self, name):
        spec = {"size": "n-1"}
        if self.options.image:
            spec |= {"image": self.options.image, "command": ["sh", "-c", "trap exit TERM; while :; do sleep 0.1; done"]}
        made = self.call("POST", "/v1/instances", {"name": name, "project_id": self.project, "spec": spec})
        if made.status != 201:
            raise RuntimeError(f"create: {made}")
        return made.json["id"]

    def act(self, resource, verb):
        if verb == "delete":
            answer = self.call("DELETE", f"/v1/instances/{resource}")
        else:
            answer = self.call("POST", f"/v1/instances/{resource}/actions/{verb}", {"size": "n-2"} if verb == "resize" else None)
        if answer.status != 202:
            raise RuntimeError(f"{verb}: {answer}")

    def delete(self, resource):
        self.call("DELETE", f"/v1/instances/{resource}?purge=true")
        self.settled(resource)
        if found := self.peer.objects(resource):
            self.checks.that(f"{resource} is gone at the provider", False, found)

    def settled(self, resource):
        """The instance once nothing goes on with it; what was purged answers a status of its own."""
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self.call("GET", f"/v1/instances/{resource}")
            if answer.status == 410:
                return {"status": {"phase": "purged", "power": None}}
            if answer.json["operation_id"] is None:
                return answer.json
            if time.monotonic() > deadline:
                operation = self.call("GET", f"/v1/operations/{answer.json['operation_id']}")
                raise RuntimeError(f"{resource} did not settle: {operation}\n{self.server.tail()}")
            time.sleep(0.02)

    def events(self, resource):
        with sqlite3.connect(f"file:{self.data / 'cloudapi.db'}?mode=ro", uri=True) as database:
            return [row[0] for row in database.execute("SELECT type FROM events WHERE subject = ?", [resource])]

    def count_of(self, resource, done):
        return self.events(resource).count("instance." + done)

    def ends(self):
        with sqlite3.connect(f"file:{self.data / 'cloudapi.db'}?mode=ro", uri=True) as database:
            left = database.execute("SELECT count(*) FROM operations WHERE finished_at IS NULL").fetchone()[0]
            twice = database.execute(
                "SELECT count(*) FROM (SELECT resource, sku, hour FROM charges GROUP BY resource, sku, hour HAVING count(*) > 1)").fetchone()[0]
        self.checks.that(f"nothing is left unfinished after {self.rounds} kills", left == 0, left)
        self.checks.that("no hour is charged twice", twice == 0, twice)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--step", type=int, default=40, help="milliseconds between one kill and the next")
    parser.add_argument("--latency", type=int, default=100, help="of a call to the simulator, in milliseconds")
    parser.add_argument("--docker", help="a peer's endpoint, unix://…")
    parser.add_argument("--image", help="an image the peer has")
    options = parser.parse_args()
    with workspace() as folder:
        return Matrix(options, folder).run()


if __name__ == "__main__":
    sys.exit(main())
