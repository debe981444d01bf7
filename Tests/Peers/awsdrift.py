#!/usr/bin/env python3
"""What is done to instances and volumes past the server, on an emulator of AWS: when it is seen, and what is done about it; what was there before.

    awsdrift.py --binary .build/debug/cloudapi      with the variables of moto.env, as scripts/peers/moto.sh writes it

EC2 says nothing by itself, so what is promised is the interval (`sync_interval_s`, ±20 %). An endpoint that refuses every connection, and credentials
that are refused, make nothing missing.
"""
import argparse
import os
import socket
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Durability"))

from aws import IMAGE, Life  # noqa: E402
from server import Checks, audit, within_venv, workspace  # noqa: E402

INTERVAL = 5
# A fifth more, a second for the loop, and what a busy machine takes.
SEEN = INTERVAL * 1.2 + 1 + 6
# What was changed from here is not judged by lists that can lag, for so long.
LAG = 60


class Gate:
    """A port that leads to the emulator while it is open, and refuses every connection while it is not. `spoils` makes every signature wrong."""

    def __init__(self, port):
        self.target, self.open = port, threading.Event()
        self.spoils = threading.Event()
        self.open.set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            if not self.open.is_set():
                client.close()
                continue
            peer = socket.create_connection(("127.0.0.1", self.target))
            for one, other in ((client, peer), (peer, client)):
                threading.Thread(target=self.pump, args=(one, other), daemon=True).start()

    def pump(self, one, other):
        try:
            while (part := one.recv(65536)) and self.open.is_set():
                other.sendall(part.replace(b"Signature=", b"Signature=0") if self.spoils.is_set() else part)
        except OSError:
            pass
        finally:
            for end in (one, other):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass


