#!/usr/bin/env python3
"""Three servers on one PostgreSQL, load on all of them, and again and again one is killed (-9): now and then the one that does the background work.

    servers.py --binary .build/debug/cloudapi [--rounds 4] [--seconds 130]

Looked at, while it lasts and afterwards:

  1. every acknowledged write is there once, on every server; a write that was cut off is retried with its key, at another server;
  2. every event of the load reaches the webhook at least once, whoever has died;
  3. operations begun at any server come to an end, each once, and `?wait=` is answered wherever it was asked;
  4. one Idempotency-Key sent to all servers at once is one write;
  5. a key revoked at one server is refused by the next request at the others; a listener at one hears of what is done at another; a look at a
     resource, and another attempt at a delivery, come at once wherever they are asked for;
  6. a rate limit holds over all: never more than N in 60 s, and nearly N when all are asked for more;
  7. the audit chains verify.
"""
import argparse
import contextlib
import http.client
import random
import sys
import threading
import time
import uuid

from cluster import Cluster
from postgres import Postgres
from server import HOST, every, workspace

SERVERS = 3


class Trial(Cluster):
    def run(self):
        self.begin()
        self.revocation()
        self.one_key_everywhere()
        self.listening()
        self.looking()
        self.retrying()
        self.under_load(self.kills)
        self.afterwards()

    def kills(self):
        begun = time.monotonic()
        time.sleep(5)
        for number in range(self.options.rounds):
            self.kill(number)
        while time.monotonic() < begun + self.options.seconds:
            time.sleep(0.5)

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

    def looking(self):
        """One of the servers looks at what providers have, once a minute or less; it is asked for at each of them."""
        with self.client(0, self.credentials["test_api_key"], timeout=40) as client:
            made = client.call("POST", "/v1/instances?wait=30s", {"name": "looked-at", "project_id": self.credentials["project_id"], "spec": {"size": "n-1"}})
        path, delays = f"/v1/instances/{made.json['id']}", []
        for number in [*range(SERVERS)] * 3:
            with self.client(number, self.credentials["test_api_key"]) as client:
                last = client.call("GET", path).json["status"]["last_synced_at"]
                begun = time.monotonic()
                assert client.call("POST", f"{path}/actions/refresh").status == 202
                while client.call("GET", path).json["status"]["last_synced_at"] == last and time.monotonic() < begun + 10:
                    time.sleep(0.02)
                delays.append(time.monotonic() - begun)
        self.that(f"a look at a resource comes within two seconds, whichever server is asked (median {sorted(delays)[4] * 1000:.0f} ms, most {max(delays) * 1000:.0f} ms)", max(delays) < 2, delays)

    def retrying(self):
        """One of them sends webhooks; without a word of what is due it would look every five seconds."""
        delays = []
        for number in [*range(SERVERS)] * 2:
            with self.client(number) as client:
                delivery = client.call("GET", f"/v1/webhooks/{self.webhook}/deliveries?state=delivered&limit=1").json["data"][0]
                before = len(self.receiver.heard[delivery["event_id"]])
                begun = time.monotonic()
                assert client.call("POST", f"/v1/deliveries/{delivery['id']}/retry").status == 202
                while len(self.receiver.heard[delivery["event_id"]]) == before and time.monotonic() < begun + 10:
                    time.sleep(0.02)
                delays.append(time.monotonic() - begun)
        self.that(f"and another attempt at a delivery (median {sorted(delays)[3] * 1000:.0f} ms, most {max(delays) * 1000:.0f} ms)", max(delays) < 2, delays)

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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--rounds", type=int, default=4, help="how often a server is killed")
    parser.add_argument("--seconds", type=float, default=130, help="how long the load lasts; the limit needs two minutes to be judged from below")
    options = parser.parse_args()
    with workspace() as folder, Postgres() as postgres:
        environment = {"CLOUDAPI_DATABASE": postgres.database("shared"), "CLOUDAPI_ALLOW_EGRESS": "127.0.0.0/8"}
        trial = Trial(options, folder, postgres, [environment] * SERVERS)
        with contextlib.ExitStack() as stack:
            for server in trial.servers:
                stack.enter_context(server)
            trial.run()
        return trial.ended()


if __name__ == "__main__":
    sys.exit(main())
