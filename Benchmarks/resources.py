"""The figures of resources for bench.py: admission, lists, memory, and create → running against the provider's own API."""
import http.client
import json
import socket
import statistics
import time

import load
import machine

LARGE, SMALL = 10_000, 100


def measure(bench, ours):
    """On a server of its own."""
    figures = Resources(bench, ours)
    figures.admission()
    figures.lists()
    figures.memory()
    if bench.options.docker:
        figures.docker(bench.options.docker, bench.options.docker_image)


class Resources:
    def __init__(self, bench, ours):
        self.bench, self.ours, self.table = bench, ours, bench.table
        self.projects = {name: self.post("/v1/projects", {"name": name})["id"] for name in ("small", "large")}
        # As slow as a cloud, so that the work behind the admissions is what it is there: so many at a time.
        self.slow = self.connection("slow", {})
        self.quick = self.connection("quick", {"latency_ms": 0})
        self.put("/v1/quotas/instances", {"account_id": self.account(), "limit": 1_000_000})
        self.put("/v1/quotas/milli_cpus", {"account_id": self.account(), "limit": 1_000_000_000})
        self.put("/v1/quotas/memory_mib", {"account_id": self.account(), "limit": 1_000_000_000})

    def call(self, method, path, body=None):
        with self.ours.client(self.ours.token) as client:
            return client.call(method, path, body)

    def post(self, path, body):
        made = self.call("POST", path, body)
        assert made.status in (200, 201, 202), made
        return made.json

    def put(self, path, body):
        made = self.call("PUT", path, body)
        assert made.status == 200, made

    def account(self):
        return self.call("GET", "/v1/accounts").json["items"][0]["id"]

    def connection(self, name, settings):
        return self.post("/v1/connections", {"name": name, "provider": "simulator", "settings": settings})["id"]

    def admit(self, project, connection, seconds):
        return load.measured(self.ours, "admit.lua", self.ours.token, seconds, 64, 2,
                             {"PROJECT": self.projects[project], "CONNECTION": connection})

    def admission(self):
        """A create on the simulator — durable, priced, quota taken, audited — in turns with the core's durable write."""
        writes, admissions = [], []
        for _ in range(self.bench.rounds):
            writes.append(load.write(self.ours, self.ours.token, self.bench.seconds))
            admissions.append(self.admit("large", self.slow, self.bench.seconds))
        ratio = statistics.median(a.rate / w.rate for a, w in zip(admissions, writes))
        middle = lambda runs, field: statistics.median(getattr(run, field) for run in runs)
        self.table.add("admission of an instance, 64 connections",
                       f"{middle(admissions, 'rate'):,.0f}/s = {ratio:.2f} × the durable write ({middle(writes, 'rate'):,.0f}/s), "
                       f"{middle(admissions, 'cpu'):.0f} µs CPU", "≥ 0.5 ×", ratio >= 0.5)

    def count(self, project):
        """All pages, as a client would."""
        count, cursor = 0, ""
        while True:
            page = self.call("GET", f"/v1/instances?project_id={self.projects[project]}&limit=100{cursor}").json
            count += len(page["data"])
            if not page["next_cursor"]:
                return count
            cursor = "&cursor=" + page["next_cursor"]

    def fill(self, project, wanted):
        with self.ours.client(self.ours.token) as client:
            for number in range(max(0, wanted - self.count(project))):
                made = client.call("POST", "/v1/instances", {
                    "name": f"f-{number}", "project_id": self.projects[project], "provider": self.quick, "spec": {"size": "n-1"}})
                assert made.status == 201, made

    def lists(self):
        self.fill("small", SMALL)
        if self.count("large") < LARGE:
            self.fill("large", LARGE)
        took = {name: [] for name in self.projects}
        with self.ours.client(self.ours.token) as client:
            for _ in range(100):
                for name, project in self.projects.items():
                    begun = time.perf_counter()
                    page = client.call("GET", f"/v1/instances?project_id={project}&limit=100")
                    took[name].append(time.perf_counter() - begun)
                    assert len(page.json["data"]) == 100, page
        small, large = (statistics.median(took[name]) for name in ("small", "large"))
        self.table.add(f"list of 100, {self.count('large'):,} resources against {SMALL}", f"{large / small:.2f} × ({large * 1000:.1f} ms against {small * 1000:.1f} ms)",
                       "≤ 2 ×", large <= 2 * small)

    def memory(self):
        resident = machine.resident(self.ours.pid)
        self.table.add(f"memory with {self.count('large') + SMALL:,} resources", f"{resident:.0f} MB resident", "≤ 250 MB", resident <= 250)

    # create → running on a real provider

    def docker(self, endpoint, image, times=15):
        peer = Peer(endpoint.removeprefix("unix://"), image)
        connection = self.post("/v1/connections", {"name": "docker", "provider": "docker", "settings": {"endpoint": endpoint}})["id"]
        ours, direct = [], []
        for number in range(times):
            direct.append(peer.create(f"direct-{number}"))
            begun = time.perf_counter()
            made = self.post("/v1/instances?wait=60s", {"name": f"d-{number}", "project_id": self.projects["small"], "provider": connection,
                                                        "spec": {"size": "n-1", "image": image, "command": peer.command}})
            ours.append(time.perf_counter() - begun)
            assert made["status"]["power"] == "running", made
            self.call("DELETE", f"/v1/instances/{made['id']}?purge=true&wait=30s")
        ratio = statistics.median(ours) / statistics.median(direct)
        self.table.add("create → running on Docker, against the same calls to its socket",
                       f"{ratio:.2f} × ({statistics.median(ours) * 1000:.0f} ms against {statistics.median(direct) * 1000:.0f} ms)", "≤ 1.3 ×", ratio <= 1.3)


class Peer:
    """The Docker Engine API, called as directly as can be."""
    command = ["sh", "-c", "trap exit TERM; while :; do sleep 0.1; done"]

    def __init__(self, path, image):
        self.path, self.image = path, image

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection("docker")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(self.path)
        connection.request(method, "/v1.41" + path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        assert answer.status < 300, (path, answer.status, data)
        return json.loads(data) if data else None

    def create(self, name):
        """Create, start and look, timed; then removed."""
        begun = time.perf_counter()
        made = self.call("POST", f"/containers/create?name={name}", {
            "Image": self.image, "Cmd": self.command,
            "HostConfig": {"NanoCpus": 250_000_000, "Memory": 256 << 20, "MemorySwap": 256 << 20, "PidsLimit": 1024, "SecurityOpt": ["no-new-privileges"]}})
        self.call("POST", f"/containers/{made['Id']}/start")
        assert self.call("GET", f"/containers/{made['Id']}/json")["State"]["Running"]
        took = time.perf_counter() - begun
        self.call("DELETE", f"/containers/{made['Id']}?force=true&v=true")
        return took
