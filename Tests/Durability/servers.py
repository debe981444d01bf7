#!/usr/bin/env python3
"""Three servers on one PostgreSQL, load on all of them, and again and again one is killed (-9): now and then the one that does the background work.

    servers.py --binary .build/debug/cloudapi [--rounds 4] [--seconds 130]

Looked at, while it lasts and afterwards:

  1. every acknowledged write is there once, on every server; a write that was cut off is retried with its key, at another server;
  2. every event of the load reaches the webhook at least once, whoever has died;
  3. operations begun at any server come to an end, each once, and `?wait=` is answered wherever it was asked;
  4. one Idempotency-Key sent to all servers at once is one write;
  5. a key revoked at one server is refused by the next request at the others; a listener at one hears of what is done at another;
  6. a rate limit holds over all: never more than N in 60 s, and nearly N when all are asked for more;
  7. the audit chains verify.
"""
import argparse
import contextlib
import http.client
import http.server
import json
import random
import shutil
import sys
import threading
import time
import uuid

from postgres import Postgres
from server import HOST, Checks, Client, Server, every, init, run, workspace

SERVERS = 3
LIMIT = 300
TROUBLE = (OSError, http.client.HTTPException)


class Receiver:
    """Where webhooks arrive; answers 503 now and then to what comes for the first time, so that some are sent again, five seconds later."""

    def __init__(self):
        self.heard, self.refused, self.lock = {}, set(), threading.Lock()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                name = self.headers["webhook-id"]
                with receiver.lock:
                    fails = random.random() < 0.02 and name not in receiver.refused
                    if fails:
                        receiver.refused.add(name)
                    else:
                        receiver.heard.setdefault(name, []).append(json.loads(body))
                self.send_response(503 if fails else 204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((HOST, 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://{HOST}:{self.server.server_address[1]}/hook"

    def subjects(self):
        with self.lock:
            return {message["subject"] for messages in self.heard.values() for message in messages}


class Trial(Checks):
    def __init__(self, options, folder, postgres):
        self.options, self.folder, self.postgres = options, folder, postgres
        self.environment = {"CLOUDAPI_DATABASE": postgres.database("shared"), "CLOUDAPI_ALLOW_EGRESS": "127.0.0.0/8"}
        self.credentials = init(options.binary, folder / "data0", self.environment)
        for number in range(1, SERVERS):
            (folder / f"data{number}").mkdir(mode=0o700)
            shutil.copy2(folder / "data0" / "key", folder / f"data{number}" / "key")
        self.servers = [Server(options.binary, folder / f"data{number}", folder / f"server{number}.log", self.environment) for number in range(SERVERS)]
        self.receiver = Receiver()
        self.over, self.lock = threading.Event(), threading.Lock()
        self.writes, self.instances, self.admitted, self.asked, self.faults = [], [], [], 0, []

    def client(self, number, token=None, timeout=30):
        return Client(self.servers[number].port, token or self.credentials["api_key"], timeout)

    def run(self):
        for server in self.servers:
            server.start()
        with self.client(0) as client:
            made = client.call("POST", "/v1/webhooks", {"url": self.receiver.url, "events": ["project.created"]})
            self.that("a webhook is made", made.status == 201, made)
            self.first = {project["id"] for project in every(client, "/v1/projects")}
            with self.client(0, self.credentials["session_token"]) as admin:
                limited = admin.call("POST", "/v1/api-keys", {"name": "limited", "scope": ["read:projects"], "mode": "live", "rate_limit_per_minute": LIMIT})
            self.that("a limited key is made", limited.status == 201, limited)
            self.limited = limited.json["key"]
        self.revocation()
        self.one_key_everywhere()
        self.listening()
        threads = [threading.Thread(target=self.load, args=(number, worker)) for number in range(SERVERS) for worker in range(3)]
        threads += [threading.Thread(target=self.operate, args=(number,)) for number in range(SERVERS)]
        threads += [threading.Thread(target=self.press, args=(number,)) for number in range(SERVERS) for _ in range(2)]
        begun = time.monotonic()
        for thread in threads:
            thread.start()
        time.sleep(5)
        for number in range(self.options.rounds):
            self.kill(number)
        while time.monotonic() < begun + self.options.seconds:
            time.sleep(0.5)
        self.over.set()
        for thread in threads:
            thread.join()
        self.afterwards()

    # in the quiet

    def revocation(self):
        refused = 0
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(self.client(number)) for number in range(SERVERS)]
            for round in range(20):
                key = clients[0].call("POST", "/v1/api-keys", {"name": f"short {round}", "scope": ["read:projects"]}).json
                others = [stack.enter_context(self.client(number, key["key"])) for number in range(SERVERS)]
                assert all(other.call("GET", "/v1/ping").status == 200 for other in others)
                clients[round % SERVERS].call("DELETE", f"/v1/api-keys/{key['key_id']}")
                refused += all(other.call("GET", "/v1/ping").status == 401 for other in others)
        self.that("a key that was revoked at one server is refused by the next request at every other", refused == 20, refused)

    def one_key_everywhere(self):
        answers, replayed = [], 0
        for round in range(20):
            key, found = str(uuid.uuid4()), []

            def send(number):
                with self.client(number) as client:
                    found.append(client.call("POST", "/v1/projects", {"name": f"once {round}"}, {"Idempotency-Key": key}))

            threads = [threading.Thread(target=send, args=(number,)) for number in range(SERVERS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            answers.append(len(found) == SERVERS and {reply.status for reply in found} == {201} and len({reply.body for reply in found}) == 1)
            replayed += sum(reply.headers.get("idempotent-replayed") == "true" for reply in found)
        with self.client(1) as client:
            names = [project["name"] for project in every(client, "/v1/projects")]
        self.that("one key sent to all servers at once is one write, and one answer", all(answers) and replayed == 20 * (SERVERS - 1)
                  and all(names.count(f"once {round}") == 1 for round in range(20)), (answers, replayed))

    def listening(self):
        connection = http.client.HTTPConnection(HOST, self.servers[2].port, timeout=10)
        connection.request("GET", "/v1/events?type=project.created", headers={"Accept": "text/event-stream", "Authorization": f"Bearer {self.credentials['api_key']}"})
        stream, delays = connection.getresponse(), []
        time.sleep(0.5)
        with self.client(0) as client:
            for number in range(10):
                begun = time.monotonic()
                client.call("POST", "/v1/projects", {"name": f"heard {number}"})
                while f'"heard {number}"'.encode() not in (line := stream.readline()) and line:
                    pass
                delays.append(time.monotonic() - begun)
        connection.close()
        self.that(f"a listener at another server hears of it within a second (median {sorted(delays)[5] * 1000:.0f} ms, most {max(delays) * 1000:.0f} ms)", max(delays) < 1.2, delays)

    # the load

    def load(self, number, worker):
        """Writes, each with a key; what is cut off goes to another server."""
        count, at, client = 0, number, None
        while not self.over.is_set():
            write = {"name": f"s{number}-w{worker}-{count}", "key": str(uuid.uuid4()), "answer": None}
            count += 1
            while write["answer"] is None and not self.over.is_set():
                try:
                    client = client or self.client(at, timeout=15)
                    reply = client.call("POST", "/v1/projects", {"name": write["name"]}, {"Idempotency-Key": write["key"]})
                    if reply.status == 201:
                        write["answer"] = reply.body
                    elif reply.status not in (409, 503):
                        self.fault(f"a write was answered {reply}")
                        break
                except TROUBLE:
                    client, at = None, (at + 1) % SERVERS
                    time.sleep(0.05)
            with self.lock:
                self.writes.append(write)
            time.sleep(0.05)

    def operate(self, number):
        """Instances in the sandbox, waited for where they were asked for."""
        count = 0
        while not self.over.is_set():
            name, at = f"i{number}-{count}", number
            count += 1
            body, key = {"name": name, "project_id": self.credentials["project_id"], "spec": {"size": "n-1"}}, str(uuid.uuid4())
            while not self.over.is_set():
                try:
                    with self.client(at, self.credentials["test_api_key"], timeout=40) as client:
                        begun = time.monotonic()
                        reply = client.call("POST", "/v1/instances?wait=30s", body, {"Idempotency-Key": key})
                    if reply.status == 201:
                        with self.lock:
                            self.instances.append((name, reply.json["id"], time.monotonic() - begun))
                        break
                    if reply.status not in (409, 503):
                        self.fault(f"an instance was answered {reply}")
                        break
                except TROUBLE:
                    at = (at + 1) % SERVERS
                time.sleep(0.1)
            time.sleep(1)

    def press(self, number):
        """Asks for more than the limit; notes when what was admitted was sent and answered."""
        client, at = None, number
        while not self.over.is_set():
            try:
                client = client or self.client(at, self.limited, timeout=15)
                sent = time.monotonic()
                reply = client.call("GET", "/v1/ping")
                with self.lock:
                    self.asked += 1
                    if reply.status == 200:
                        self.admitted.append((sent, time.monotonic()))
                if reply.status not in (200, 429, 503):
                    self.fault(f"a ping was answered {reply}")
            except TROUBLE:
                client, at = None, (at + 1) % SERVERS
            time.sleep(0.03)

    def kill(self, round):
        leader = self.leader()
        number = leader if round % 2 == 0 and leader is not None else random.randrange(SERVERS)
        self.servers[number].kill()
        begun = time.monotonic()
        if number == leader:
            while self.leader(besides=number) is None and time.monotonic() < begun + 40:
                time.sleep(0.2)
            self.that(f"round {round}: killed the one that did the background work; another took it over after {time.monotonic() - begun:.1f} s", time.monotonic() - begun < 20)
        else:
            time.sleep(3)
            self.that(f"round {round}: killed another", True)
        self.servers[number].start()
        time.sleep(3)

    def leader(self, besides=None):
        """The server whose log says last that it does the work and not that it no longer does."""
        row = self.postgres.sql("SELECT epoch FROM leases WHERE name = 'background' AND ends_at > EXTRACT(EPOCH FROM clock_timestamp()) * 1000", "shared")
        for number, server in enumerate(self.servers):
            if row and number != besides and f"epoch={row}" in server.log.read_text(errors="replace"):
                return number
        return None

    def fault(self, text):
        with self.lock:
            self.faults.append(text)

    # afterwards

    def afterwards(self):
        open_ends = [write for write in self.writes if write["answer"] is None]
        with self.client(1) as client:
            for write in open_ends:
                reply = client.call("POST", "/v1/projects", {"name": write["name"]}, {"Idempotency-Key": write["key"]})
                write["answer"] = reply.body if reply.status == 201 else None
        self.that("nothing was answered that should not be", not self.faults, self.faults[:3])
        wanted = {json.loads(write["answer"])["id"]: write["name"] for write in self.writes if write["answer"]}
        self.that(f"every write has an answer: {len(wanted)} of {len(self.writes)}", len(wanted) == len(self.writes))
        lists = []
        for number in range(SERVERS):
            with self.client(number) as client:
                lists.append([(p["id"], p["name"]) for p in every(client, "/v1/projects") if p["id"] not in self.first and p["name"].startswith("s")])
        self.that("all servers list the same", all(sorted(found) == sorted(lists[0]) for found in lists))
        self.that("every acknowledged write is there once, and nothing else", sorted(lists[0]) == sorted(wanted.items()), (len(lists[0]), len(wanted)))
        deadline = time.monotonic() + 90
        while (missing := set(wanted) - self.receiver.subjects()) and time.monotonic() < deadline:
            time.sleep(0.5)
        total = sum(len(found) for found in self.receiver.heard.values())
        self.that(f"every one reached the webhook: {len(self.receiver.heard)} messages, {total} times", not missing, (len(missing), sorted(missing)[:2], list(self.receiver.heard.values())[:1]))
        self.limits()
        self.operations()
        for server in self.servers:
            self.that("a server stops gracefully", server.stop() == 0, server.tail())
        verified = run([self.options.binary, "audit", "verify", "--data", self.folder / "data0", "--json"], self.environment)
        rows = sum(chain["rows"] for chain in json.loads(verified.stdout)["chains"]) if verified.returncode == 0 else 0
        self.that(f"the chains verify: {rows} rows", verified.returncode == 0, verified.stdout + verified.stderr)

    def limits(self):
        admitted = sorted(self.admitted)
        most, first = 0, 0
        # What was sent after a moment and answered before 60 s later was surely admitted between them.
        for sent, _ in admitted:
            most = max(most, sum(1 for other in admitted if other[0] >= sent and other[1] <= sent + 60))
        begun, ended = admitted[0][0], admitted[-1][1]
        windows = [sum(1 for sent, answered in admitted if answered >= moment and sent <= moment + 60) for moment in (begun + 60 + step * 2 for step in range(int(max(0, ended - begun - 120) / 2) + 1))]
        self.that(f"of {self.asked} requests with the limited key, never more than {LIMIT} in 60 s were admitted: {most}", most <= LIMIT)
        if ended - begun >= 118:
            # Servers that live admit 95 in 100, which the tests of the shared limiter ask of them. One that is killed takes the places it held with it.
            self.that(f"and, servers being killed meanwhile, never less than 90 in 100 of it in a minute after the first: {min(windows)}", min(windows) >= LIMIT * 0.9, windows)

    def operations(self):
        deadline = time.monotonic() + 60
        with self.client(0, self.credentials["test_api_key"]) as client:
            while True:
                states = {name: client.call("GET", f"/v1/instances/{identity}").json["status"]["phase"] for name, identity, _ in self.instances}
                if all(phase == "ready" for phase in states.values()) or time.monotonic() > deadline:
                    break
                time.sleep(1)
            listed = [instance["name"] for instance in every(client, "/v1/instances")]
        slow = sorted(took for _, _, took in self.instances)
        self.that(f"every operation came to an end: {len(states)} instances, waits of {slow[0]:.2f} to {slow[-1]:.2f} s, median {slow[len(slow) // 2]:.2f}", all(phase == "ready" for phase in states.values()), states)
        self.that("each instance is there once", all(listed.count(name) == 1 for name in states))
        objects = self.postgres.sql("SELECT COUNT(*) - COUNT(DISTINCT resource) FROM operations WHERE type = 'create' AND state = 'succeeded'", "shared")
        self.that("each was made by one operation", objects == "0", objects)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--rounds", type=int, default=4, help="how often a server is killed")
    parser.add_argument("--seconds", type=float, default=130, help="how long the load lasts; the limit needs two minutes to be judged from below")
    options = parser.parse_args()
    with workspace() as folder, Postgres() as postgres:
        trial = Trial(options, folder, postgres)
        with contextlib.ExitStack() as stack:
            for server in trial.servers:
                stack.enter_context(server)
            trial.run()
        return trial.ended()


if __name__ == "__main__":
    sys.exit(main())
