"""A real peer, asked itself over its unix socket: what it has of ours, and how it was made."""
import contextlib
import http.client
import json
import socket
import urllib.parse

VERSION = "/v1.41"


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=30):
        super().__init__("docker", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Peer:
    def __init__(self, endpoint):
        self.endpoint, self.path = endpoint, endpoint.removeprefix("unix://")

    def read(self, path):
        with contextlib.closing(UnixConnection(self.path)) as connection:
            connection.request("GET", VERSION + path)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"GET {path}: {answer.status} {body[:300]!r}")
            return json.loads(body)

    @staticmethod
    def labelled(label):
        return "filters=" + urllib.parse.quote(json.dumps({"label": [label]}))

    def containers(self, label="cloudapi.installation"):
        return [entry["Id"] for entry in self.read(f"/containers/json?all=true&{self.labelled(label)}")]

    def volumes(self, label="cloudapi.installation"):
        return [entry["Name"] for entry in self.read(f"/volumes?{self.labelled(label)}")["Volumes"] or []]

    def networks(self, label="cloudapi.installation"):
        return [entry["Name"] for entry in self.read(f"/networks?{self.labelled(label)}")]

    def ours(self):
        """How many containers, volumes and networks carry our labels."""
        return len(self.containers()), len(self.volumes()), len(self.networks())

    def objects(self, resource):
        """How many objects of one of our resources there are, of its kind."""
        listed = {"inst": self.containers, "vol": self.volumes, "net": self.networks}[resource.split("_")[0]]
        return len(listed(f"cloudapi.resource={resource}"))

    def is_attached(self, resource, instance):
        """Whether an instance has that volume or is on that network."""
        container, name = self.container(instance), f"cloudapi-{resource.replace('_', '-')}"
        return name in container["NetworkSettings"]["Networks"] or name in [mount.get("Name") for mount in container["Mounts"]]

    def container(self, resource):
        """The container of one of our instances, as the peer inspects it; there must be exactly one."""
        found = self.containers(f"cloudapi.resource={resource}")
        if len(found) != 1:
            raise RuntimeError(f"the peer has {len(found)} containers of {resource}")
        return self.read(f"/containers/{found[0]}/json")

    def privileges(self, resource):
        """What a container has that ours must never have; empty when all is well."""
        container = self.container(resource)
        host, found = container["HostConfig"], []
        if host["Privileged"]:
            found.append("privileged")
        found += [name for name in ("Binds", "Devices", "CapAdd", "DeviceRequests", "DeviceCgroupRules", "VolumesFrom") if self.given(name, host, container)]
        found += [f"{name} {host.get(name)}" for name in ("NetworkMode", "PidMode", "IpcMode", "UTSMode", "UsernsMode", "CgroupnsMode")
                  if "host" in (host.get(name) or "")]
        found += [f"a mount of {mount['Source']}" for mount in container["Mounts"] if mount["Type"] != "volume"]
        if "no-new-privileges" not in " ".join(host.get("SecurityOpt") or []):
            found.append("new privileges")
        return found

    @staticmethod
    def given(name, host, container):
        """podman lists mounted volumes among its binds; those that name a path of the host are meant."""
        values = host.get(name) or []
        return [value for value in values if name != "Binds" or str(value).startswith("/")]
