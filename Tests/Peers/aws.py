#!/usr/bin/env python3
"""The whole life of instances, volumes, snapshots, networks, addresses and firewalls on an emulator of AWS, through the HTTP API of the binary.

    aws.py --binary .build/debug/cloudapi      with the variables of moto.env, as scripts/peers/moto.sh writes it

What there is is asked of the emulator itself, with boto3. Its signatures and policies are checked: a wrong secret and missing rights are seen.
"""
import argparse
import base64
import contextlib
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Durability"))

from motopeer import MotoPeer  # noqa: E402
from server import Checks, Server, audit, init, within_venv, workspace  # noqa: E402

IMAGE = "ami-1e749f67"
USER_DATA = "#cloud-config\npackages: [nginx]\n"


class Life:
    def __init__(self, binary, folder, checks):
        self.binary, self.checks, self.peer = binary, checks, MotoPeer(os.environ["CLOUDAPI_TEST_MOTO"])
        self.data, self.log, self.bodies = folder / "data", folder / "server.log", []
        made = init(binary, self.data)
        self.key, self.project = made["api_key"], made["project_id"]
        self.server = Server(binary, self.data, self.log, {"CLOUDAPI_ALLOW_EGRESS": "127.0.0.0/8"}).start()

    def call(self, method, path, body=None):
        with contextlib.closing(self.server.client(self.key, timeout=90)) as client:
            answer = client.call(method, path, body)
        self.bodies.append(answer.body)
        return answer

    def make(self, collection, name, spec, **more):
        answer = self.call("POST", f"/v1/{collection}?wait=60s", {"name": name, "project_id": self.project, "spec": spec, "provider": self.account} | more)
        if answer.status != 201 or answer.json["operation"]["state"] != "succeeded":
            raise RuntimeError(f"{collection} {name}: {answer}")
        return answer.json

    def act(self, path, body=None):
        answer = self.call("POST", f"/v1/{path}?wait=60s", body)
        return answer.json if answer.status == 202 and answer.json["operation"]["state"] == "succeeded" else answer

    def run(self):
        self.connections()
        self.life()
        self.stopped()
        self.server.stop()
        said = self.log.read_text() + "".join(body.decode(errors="replace") for body in self.bodies)
        secrets = [os.environ[f"CLOUDAPI_TEST_MOTO_{name}"] for name in ("SECRET", "POWERLESS_SECRET")]
        self.checks.that("no secret stands in the log or in an answer", not any(secret in said for secret in secrets))
        self.checks.that("nothing with our tags is left", not self.peer.left(), self.peer.left())
        verified, words = audit(self.binary, self.data)
        self.checks.that("the audit chains verify", verified, words)

    def connect(self, name, secret, **settings):
        return self.call("POST", "/v1/connections", {
            "name": name, "provider": "aws", "settings": self.peer.settings | settings, "secret": secret})

    def connections(self):
        good = self.connect("aws", self.peer.secret)
        self.checks.that("a connection says whose account it is and what it can do", good.status == 201 and good.json["state"] == "connected"
                         and good.json["capabilities"]["server"] == "aws us-east-1, account 123456789012"
                         and good.json["capabilities"]["identification"] == {
                             "instance": "token", "volume": "token", "network": "label", "bucket": "name", "ip": "label", "firewall": "label",
                             "snapshot": "label"}, good)
        wrong = self.connect("wrong", self.peer.secret | {"secret_access_key": "x" * 40})
        self.checks.that("a wrong secret is seen by its signature", wrong.status == 201 and wrong.json["state"] == "unauthorized", wrong)
        powerless = self.connect("powerless", {
            "access_key_id": os.environ["CLOUDAPI_TEST_MOTO_POWERLESS_KEY"], "secret_access_key": os.environ["CLOUDAPI_TEST_MOTO_POWERLESS_SECRET"]})
        self.checks.that("missing rights are seen", powerless.status == 201 and powerless.json["state"] == "unauthorized", powerless)
        zone = self.connect("zone", self.peer.secret, zone="us-east-1z")
        self.checks.that("a zone that is not there is named", zone.status == 201 and "us-east-1z" in zone.json["state_detail"], zone)
        bad = self.connect("bad", {"access_key_id": "AKIA", "secret_access_key": "x"}, endpoint="ftp://x")
        self.checks.that("what cannot be is refused with a pointer", bad.status == 422
                         and [entry["pointer"] for entry in bad.json["errors"]] == ["/settings/endpoint", "/secret/access_key_id"], bad)
        role = self.connect("role", self.peer.secret, role_arn=os.environ["CLOUDAPI_TEST_MOTO_ROLE"], external_id="cloudapi-tests")
        self.checks.that("a role is taken on", role.status == 201 and role.json["state"] == "connected", role)
        # Everything below is done with the role's keys, whose session token has to be signed.
        self.account = role.json["id"]

    def life(self):
        network, volume = self.make("networks", "net", {"cidr": "10.20.0.0/24"}), self.make("volumes", "data", {"size_gib": 2})
        self.checks.that("a network is a VPC, a subnet and a gateway", self.peer.parts(network["id"]) == (1, 1, 1), self.peer.parts(network["id"]))
        found = self.peer.volumes(volume["id"])[0]
        self.checks.that("a volume is encrypted unless told otherwise", found["Encrypted"] and found["Size"] == 2 and found["VolumeType"] == "gp3", found)
        web = self.make("instances", "web", {"size": "s-1", "image": IMAGE, "network_id": "net", "user_data": USER_DATA,
                                             "volumes": [{"volume_id": "data", "path": "/data"}]}, labels={"team": "core"})
        instance = self.peer.instances(web["id"])[0]
        tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
        self.checks.that("an instance runs in the subnet, with its labels, its volume and an address", web["status"]["power"] == "running"
                         and web["status"]["addresses"] and instance["InstanceType"] == "t3.micro" and tags["cloudapi.label.team"] == "core"
                         and instance["VpcId"] == network["status"]["provider_ref"] and self.peer.is_attached(volume["id"], web["id"]), (web, instance))
        self.checks.that("its metadata is read with tokens only", instance["MetadataOptions"]["HttpTokens"] == "required", instance["MetadataOptions"])
        data = self.peer.ec2.describe_instance_attribute(InstanceId=instance["InstanceId"], Attribute="userData")["UserData"]["Value"]
        self.checks.that("it has its user data", base64.b64decode(data).decode() == USER_DATA, data)
        logs = self.call("GET", "/v1/instances/web/logs?tail=3")
        self.checks.that("logs are the console's last lines", logs.status == 200 and len(logs.json["data"]) == 3, logs)
        metrics = self.call("GET", "/v1/instances/web/metrics")
        self.checks.that("metrics are refused by name", metrics.status == 422 and metrics.json.get("capability") == "instance.metrics", metrics)
        command = self.call("POST", "/v1/instances", {"name": "no", "project_id": self.project, "provider": self.account, "spec": {"image": IMAGE, "command": ["sh"]}})
        self.checks.that("a command is refused by name", command.status == 422 and command.json.get("capability") == "instance.command", command)
        self.change(web, volume)
        self.snapshot(volume)
        self.address(web)
        self.firewall(web, network)
        refused = self.call("DELETE", "/v1/networks/net")
        self.checks.that("a network in use is kept", refused.status == 409 and self.peer.objects(network["id"]) == 1, refused)
        for path in ("instances/web", "volumes/data", "networks/net"):
            self.call("DELETE", f"/v1/{path}?purge=true&wait=60s")
        self.checks.that("everything is deleted at the peer", not self.peer.left(), self.peer.left())

    def change(self, web, volume):
        stopped = self.act("instances/web/actions/stop")
        state = self.peer.instances(web["id"])[0]["State"]["Name"]
        self.checks.that("stop", stopped["status"]["power"] == state == "stopped", (stopped, state))
        started = self.act("instances/web/actions/start")
        self.checks.that("start", started["status"]["power"] == self.peer.instances(web["id"])[0]["State"]["Name"] == "running", started)
        restarted = self.act("instances/web/actions/restart")
        self.checks.that("restart", restarted["status"]["power"] == "running", restarted)
        resized = self.act("instances/web/actions/resize", {"size": "s-8"})
        instance = self.peer.instances(web["id"])[0]
        self.checks.that("resize: stopped, another type, and running again", resized["spec"]["size"] == "s-8" and instance["InstanceType"] == "c6i.xlarge"
                         and instance["State"]["Name"] == "running", (resized, instance["InstanceType"]))
        self.act("volumes/data/actions/resize", {"size_gib": 5})
        self.checks.that("a volume grows", self.peer.volumes(volume["id"])[0]["Size"] == 5, self.peer.volumes(volume["id"]))
        self.act("volumes/data/actions/detach")
        self.checks.that("a volume is detached", not self.peer.volumes(volume["id"])[0]["Attachments"], self.peer.volumes(volume["id"]))
        self.act("volumes/data/actions/attach", {"instance_id": "web", "path": "/data"})
        self.checks.that("and attached", self.peer.is_attached(volume["id"], web["id"]), self.peer.volumes(volume["id"]))

    def snapshot(self, volume):
        taken = self.act("volumes/data/actions/snapshot", {"name": "before", "labels": {"team": "core"}})
        snapshot = taken["operation"]["resource"]["id"]
        there = self.peer.snapshots(snapshot)[0]
        tags = {tag["Key"]: tag["Value"] for tag in there["Tags"]}
        self.checks.that("a snapshot is one of EBS, of a volume that a running instance has", there["VolumeId"] == volume["status"]["provider_ref"]
                         and there["VolumeSize"] == 5 and tags["cloudapi.label.team"] == "core" and tags["cloudapi.resource"] == snapshot, there)
        copy = self.make("volumes", "copy", {"from_snapshot": "before", "size_gib": 7})
        made = self.peer.volumes(copy["id"])[0]
        self.checks.that("a volume is made from it, and larger", made["SnapshotId"] == there["SnapshotId"] and made["Size"] == 7 and made["Encrypted"], made)
        for path in ("snapshots/before", "volumes/copy"):
            self.call("DELETE", f"/v1/{path}?purge=true&wait=60s")
        self.checks.that("and both are deleted", self.peer.objects(snapshot) == self.peer.objects(copy["id"]) == 0, self.peer.snapshots(snapshot))

    def address(self, web):
        front = self.make("ips", "front", {})
        there = self.peer.addresses(front["id"])[0]
        self.checks.that("an address is an Elastic IP", front["status"]["addresses"] == [{"type": "public", "ip": there["PublicIp"]}], (front, there))
        for capability, spec in (("ip.ipv6", {"family": "ipv6"}), ("ip.reverse_dns", {"reverse_dns": "www.example.com"})):
            refused = self.call("POST", "/v1/ips", {"name": "no", "project_id": self.project, "provider": self.account, "spec": spec})
            self.checks.that(f"{capability} is refused by name", refused.status == 422 and refused.json.get("capability") == capability, refused)
        self.act("ips/front/actions/attach", {"instance_id": "web"})
        seen = self.call("GET", "/v1/instances/web").json
        self.checks.that("it is given to an instance", self.peer.is_attached(front["id"], web["id"])
                         and {"type": "public", "ip": there["PublicIp"]} in seen["status"]["addresses"], seen["status"])
        self.make("ips", "second", {})
        second = self.call("POST", "/v1/instances/web/actions/attach-ip?wait=60s", {"ip_id": "second"})
        self.checks.that("a second one does not take the first away", second.json["operation"]["error"]["code"] == "provider_rejected"
                         and self.peer.is_attached(front["id"], web["id"]), second)
        self.act("ips/front/actions/detach")
        self.checks.that("and taken from it", not self.peer.is_attached(front["id"], web["id"]), self.peer.addresses(front["id"]))
        for name in ("front", "second"):
            self.call("DELETE", f"/v1/ips/{name}?purge=true&wait=60s")
        self.checks.that("and given back", self.peer.objects(front["id"]) == 0, self.peer.addresses(front["id"]))

    def firewall(self, web, network):
        rules = [{"direction": "ingress", "protocol": "tcp", "ports": ["443", "8000-8100"], "cidrs": ["0.0.0.0/0", "2001:db8::/32"]}]
        made = self.make("firewalls", "edge", {"rules": rules, "apply_to": {"ids": ["web"]}})
        groups, vpc = self.peer.groups(made["id"]), network["status"]["provider_ref"]
        self.checks.that("a firewall is a security group, and one in the VPC of each instance", len(groups) == 2 and groups[1]["VpcId"] == vpc
                         and groups[0]["GroupId"] == made["status"]["provider_ref"], groups)
        self.checks.that("with its rules in both", all(self.open_ports(group["IpPermissions"]) == {
            (443, 443, "0.0.0.0/0"), (443, 443, "2001:db8::/32"), (8000, 8100, "0.0.0.0/0"), (8000, 8100, "2001:db8::/32")} for group in groups), groups)
        self.checks.that("behind which the instance is, and behind nothing else", self.groups_of(web) == [groups[1]["GroupId"]], self.groups_of(web))
        change = {"spec": {"rules": [{"direction": "egress", "protocol": "all", "cidrs": ["10.0.0.0/8"]}]}}
        changed = self.call("PATCH", "/v1/firewalls/edge?wait=60s", change)
        self.checks.that("rules are changed, and what goes out is shut", changed.json["operation"]["state"] == "succeeded" and all(
            not group["IpPermissions"] and self.open_ports(group["IpPermissionsEgress"]) == {(None, None, "10.0.0.0/8")}
            for group in self.peer.groups(made["id"])), self.peer.groups(made["id"]))
        self.call("PATCH", "/v1/firewalls/edge?wait=60s", {"spec": {"apply_to": {"ids": []}}})
        standard = self.peer.ec2.describe_security_groups(Filters=[
            {"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}])["SecurityGroups"][0]["GroupId"]
        self.checks.that("taken away, the instance is back in its VPC's own group", self.groups_of(web) == [standard], self.groups_of(web))
        self.checks.that("and the group in that VPC is gone", len(self.peer.groups(made["id"])) == 1, self.peer.groups(made["id"]))
        self.call("PATCH", "/v1/firewalls/edge?wait=60s", {"spec": {"apply_to": {"ids": ["web"]}}})
        self.call("DELETE", "/v1/firewalls/edge?purge=true&wait=60s")
        self.checks.that("deleted before an instance that runs", not self.peer.groups(made["id"]) and self.groups_of(web) == [standard],
                         (self.peer.groups(made["id"]), self.groups_of(web)))

    def groups_of(self, web):
        return [group["GroupId"] for group in self.peer.instances(web["id"])[0]["SecurityGroups"]]

    @staticmethod
    def open_ports(permissions):
        return {(each.get("FromPort"), each.get("ToPort"), peer.get("CidrIp") or peer.get("CidrIpv6"))
                for each in permissions for peer in each["IpRanges"] + each["Ipv6Ranges"]}

    def stopped(self):
        made = self.make("instances", "still", {"size": "n-1", "image": IMAGE, "power": "stopped"})
        state = self.peer.instances(made["id"])[0]["State"]["Name"]
        self.checks.that("an instance that is wanted stopped is stopped once it was made", made["status"]["power"] == state == "stopped", (made, state))
        ghost = self.call("POST", "/v1/instances?wait=60s", {
            "name": "ghost", "project_id": self.project, "provider": self.account, "spec": {"image": "ami-00000000000000000"}})
        self.checks.that("an image that is not there: the create has failed and made nothing", ghost.status == 201
                         and ghost.json["operation"]["error"]["code"] == "provider_rejected" and self.peer.objects(ghost.json["id"]) == 0, ghost)
        for name in ("still", "ghost"):
            self.call("DELETE", f"/v1/instances/{name}?purge=true&wait=60s")


def main(suite=Life, description=__doc__):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    options = parser.parse_args()
    within_venv("boto3")
    checks = Checks()
    with workspace() as folder:
        life = suite(options.binary, folder, checks)
        with life.server:
            life.run()
    return checks.ended()


if __name__ == "__main__":
    sys.exit(main())
