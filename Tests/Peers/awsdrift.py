#!/usr/bin/env python3
"""What is done past the server on an emulator of AWS: when it is seen, and what is done about it; what was there before.

    awsdrift.py --binary .build/debug/cloudapi      with the variables of moto.env, as scripts/peers/moto.sh writes it

EC2 says nothing by itself, so what is promised is the interval (`sync_interval_s`, ±20 %). An endpoint that refuses every connection, and credentials
that are refused, make nothing missing. Each story has a connection and resources of its own and they are told at the same time, since most of one
is waiting.
"""
import concurrent.futures
import os
import socket
import sys
import threading
import time
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Durability"))

from aws import IMAGE, Life, main  # noqa: E402
from server import audit  # noqa: E402

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
    def __init__(self, binary, folder, checks):
        super().__init__(binary, folder, checks)
        self.printing, self.account = threading.Lock(), None

    def that(self, name, holds, seen=""):
        with self.printing:
            return self.checks.that(name, holds, seen)

    def run(self):
        stories = [self.changed, self.stopped, self.away, self.refused, self.adopted]
        with concurrent.futures.ThreadPoolExecutor(len(stories)) as pool:
            told = [pool.submit(story, *self.opened(story.__name__)) for story in stories]
        for story in told:
            story.result()
        self.that("nothing with our tags is left", not self.peer.left(), self.peer.left())
        self.that("SIGTERM ends the server", self.server.stop() == 0)
        verified, words = audit(self.binary, self.data)
        self.that("the audit chains verify", verified, words)

    def opened(self, name):
        """A connection through a gate of its own."""
        gate = Gate(int(os.environ["CLOUDAPI_TEST_MOTO"].rsplit(":", 1)[1]))
        made = self.connect(name, self.peer.secret, endpoint=f"http://127.0.0.1:{gate.port}")
        if made.status != 201 or made.json["state"] != "connected":
            raise RuntimeError(f"{name}: {made}")
        return gate, made.json["id"]

    def watched(self, connection, collection, name, spec):
        """A resource that is looked at often and only reported, once lists are believed."""
        made = self.make(collection, name, spec, provider=connection, sync_interval_s=INTERVAL, drift_policy="report")
        return f"{collection}/{made['id']}", made["id"]

    def in_step(self, path, within=LAG + SEEN):
        return self.seen(f"{path.split('/')[0]}: looked at and in step", path, lambda seen: self.condition(seen, "Synced") == "true", within)

    def purge(self, *paths):
        for path in paths:
            self.call("DELETE", f"/v1/{path}?purge=true&wait=60s")

    @staticmethod
    def condition(resource, type):
        return next((each["status"] for each in resource["status"]["conditions"] if each["type"] == type), None)

    def revert(self, path):
        answer = self.call("PATCH", f"/v1/{path}", {"drift_policy": "revert"})
        if answer.status != 200:
            raise RuntimeError(f"{answer}")

    def drifts(self, query):
        return self.call("GET", f"/v1/drift?limit=100&{query}").json["data"]

    def drift(self, what, resource):
        self.seen(what, f"drift?limit=100&resource={resource}", lambda seen: bool(seen["data"]))
        return self.drifts(f"resource={resource}")[0]

    def seen(self, what, path, holds, within=SEEN):
        started = time.monotonic()
        while not holds(found := self.call("GET", f"/v1/{path}").json) and time.monotonic() - started < within:
            time.sleep(0.2)
        self.that(f"{what}, {time.monotonic() - started:.1f} s later", holds(found), found)
        return found

    def until(self, what, holds, within=20):
        until = time.monotonic() + within
        while not holds() and time.monotonic() < until:
            time.sleep(0.2)
        self.that(what, holds())

    # Stories

    def changed(self, gate, connection):
        """A volume that grows, a firewall that is opened, an address that is given back."""
        disk, volume = self.watched(connection, "volumes", "data", {"size_gib": 2})
        wall, firewall = self.watched(connection, "firewalls", "edge", {"rules": [
            {"direction": "ingress", "protocol": "tcp", "ports": ["443"], "cidrs": ["0.0.0.0/0"]}]})
        front, address = self.watched(connection, "ips", "front", {})
        for path in (disk, wall, front):
            self.in_step(path)

        self.peer.ec2.modify_volume(VolumeId=self.peer.volumes(volume)[0]["VolumeId"], Size=4)
        group = self.peer.groups(firewall)[0]["GroupId"]
        self.peer.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
            {"IpProtocol": "tcp", "FromPort": 23, "ToPort": 23, "UserIdGroupPairs": [{"GroupId": group}]}])
        self.peer.ec2.release_address(AllocationId=self.peer.addresses(address)[0]["AllocationId"])

        grown = self.drift("a volume that grew is seen", volume)
        self.that("with both sizes", grown["fields"] == [{"path": "size_gib", "wanted": 2, "observed": 4}], grown)
        self.call("POST", f"/v1/drift/{grown['id']}/accept")
        self.that("accepted, the spec says so", self.call("GET", f"/v1/{disk}").json["spec"]["size_gib"] == 4)

        opened = self.drift("a firewall that was opened is seen", firewall)
        said = str(opened["fields"][0]["observed"])
        self.that("with the rules, also with one that no spec can say", opened["class"] == "field_drift" and opened["fields"][0]["path"] == "rules"
                  and "'22'" in said and f"tcp 23-23 {group}" in said, opened)
        refused = self.call("POST", f"/v1/drift/{opened['id']}/accept")
        self.that("which cannot be accepted", refused.status == 409 and refused.code == "invalid_state", refused)
        self.revert(wall)
        self.until("and is shut again once the policy says so", lambda: self.open_ports(self.peer.groups(firewall)[0]["IpPermissions"])
                   == {(443, 443, "0.0.0.0/0")} and not self.peer.groups(firewall)[0]["IpPermissions"][0]["UserIdGroupPairs"], LAG + SEEN + 15)

        # Where lists can lag, the second one comes a minute later.
        self.seen("an address that was given back is missing", front, lambda seen: seen["status"]["phase"] == "missing", LAG + SEEN)
        gone = self.drifts(f"resource={address}")[0]
        refused = self.call("POST", f"/v1/drift/{gone['id']}/revert")
        self.that("and never made again: it would be another", gone["class"] == "missing" and refused.status == 409, (gone, refused))
        self.purge(disk, wall, front)

    def stopped(self, gate, connection):
        web, instance = self.watched(connection, "instances", "web", {"size": "s-1", "image": IMAGE})
        self.in_step(web)
        reference = self.peer.instances(instance)[0]["InstanceId"]
        self.peer.ec2.stop_instances(InstanceIds=[reference])
        seen = self.seen("a stop is seen within the interval", web,
                         lambda seen: seen["status"]["power"] == "stopped" and self.condition(seen, "Synced") == "false")
        state = self.peer.instances(instance)[0]["State"]["Name"]
        self.that("and left alone", seen["operation_id"] is None and state == "stopped", seen)
        self.revert(web)
        # A direct look is believed at once, unlike a list.
        self.call("POST", f"/v1/{web}/actions/refresh")
        self.seen("it is reverted once the policy says so", web, lambda seen: seen["status"]["power"] == "running", SEEN + 15)
        self.call("POST", f"/v1/{web}/actions/refresh")
        self.in_step(web, SEEN)
        there = self.peer.instances(instance)
        self.that("the same instance runs", [(each["InstanceId"], each["State"]["Name"]) for each in there] == [(reference, "running")], there)
        self.purge(web)

    def away(self, gate, connection):
        disk, _ = self.watched(connection, "volumes", "away", {"size_gib": 1})
        gate.open.clear()
        self.seen("an endpoint that refuses connections is unreachable", disk, lambda seen: self.condition(seen, "ProviderReachable") == "false", 90)
        time.sleep(INTERVAL * 3)
        phase = self.call("GET", f"/v1/{disk}").json["status"]["phase"]
        missing = self.drifts(f"class=missing&connection={connection}")
        self.that("nothing is missing meanwhile", phase == "ready" and not missing, (phase, missing))
        gate.open.set()
        self.seen("it is found to be back", disk,
                  lambda seen: self.condition(seen, "ProviderReachable") == "true" and self.condition(seen, "Synced") == "true", 90)
        self.that("and nothing was missing", not self.drifts(f"class=missing&connection={connection}"))
        self.purge(disk)

    def refused(self, gate, connection):
        disk, _ = self.watched(connection, "volumes", "refused", {"size_gib": 1})
        gate.spoils.set()
        self.seen("credentials that are refused all at once are seen", disk, lambda seen: self.condition(seen, "CredentialsValid") == "false", 30)
        state = self.call("GET", f"/v1/connections/{connection}").json["state"]
        self.that("the connection says so", state == "unauthorized", state)
        time.sleep(INTERVAL * 3)
        events = self.call("GET", "/v1/events?type=connection.unauthorized&limit=100").json["data"]
        self.that("one event, then quiet", len(events) == 1, events)
        missing = self.drifts(f"class=missing&connection={connection}")
        self.that("nothing is missing for want of credentials", not missing, missing)
        gate.spoils.clear()
        self.call("POST", f"/v1/connections/{connection}/verify")
        self.seen("with good ones it goes on", disk,
                  lambda seen: self.condition(seen, "CredentialsValid") == "true" and self.condition(seen, "Synced") == "true", 75)
        self.purge(disk)

    def legacy(self):
        """One of each kind that somebody else has made, by kind; and an instance of a type that is none of our sizes."""
        ec2, name = self.peer.ec2, f"legacy-{uuid.uuid4().hex[:12]}"
        run = {"ImageId": IMAGE, "MinCount": 1, "MaxCount": 1}
        vpc = ec2.create_vpc(CidrBlock="10.77.0.0/24")["Vpc"]["VpcId"]
        group = ec2.create_security_group(GroupName=name, Description="made by hand", VpcId=vpc)["GroupId"]
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}])
        self.peer.s3.create_bucket(Bucket=name)
        self.peer.s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "owner", "Value": "somebody"}]})
        return {
            "volumes": ec2.create_volume(AvailabilityZone="us-east-1a", Size=3, Encrypted=True)["VolumeId"], "networks": vpc, "firewalls": group,
            "ips": ec2.allocate_address(Domain="vpc")["AllocationId"], "buckets": name,
            "instances": ec2.run_instances(InstanceType="t3.micro", **run)["Instances"][0]["InstanceId"],
        }, ec2.run_instances(InstanceType="m5.large", **run)["Instances"][0]["InstanceId"]

    def adopted(self, gate, connection):
        disk, own = self.watched(connection, "volumes", "own", {"size_gib": 1})
        legacy, odd = self.legacy()
        begun = self.call("POST", "/v1/discoveries", {"connection": connection})
        found = self.seen("a discovery ends", f"discoveries/{begun.json['id']}", lambda seen: seen["state"] != "running", 60)
        objects = {each["provider_ref"]: each for each in found["objects"]}
        self.that("it finds every kind that nobody manages, and nothing of ours", found["state"] == "succeeded" and set(legacy.values()) <= set(objects)
                  and self.peer.volumes(own)[0]["VolumeId"] not in objects, objects)
        self.that("as a spec would say it", objects[legacy["volumes"]]["fields"] == {"size_gib": 3} and objects[legacy["instances"]]["fields"]["size"] == "s-1"
                  and objects[legacy["networks"]]["fields"] == {"cidr": "10.77.0.0/24"} and len(objects[legacy["firewalls"]]["fields"]["rules"]) == 2, objects)
        self.that("an instance of a type that is none of our sizes, too", objects[odd]["fields"]["size"] == "m5.large" and objects[odd]["hourly"] is None, objects[odd])
        listed = self.call("GET", f"/v1/discoveries?limit=100&connection={connection}").json["data"]
        self.that("it stands in the list", [(each["id"], each["found"]) for each in listed] == [(found["id"], len(objects))], listed)
        ours = {reference: self.peer.tags(reference) for reference in legacy.values()}
        self.that("and touches nothing", not any("cloudapi.installation" in tags for tags in ours.values()), ours)

        def item(reference, name):
            return {"provider_ref": reference, "name": name, "project_id": self.project}

        refused = self.call("POST", f"/v1/discoveries/{found['id']}/adopt", {"items": [item(odd, "odd")]})
        self.that("that one is not adopted, and what differs is said", refused.status == 422 and [
            (each["pointer"], each["code"]) for each in refused.json["errors"]] == [("/items/0/spec/size", "differs")]
            and "m5.large" in refused.json["detail"], refused)
        items = [item(reference, f"legacy-{kind}") for kind, reference in legacy.items()]
        adopted = self.call("POST", f"/v1/discoveries/{found['id']}/adopt", {"items": items})
        self.that("all the others are adopted at once", adopted.status == 200, adopted)
        made = dict(zip(legacy, adopted.json["adopted"]))
        self.that("with specs that say what is there", made["volumes"]["spec"] == {"size_gib": 3, "type": "standard", "encrypted": True, "from_snapshot": None}
                  and made["networks"]["spec"] == {"cidr": "10.77.0.0/24", "nat": False} and made["instances"]["spec"]["size"] == "s-1", made)
        for kind, reference in legacy.items():
            self.until(f"{kind}: the next look tags it as ours", lambda: self.peer.tags(reference).get("cloudapi.resource") == made[kind]["id"])
        self.that("among the tags a bucket has", self.peer.tags(legacy["buckets"]).get("owner") == "somebody", self.peer.tags(legacy["buckets"]))
        for kind in legacy:
            self.call("PATCH", f"/v1/{kind}/legacy-{kind}", {"sync_interval_s": INTERVAL})
            self.in_step(f"{kind}/legacy-{kind}", 30)
            managed = self.call("PATCH", f"/v1/{kind}/legacy-{kind}", {"management": "managed"})
            self.that(f"{kind}: it can be managed", managed.status == 200, managed)
        grown = self.act("volumes/legacy-volumes/actions/resize", {"size_gib": 6})
        self.that("and changed from here", self.peer.volumes(made["volumes"]["id"])[0]["Size"] == 6, grown)
        self.peer.ec2.create_subnet(VpcId=legacy["networks"], CidrBlock="10.77.0.0/25", AvailabilityZone="us-east-1a")
        inside = self.make("instances", "inside", {"size": "n-1", "image": IMAGE, "network_id": "legacy-networks"}, provider=connection)
        self.that("an instance is made in a network that was there before", self.peer.instances(inside["id"])[0]["VpcId"] == legacy["networks"], inside)
        self.purge("instances/inside")
        for kind, reference in legacy.items():
            released = self.call("POST", f"/v1/{kind}/legacy-{kind}/actions/release")
            self.that(f"{kind}: released, it is forgotten", released.status == 200 and released.json["status"]["phase"] == "purged", released)
            self.until(f"{kind}: and is there without our tags", lambda: not any(key.startswith("cloudapi.") for key in self.peer.tags(reference)), 75)
        self.that("with those it had", self.peer.tags(legacy["buckets"]) == {"owner": "somebody"}, self.peer.tags(legacy["buckets"]))
        self.purge(disk)
        self.peer.ec2.terminate_instances(InstanceIds=[odd, legacy["instances"]])
        self.peer.ec2.delete_volume(VolumeId=legacy["volumes"])
        self.peer.ec2.release_address(AllocationId=legacy["ips"])
        self.peer.s3.delete_bucket(Bucket=legacy["buckets"])
        for subnet in self.peer.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [legacy["networks"]]}])["Subnets"]:
            self.peer.ec2.delete_subnet(SubnetId=subnet["SubnetId"])
        self.peer.ec2.delete_security_group(GroupId=legacy["firewalls"])
        self.peer.ec2.delete_vpc(VpcId=legacy["networks"])


if __name__ == "__main__":
    sys.exit(main(Drift, __doc__))
