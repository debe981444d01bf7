"""A server of its own with one connection to one real peer: what the suites on peers share."""
import contextlib
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Durability"))

from peer import Peer  # noqa: E402
from server import Server, init  # noqa: E402

IMAGES = {"docker": "cp-busybox:1", "podman": "cp-busybox:latest"}
CAN_RESIZE = {"docker": True, "podman": False}
SERVE = ["sh", "-c", "trap 'echo bye; exit 0' TERM; echo started; i=0; while :; do i=$((i+1)); echo line $i; sleep 1 & wait $!; done"]


class Provisioned:
    """One server with one connection to one peer."""

    # What it may speak to beside the peer.
    egress = ""

    def __init__(self, binary, home, name, folder, checks, endpoint=None):
        """`endpoint` is where the server looks for the peer, when not at its own socket."""
        self.binary, self.name, self.home, self.said = binary, name, Path(home) / name, checks
        self.peer = Peer(f"unix://{self.home}/{name}.sock")
        self.endpoint = endpoint or self.peer.endpoint
        self.data = folder / "data"
        made = init(binary, self.data)
        self.made = made
        self.key, self.project_key, self.project = made["api_key"], made["project_key"], made["project_id"]
        opened = ",".join(filter(None, [f"unix:{self.endpoint.removeprefix('unix://')}", self.egress]))
        self.server = Server(binary, self.data, folder / "server.log", {"CLOUDAPI_ALLOW_EGRESS": opened}).start()

    def call(self, method, path, body=None):
        with contextlib.closing(self.server.client(self.key, timeout=90)) as client:
            return client.call(method, path, body)

    def check(self, name, holds, seen=""):
        return self.said.that(f"{self.name}: {name}", holds, seen)

    def make(self, collection, name, spec, wait="60s"):
        answer = self.call("POST", f"/v1/{collection}?wait={wait}", {"name": name, "project_id": self.project, "spec": spec})
        if answer.status != 201:
            raise RuntimeError(f"{collection} {name}: {answer}")
        return answer.json

    def instance(self, name, wait="60s", command=SERVE, **spec):
        return self.make("instances", name, {"size": "n-1", "image": IMAGES[self.name], "command": command} | spec, wait)

    def act(self, path, body=None):
        return self.call("POST", f"/v1/{path}?wait=60s", body)

    def until(self, path, holds, within=60):
        """The resource once the condition holds; as it was last when it never does."""
        deadline = time.monotonic() + within
        while True:
            seen = self.call("GET", path).json
            if holds(seen) or time.monotonic() > deadline:
                return seen
            time.sleep(0.1)

    def connect(self):
        made = self.call("POST", "/v1/connections", {"name": self.name, "provider": "docker", "settings": {"endpoint": self.endpoint}})
        features = made.json["capabilities"]["features"] if made.status == 201 and made.json["capabilities"] else []
        self.check("connects and says what the peer can do",
                   made.status == 201 and made.json["state"] == "connected" and {"instances", "volumes", "networks"} <= set(features)
                   and ("instance.resize" in features) == CAN_RESIZE[self.name], made)

    def act_delete(self, path, query="purge=true"):
        answer = self.call("DELETE", f"/v1/{path}?{query}&wait=60s")
        if answer.status not in (200, 202) or answer.status == 202 and answer.json["operation"]["state"] != "succeeded":
            self.check(f"{path} is deleted", False, self.halted_at(answer.json["operation"]["id"]) if answer.status == 202 else answer)
        return answer

    def halted_at(self, operation):
        """Where an operation stands, and what its steps ran into."""
        seen = self.call("GET", f"/v1/operations/{operation}").json
        return (seen["state"], seen["queue_position"], seen["next_attempt_at"],
                [(step["name"], step["state"], step["attempt"], step["trouble"]) for step in seen["steps"]])