class Drift(Life):
    def run(self):
        self.gate = Gate(int(os.environ["CLOUDAPI_TEST_MOTO"].rsplit(":", 1)[1]))
        made = self.connect("aws", self.peer.secret, endpoint=f"http://127.0.0.1:{self.gate.port}")
        self.checks.that("connects", made.status == 201 and made.json["state"] == "connected", made)
        self.account = made.json["id"]
        self.web = self.make("instances", "web", {"size": "s-1", "image": IMAGE}, sync_interval_s=INTERVAL, drift_policy="report")["id"]
        self.volume = self.make("volumes", "data", {"size_gib": 2}, sync_interval_s=INTERVAL, drift_policy="report")["id"]
        self.seen("what was made is looked at and in step", f"instances/{self.web}", lambda seen: self.condition(seen, "Synced") == "true", LAG + SEEN)
        self.grown()
        self.stopped()
        self.away()
        self.refused()
        self.adopted()
        for path in (f"instances/{self.web}", f"volumes/{self.volume}"):
            self.call("DELETE", f"/v1/{path}?purge=true&wait=60s")
        self.checks.that("nothing with our tags is left", not self.peer.left(), self.peer.left())
        self.checks.that("SIGTERM ends the server", self.server.stop() == 0)
        verified, words = audit(self.binary, self.data)
        self.checks.that("the audit chains verify", verified, words)

    @staticmethod
    def condition(resource, type):
        return next((each["status"] for each in resource["status"]["conditions"] if each["type"] == type), None)

    def policy(self, path, policy):
        answer = self.call("PATCH", f"/v1/{path}", {"drift_policy": policy})
        if answer.status != 200:
            raise RuntimeError(f"{answer}")

    def drifts(self, query):
        return self.call("GET", f"/v1/drift?limit=100&{query}").json["data"]

    def seen(self, what, path, holds, within=SEEN):
        started = time.monotonic()
        while not holds(found := self.call("GET", f"/v1/{path}").json) and time.monotonic() - started < within:
            time.sleep(0.2)
        self.checks.that(f"{what}, {time.monotonic() - started:.1f} s later", holds(found), found)
        return found

    def state(self):
        return self.peer.instances(self.web)[0]["State"]["Name"]

    def stopped(self):
        reference = self.peer.instances(self.web)[0]["InstanceId"]
        self.peer.ec2.stop_instances(InstanceIds=[reference])
        seen = self.seen("a stop is seen within the interval", f"instances/{self.web}",
                         lambda seen: seen["status"]["power"] == "stopped" and self.condition(seen, "Synced") == "false")
        self.checks.that("and left alone", seen["operation_id"] is None and self.state() == "stopped", seen)
        self.policy(f"instances/{self.web}", "revert")
        self.seen("it is reverted once the policy says so", f"instances/{self.web}",
                  lambda seen: seen["status"]["power"] == "running" and self.condition(seen, "Synced") == "true", LAG + SEEN + 15)
        self.checks.that("the same instance runs", self.state() == "running" and self.peer.instances(self.web)[0]["InstanceId"] == reference)

    def grown(self):
        self.peer.ec2.modify_volume(VolumeId=self.peer.volumes(self.volume)[0]["VolumeId"], Size=4)
        self.seen("a volume that grew is seen", f"drift?limit=100&resource={self.volume}", lambda seen: bool(seen["data"]))
        drift = self.drifts(f"resource={self.volume}")[0]
        self.checks.that("with both sizes", drift["fields"] == [{"path": "size_gib", "wanted": 2, "observed": 4}], drift)
        self.call("POST", f"/v1/drift/{drift['id']}/accept")
        self.checks.that("accepted, the spec says so", self.call("GET", f"/v1/volumes/{self.volume}").json["spec"]["size_gib"] == 4)

    def away(self):
        self.gate.open.clear()
        self.seen("an endpoint that refuses connections is unreachable", f"instances/{self.web}",
                  lambda seen: self.condition(seen, "ProviderReachable") == "false", 90)
        time.sleep(INTERVAL * 3)
        phases = {self.call("GET", f"/v1/{path}").json["status"]["phase"] for path in (f"instances/{self.web}", f"volumes/{self.volume}")}
        self.checks.that("nothing is missing meanwhile", phases == {"ready"} and not self.drifts("class=missing"), phases)
        self.gate.open.set()
        self.seen("it is found to be back", f"instances/{self.web}",
                  lambda seen: self.condition(seen, "ProviderReachable") == "true" and self.condition(seen, "Synced") == "true", 90)
        self.checks.that("and nothing was missing", not self.drifts("class=missing"), self.drifts("class=missing"))

    def refused(self):
        self.gate.spoils.set()
        self.seen("credentials that are refused all at once are seen", f"instances/{self.web}",
                  lambda seen: self.condition(seen, "CredentialsValid") == "false", 30)
        state = self.call("GET", f"/v1/connections/{self.account}").json["state"]
        self.checks.that("the connection says so", state == "unauthorized", state)
        time.sleep(INTERVAL * 3)
        events = self.call("GET", "/v1/events?type=connection.unauthorized&limit=100").json["data"]
        self.checks.that("one event, then quiet", len(events) == 1, events)
        self.checks.that("nothing is missing", not self.drifts("class=missing"), self.drifts("class=missing"))
        self.gate.spoils.clear()
        self.call("POST", f"/v1/connections/{self.account}/verify")
        self.seen("with good ones it goes on", f"instances/{self.web}",
                  lambda seen: self.condition(seen, "CredentialsValid") == "true" and self.condition(seen, "Synced") == "true", 75)

    def adopted(self):
        legacy = self.peer.ec2.create_volume(AvailabilityZone="us-east-1a", Size=3, Encrypted=True)["VolumeId"]
        begun = self.call("POST", "/v1/discoveries", {"connection": "aws"})
        found = self.seen("a discovery ends", f"discoveries/{begun.json['id']}", lambda seen: seen["state"] != "running", 60)
        objects = {each["provider_ref"]: each for each in found["objects"]}
        ours = {self.peer.instances(self.web)[0]["InstanceId"], self.peer.volumes(self.volume)[0]["VolumeId"]}
        self.checks.that("it finds what nobody manages, and nothing of ours", found["state"] == "succeeded" and legacy in objects
                         and not ours & set(objects) and objects[legacy]["fields"] == {"size_gib": 3}, objects)
        self.checks.that("and touches nothing", not self.tags(legacy), self.tags(legacy))
        item = {"provider_ref": legacy, "name": "legacy", "project_id": self.project}
        adopted = self.call("POST", f"/v1/discoveries/{found['id']}/adopt", {"items": [item]})
        self.checks.that("a volume is adopted, with a spec that says what is there", adopted.status == 200
                         and adopted.json["adopted"][0]["spec"] == {"size_gib": 3, "type": "standard", "encrypted": True}, adopted)
        identity = adopted.json["adopted"][0]["id"]
        until = time.monotonic() + 20
        while self.tags(legacy).get("cloudapi.resource") != identity and time.monotonic() < until:
            time.sleep(0.2)
        self.checks.that("the next look tags it as ours", self.tags(legacy).get("cloudapi.resource") == identity, self.tags(legacy))
        self.seen("it is in step", "volumes/legacy", lambda seen: self.condition(seen, "Synced") == "true", 20)
        managed = self.call("PATCH", "/v1/volumes/legacy", {"management": "managed"})
        self.checks.that("it can be managed", managed.status == 200, managed)
        grown = self.act("volumes/legacy/actions/resize", {"size_gib": 6})
        self.checks.that("and changed from here", self.peer.volumes(identity)[0]["Size"] == 6, grown)
        released = self.call("POST", "/v1/volumes/legacy/actions/release")
        self.checks.that("released, it is forgotten", released.status == 200 and released.json["status"]["phase"] == "purged", released)
        until = time.monotonic() + 20
        while self.tags(legacy) and time.monotonic() < until:
            time.sleep(0.2)
        there = self.peer.ec2.describe_volumes(VolumeIds=[legacy])["Volumes"]
        self.checks.that("and is there without our tags", len(there) == 1 and not self.tags(legacy), there)

    def tags(self, volume):
        found = self.peer.ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]
        return {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    options = parser.parse_args()
    within_venv("boto3")
    checks = Checks()
    with workspace() as folder:
        drift = Drift(options.binary, folder, checks)
        with drift.server:
            drift.run()
    return checks.ended()


if __name__ == "__main__":
    sys.exit(main())
