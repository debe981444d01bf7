#!/usr/bin/env python3
"""Kills the server at random moments under load and looks at what it kept.

    durability.py --binary .build/debug/cloudapi --rounds 20
    durability.py --binary … --rounds 20 --lossy
    durability.py --binary … --rounds 2 --lossy --synchronous off --expect-loss
    CLOUDAPI_DATABASE=postgres://… durability.py --binary … --rounds 3      # an empty database

One data directory lives through all rounds. In a round several clients write `POST /v1/projects`, each write with an
Idempotency-Key of its own, until the server is killed (-9); now and then it is killed once more while it comes back. Then:

  1. the audit chains of the data as the crash left it verify;
  2. a write that was not acknowledged is retried with its key and succeeds;
  3. a sample of those that were is retried too: the same bytes come back, marked `Idempotent-Replayed`;
  4. the projects listed are exactly the ones written: each once, none lost, none that nobody asked for.

With --lossy the server runs on a disk that forgets every write not synced at the moment of death (`lossydisk.c`), so that what
survives was synced before it was acknowledged, not merely handed to the kernel; `init` runs on it too (always synced). A test that cannot fail
proves nothing, so --expect-loss turns the sense: with syncing switched off, a round passes when acknowledged writes are gone.
"""
import argparse
import contextlib
import http.client
import json
import random
import shutil
import sys
import threading
import time
import uuid

from disk import Disk
from server import Client, Server, audit, every, init, workspace

CLIENTS = 8
SAMPLE = 100


class Write:
    """One POST /v1/projects: what was asked and, once it was acknowledged, what was answered."""

    def __init__(self, name):
        self.name, self.key, self.answer = name, str(uuid.uuid4()), None
        self.body = json.dumps({"name": name, "env": "dev"}).encode()

    def send(self, client):
        reply = client.call("POST", "/v1/projects", self.body, {"Idempotency-Key": self.key})
        if reply.status == 201:
            self.answer = self.answer or reply.body
        return reply

    @property
    def id(self):
        return json.loads(self.answer)["id"]


