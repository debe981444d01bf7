#!/usr/bin/env python3
"""Webhooks as those see them who receive them: every delivery of the real binary is judged by the libraries receivers use.

    webhooks.py --binary .build/debug/cloudapi [--storm 12] [--keep folder]

Two independent libraries, PyPI's `standardwebhooks` and `svix`, verify deliveries: plain ones, ones signed with two secrets while a rotation
lasts, and refuse a body with one byte changed and a timestamp 301 s old. Then a storm of changes, through which the server is killed with
SIGKILL again and again: of three endpoints the healthy one must get every event of the log at least once, always under the same id and
with the same bytes; the one that fails half the time too; and the dead one is disabled, and gets everything once it is enabled again.
"""
import argparse
import contextlib
import datetime
import http.client
import http.server
import json
import sqlite3
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "Durability"))
from server import HOST, Checks, Server, audit, init, within_venv, workspace

within_venv("standardwebhooks>=1,<2", "svix>=1,<2")

import standardwebhooks
import svix

LIBRARIES = {"standardwebhooks": standardwebhooks.Webhook, "svix": svix.Webhook}


class Letter:
    def __init__(self, headers, body):
        self.headers, self.body, self.at = headers, body, time.time()
        self.id = headers["webhook-id"]


class Receiver:
    """A web server with an endpoint for each first part of a path; what it answers is decided by who is asked, 204 without."""

    def __init__(self):
        self.letters, self.answers, self.lock = {}, {}, threading.Condition()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                length = int(self.headers["content-length"])
                body = self.rfile.read(length)
                if len(body) < length:
                    return  # the sender was killed in the middle of it
                status = receiver.take(self.path.strip("/"), Letter({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Listener(http.server.ThreadingHTTPServer):
            request_queue_size, daemon_threads = 256, True

            def handle_error(self, *_):
                pass  # the sender was killed in the middle

        self.server = Listener((HOST, 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, name):
        return f"http://{HOST}:{self.server.server_port}/{name}"

    def take(self, name, letter):
        with self.lock:
            status = self.answers.get(name, lambda _: 204)(letter)
            self.letters.setdefault((name, status // 100 == 2), []).append(letter)
            self.lock.notify_all()
        return status

    def taken(self, name):
        with self.lock:
            return list(self.letters.get((name, True), []))

    def wait(self, name, holds, within):
        """Until what the endpoint has taken fulfils `holds`; answers that."""
        with self.lock:
            self.lock.wait_for(lambda: holds(self.letters.get((name, True), [])), within)
        return self.taken(name)


def verifies(library, secret, letter, **changed):
    try:
        LIBRARIES[library](secret).verify(changed.get("body", letter.body).decode(), letter.headers | changed.get("headers", {}))
        return True
    except (standardwebhooks.WebhookVerificationError, svix.WebhookVerificationError):
        return False


def made(client, path, body, status=201):
    reply = client.call("POST", path, body)
    if reply.status != status:
        raise RuntimeError(f"POST {path}: {reply}")
    return reply.json


def signatures(checks, server, credentials, receiver):
    with server.client(credentials["api_key"]) as client:
        hook = made(client, "/v1/webhooks", {"url": receiver.url("plain"), "events": ["project.*"]})
        made(client, "/v1/projects", {"name": "Signed"})
        letters = receiver.wait("plain", lambda found: len(found) == 1, 10)
        if not checks.that("an event arrives", len(letters) == 1, server.tail()):
            return
        letter, secret = letters[0], hook["secret"]
        tampered = bytearray(letter.body)
        tampered[len(tampered) // 2] ^= 1
        for library in LIBRARIES:
            checks.that(f"{library} verifies a delivery", verifies(library, secret, letter))
            checks.that(f"{library} refuses a body changed by one byte", not verifies(library, secret, letter, body=bytes(tampered)))
            checks.that(f"{library} refuses another id", not verifies(library, secret, letter, headers={"webhook-id": letter.id + "x"}))
            for age, holds in ((299, True), (301, False)):
                # What would have been sent so long ago.
                then = datetime.datetime.fromtimestamp(int(time.time()) - age, datetime.timezone.utc)
                signature = LIBRARIES[library](secret).sign(letter.id, then, letter.body.decode())
                old = {"webhook-timestamp": str(int(then.timestamp())), "webhook-signature": signature}
                checks.that(f"{library} {'takes' if holds else 'refuses'} a timestamp {age} s old", verifies(library, secret, letter, headers=old) == holds)
        rotated = made(client, f"/v1/webhooks/{hook['id']}/secret", {"overlap_seconds": 600})
        made(client, "/v1/projects", {"name": "Signed twice"})
        letters = receiver.wait("plain", lambda found: len(found) == 2, 10)
        for library in LIBRARIES:
            for name, key in (("old", secret), ("new", rotated["secret"])):
                checks.that(f"{library} verifies by the {name} secret while both sign", verifies(library, key, letters[-1]))
        test = made(client, f"/v1/webhooks/{hook['id']}/test", None, 202)
        letters = receiver.wait("plain", lambda found: len(found) == 3, 10)
        checks.that("a test arrives, whatever the filters", json.loads(letters[-1].body)["type"] == "webhook.test")
        delivery = settled(client, test["delivery_id"])
        checks.that("its delivery tells of the attempt", delivery["state"] == "delivered" and delivery["attempts"][0]["response"]["status"] == 204, delivery)
        checks.that("the delivery log shows no signature", letters[-1].headers["webhook-signature"].split(" ")[0] not in json.dumps(delivery))
        checks.that("the delivery log shows the body as it was sent", delivery["body"].encode() == letters[-1].body)
        client.call("DELETE", f"/v1/webhooks/{hook['id']}")


def settled(client, delivery):
    """The delivery, as soon as its last attempt is written down."""
    for _ in range(200):
        found = client.call("GET", f"/v1/deliveries/{delivery}").json
        if found["attempts"]:
            break
        time.sleep(0.01)
    return found


def latency(server, credentials, receiver, count=50):
    """From the answer to a change until its receipt, one at a time."""
    with server.client(credentials["api_key"]) as client:
        hook = made(client, "/v1/webhooks", {"url": receiver.url("timed"), "events": ["project.created"]})
        waits = []
        for number in range(count):
            made(client, "/v1/projects", {"name": f"Timed {number}"})
            committed = time.time()
            letters = receiver.wait("timed", lambda found: len(found) == number + 1, 10)
            waits.append((letters[-1].at - committed) * 1000)
        client.call("DELETE", f"/v1/webhooks/{hook['id']}")
    waits.sort()
    print(f"      from a change's answer to its receipt: p50 {waits[count // 2]:.1f} ms, p99 {waits[-1]:.1f} ms ({count} one at a time)")


class Storm:
    """Writers that go on through every death of the server."""

    def __init__(self, server, key, writers=6):
        self.server, self.key, self.over, self.made = server, key, threading.Event(), [0] * writers
        self.threads = [threading.Thread(target=self.write, args=(number,), daemon=True) for number in range(writers)]
        for thread in self.threads:
            thread.start()

    def write(self, writer):
        number = 0
        while not self.over.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException), self.server.client(self.key, timeout=5) as client:
                while not self.over.is_set():
                    number += 1
                    if client.call("POST", "/v1/projects", {"name": f"Storm {writer} {number}"}).status == 201:
                        self.made[writer] += 1
                    time.sleep(0.005)
            time.sleep(0.02)

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join(30)


def storm(checks, server, credentials, receiver, seconds, kills=4):
    once = set()

    def half(letter):
        """Every second event is refused the first time."""
        if hash(letter.id) % 2 or letter.id in once:
            return 204
        once.add(letter.id)
        return 500

    receiver.answers |= {"half": half, "dead": lambda _: 410}
    with server.client(credentials["api_key"]) as client:
        hooks = {name: made(client, "/v1/webhooks", {"url": receiver.url(name), "events": ["project.*"]}) for name in ("healthy", "half", "dead")}
    writers = Storm(server, credentials["api_key"])
    for _ in range(kills):
        time.sleep(seconds / kills)
        server.kill()
        server.start()
    time.sleep(0.5)
    writers.end()
    started = json.loads(made_event(server, hooks["healthy"]["id"]))["seq"]
    events = logged(server, started)
    answered = sum(writers.made)
    checks.that(f"a storm of {len(events)} changes, {answered} of them answered, and {kills} deaths", len(events) >= answered > 50)
    for name, within in (("healthy", 20), ("half", 40)):
        letters = receiver.wait(name, lambda found: events <= {letter.id for letter in found}, within)
        seen = {letter.id for letter in letters}
        checks.that(f"the {name} one gets every event", events <= seen, f"{len(events - seen)} of {len(events)} are missing")
        judge(checks, name, letters, events, hooks[name]["secret"])
    with server.client(credentials["api_key"]) as client:
        dead = client.call("GET", f"/v1/webhooks/{hooks['dead']['id']}").json
        checks.that("the dead one is disabled", not dead["enabled"] and dead["disabled_reason"] == "gone", dead)
        checks.that("the dead one took nothing", not receiver.taken("dead"))
        receiver.answers.pop("dead")
        client.call("PATCH", f"/v1/webhooks/{hooks['dead']['id']}", {"enabled": True})
        made(client, f"/v1/webhooks/{hooks['dead']['id']}/replay", {"since": "last_failure"}, 202)
    letters = receiver.wait("dead", lambda found: events <= {letter.id for letter in found}, 20)
    checks.that("enabled again, it gets everything", events <= {letter.id for letter in letters}, f"{len(events - {letter.id for letter in letters})} are missing")
    judge(checks, "dead", letters, events, hooks["dead"]["secret"])
    rows, distinct = query(server, "SELECT COUNT(*), COUNT(DISTINCT endpoint || ' ' || sequence) FROM webhook_deliveries")[0]
    checks.that("an endpoint has one delivery of an event", rows == distinct, (rows, distinct))


def judge(checks, name, letters, events, secret):
    bodies = {}
    for letter in letters:
        bodies.setdefault(letter.id, set()).add(letter.body)
    checks.that(f"  to the {name} one, an event has the same bytes each time", all(len(found) == 1 for found in bodies.values()))
    checks.that(f"  to the {name} one, nothing comes that is not in the log", bodies.keys() <= events, len(bodies.keys() - events))
    checks.that(f"  to the {name} one, all {len(letters)} are signed", all(signed(secret, letter) for letter in letters))
    print(f"      {len(letters)} letters for {len(bodies)} events")


def signed(secret, letter):
    """By the library's own signature, since the storm may last longer than the library lets a letter live."""
    then = datetime.datetime.fromtimestamp(int(letter.headers["webhook-timestamp"]), datetime.timezone.utc)
    return standardwebhooks.Webhook(secret).sign(letter.id, then, letter.body.decode()) in letter.headers["webhook-signature"].split(" ")


def query(server, sql, *values):
    with contextlib.closing(sqlite3.connect(f"file:{server.data}/cloudapi.db?mode=ro", uri=True)) as database:
        return database.execute(sql, values).fetchall()


def made_event(server, webhook):
    return query(server, "SELECT canonical FROM events WHERE type = 'webhook.created' AND subject = ?", webhook)[0][0]


def logged(server, after):
    return {row[0] for row in query(server, "SELECT id FROM events WHERE mode = 'live' AND sequence > ? AND type LIKE 'project.%'", after)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, type=Path)
    parser.add_argument("--storm", type=float, default=12, help="how many seconds the storm lasts")
    parser.add_argument("--keep", type=Path, help="a folder to work in, which stays")
    options = parser.parse_args()
    checks, receiver = Checks(), Receiver()
    with workspace(options.keep) as folder:
        credentials = init(options.binary, folder / "data")
        with Server(options.binary, folder / "data", folder / "server.log", {"CLOUDAPI_ALLOW_EGRESS": "127.0.0.0/8"}).start() as server:
            signatures(checks, server, credentials, receiver)
            latency(server, credentials, receiver)
            storm(checks, server, credentials, receiver, options.storm)
            log = server.log.read_text(errors="replace")
            checks.that("no secret stands in the server's log", "whsec_" not in log and "v1," not in log)
            checks.that("SIGTERM ends the server", server.stop() == 0, server.tail())
        checks.that("audit verify", *audit(options.binary, folder / "data"))
    return checks.ended()


if __name__ == "__main__":
    sys.exit(main())