class Trial:
    def __init__(self, options, folder):
        self.options, self.random = options, random.Random(options.seed)
        self.data = folder / "data"
        self.disk = Disk(self.data, folder / "disk") if options.lossy else None
        environment = self.disk.environment() if self.disk else {}
        if self.disk:
            self.disk.settle()
        self.credentials = init(options.binary, self.data, environment)
        self.crashed()
        if options.synchronous:
            environment["CLOUDAPI_SYNCHRONOUS"] = options.synchronous
        self.server = Server(options.binary, self.data, folder / "server.log", environment)
        self.copy = folder / "copy"
        self.writes, self.unexpected, self.first = [], [], None

    def start(self):
        self.server.start()
        with self.client() as client:
            self.first = {project["id"] for project in every(client, "/v1/projects")}

    def client(self):
        return Client(self.server.port, self.credentials["api_key"])

    def crashed(self):
        """What a crash does to the disk. Also after `init`: credentials it has printed must be on the disk."""
        if self.disk:
            self.disk.crash()
            self.disk.settle()

    def round(self, number):
        """Answers what was wrong, nothing when all is well, and a line of figures."""
        written = self.load_until_killed(number)
        killed_again = self.random.random() < 0.3 and self.kill_while_starting()
        faults = [*self.unexpected]
        verified, said = self.verify_copy()
        if not verified:
            faults.append(f"audit verify: {said}")
        self.server.start()
        acknowledged = [write for write in written if write.answer]
        open_ends = [write for write in written if not write.answer]
        lost = self.missing()
        if not self.options.expect_loss:
            faults += [f"{len(lost)} acknowledged writes lost, for one {lost[0].name}"] if lost else []
            faults += self.retry(open_ends) + self.replay(acknowledged)
            faults += self.compare()
        else:
            faults = [] if lost else ["no acknowledged write was lost"]
            gone = {write.key for write in lost}
            self.writes = [write for write in self.writes if write.answer and write.key not in gone]
        return faults, f"{len(acknowledged)} acknowledged, {len(open_ends)} cut off, {len(lost)} lost" + (", killed while starting" if killed_again else "") + f"; {said}"

    # the load

    def load_until_killed(self, number):
        self.unexpected, made, over = [], [[] for _ in range(CLIENTS)], threading.Event()
        threads = [threading.Thread(target=self.write_on, args=(f"r{number}-c{index}", mine, over)) for index, mine in enumerate(made)]
        for thread in threads:
            thread.start()
        time.sleep(self.random.uniform(0.3, 2))
        self.server.kill()
        over.set()
        for thread in threads:
            thread.join()
        self.crashed()
        written = [write for mine in made for write in mine]
        self.writes += written
        return written

    def write_on(self, prefix, mine, over):
        with self.client() as client, contextlib.suppress(OSError, http.client.HTTPException):
            while not over.is_set():
                mine.append(Write(f"{prefix}-{len(mine)}"))
                reply = mine[-1].send(client)
                if reply.status != 201:
                    self.unexpected.append(f"a write was answered {reply}")
                    return

    def kill_while_starting(self):
        self.server.start(ready=None)
        time.sleep(self.random.uniform(0, 0.5))
        self.server.kill()
        self.crashed()
        return True

    # the questions

    def verify_copy(self):
        """On a copy, so that nothing of the verifying process's own recovery helps the server."""
        shutil.rmtree(self.copy, ignore_errors=True)
        shutil.copytree(self.data, self.copy, ignore=shutil.ignore_patterns("*-shm"))
        return audit(self.options.binary, self.copy)

    def missing(self):
        held = {project["id"] for project in self.listed()}
        return [write for write in self.writes if write.answer and write.id not in held]

    def listed(self):
        with self.client() as client:
            return every(client, "/v1/projects")

    def retry(self, writes):
        with self.client() as client:
            replies = [write.send(client) for write in writes]
        return [f"a retry was answered {reply}" for reply in replies if reply.status != 201][:3]

    def replay(self, writes):
        faults = []
        with self.client() as client:
            for write in self.random.sample(writes, min(SAMPLE, len(writes))):
                reply = write.send(client)
                if (reply.status, reply.body, reply.headers.get("idempotent-replayed")) != (201, write.answer, "true"):
                    faults.append(f"a replay of {write.answer!r} was answered {reply} with Idempotent-Replayed {reply.headers.get('idempotent-replayed')}")
        return faults[:3]

    def compare(self):
        listed = [project for project in self.listed() if project["id"] not in self.first]
        ids, names = [project["id"] for project in listed], [project["name"] for project in listed]
        wanted = {write.id: write.name for write in self.writes if write.answer}
        faults = []
        for word, found in (("id", ids), ("name", names)):
            if len(set(found)) != len(found):
                faults.append(f"{len(found) - len(set(found))} projects are listed twice by {word}")
        if strange := set(ids) - set(wanted):
            faults.append(f"{len(strange)} projects nobody was told of, for one {sorted(strange)[0]}")
        if absent := set(wanted) - set(ids):
            faults.append(f"{len(absent)} acknowledged projects are not listed, for one {sorted(absent)[0]}")
        if wrong := [project for project in listed if wanted.get(project["id"], project["name"]) != project["name"]]:
            faults.append(f"{len(wrong)} projects have another name than they were given, for one {wrong[0]}")
        return faults

    def end(self):
        """A graceful stop, and the chains once more."""
        status = self.server.stop()
        verified, said = audit(self.options.binary, self.data)
        return ([f"SIGTERM ended it with {status}"] if status else []) + ([] if verified else [f"audit verify: {said}"]), f"stopped gracefully; {said}"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--lossy", action="store_true", help="run on a disk that forgets what was not synced")
    parser.add_argument("--synchronous", choices=["off", "full"], help="how the server's SQLite syncs; for tests only")
    parser.add_argument("--expect-loss", action="store_true", help="a round passes when acknowledged writes were lost")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32), help="of the moments of death; printed, so that a run can be repeated")
    parser.add_argument("--keep", metavar="FOLDER", help="work in this folder, and leave it")
    return parser.parse_args()


def main():
    options = arguments()
    passed = failed = 0

    def tell(name, faults, line):
        nonlocal passed, failed
        passed, failed = passed + (not faults), failed + bool(faults)
        print(f"{'FAIL' if faults else 'ok  '}  {name}: {line}", flush=True)
        for fault in faults:
            print(f"      {fault}", flush=True)

    print(f"seed {options.seed}")
    with workspace(options.keep) as folder:
        trial = Trial(options, folder)
        with trial.server:
            trial.start()
            for number in range(1, options.rounds + 1):
                try:
                    tell(f"round {number}", *trial.round(number))
                except (OSError, RuntimeError, http.client.HTTPException) as error:
                    tell(f"round {number}", [f"{type(error).__name__}: {error}"], "cut short")
                    break
            else:
                tell("end", *trial.end())
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
