#!/usr/bin/env python3
"""Cuts the connection to a real peer at every call of every operation, before the request, after it and in the middle of its answer.

    cuts.py --binary .build/debug/cloudapi --home /tmp/x      with /tmp/x/docker as scripts/peers/docker.sh starts it

An operation is watched once to learn how many calls it makes; then it is done again for each call and each point, with that call cut. Each
time it has to succeed by itself, and then the peer has exactly one object (none after the delete), the log has one line that it was asked
for and one that it was done, and the instance is metered once at a time, from one reservation.
"""
import argparse
import collections
import concurrent.futures
import contextlib
import sqlite3
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Durability"))

from cutter import POINTS, Cutter  # noqa: E402
from provisioned import CAN_RESIZE, IMAGES, Provisioned  # noqa: E402
from server import Checks, audit, workspace  # noqa: E402

# It ends at once when it is asked to, so that no call waits for it.
SERVE = ["sh", "-c", "trap exit TERM; while :; do sleep 0.1; done"]
DONE = {"create": "ready", "stop": "stopped", "start": "started", "resize": "resized", "delete": "deleted"}
ASKED = {"create": "created", **{verb: f"{verb}_requested" for verb in DONE if verb != "create"}}


class Cuts(Provisioned):
    def __init__(self, binary, home, name, folder, checks):
        self.cutter = Cutter(Path(home) / name / f"{name}.sock", folder / "cut.sock")
        super().__init__(binary, home, name, folder, checks, endpoint=f"unix://{folder / 'cut.sock'}")
        self.number = 0

    def run(self):
        self.connect()
        with contextlib.closing(self.cutter):
            for verb in DONE:
                if verb != "resize" or CAN_RESIZE[self.name]:
                    self.verb(verb)
        self.server.stop()
        verified, words = audit(self.binary, self.data)
        self.check("the audit chains verify", verified, words)

    def verb(self, verb):
        began = time.monotonic()
        self.round(verb, None, None)
        calls = len(self.cutter.seen)
        wrong = [found for number in range(calls) for point in POINTS if (found := self.round(verb, number, point))]
        self.check(f"{verb}: {calls} calls, each cut at {len(POINTS)} points: one object, one charge, one line each; {time.monotonic() - began:.0f} s",
                   calls > 0 and not wrong, wrong[:3])

    def round(self, verb, number, point):
        """Does it with one call cut; answers what is wrong, None when nothing is."""
        self.number += 1
        name, instance = f"{verb}-{self.number}", None
        if verb != "create":
            instance = self.instance(name, command=SERVE)["id"]
            if verb == "start":
                self.act(f"instances/{instance}/actions/stop")
        self.cutter.watch() if number is None else self.cutter.arm(number, point)
        if verb == "create":
            instance = self.instance(name, wait="1s", command=SERVE)["id"]
        elif verb == "delete":
            self.call("DELETE", f"/v1/instances/{instance}")
        else:
            self.call("POST", f"/v1/instances/{instance}/actions/{verb}", {"size": "n-2"} if verb == "resize" else None)
        seen = self.until(f"/v1/instances/{instance}", lambda seen: seen["operation_id"] is None, within=60)
        cut = list(self.cutter.cut)
        calls = self.cutter.seen
        objects, events = self.peer.objects(instance), self.events(instance)
        wanted = {"stop": "stopped", "delete": None}.get(verb, "running")
        good = (seen["operation_id"] is None and objects == (0 if verb == "delete" else 1) and seen["status"]["power"] == wanted
                and events[f"instance.{DONE[verb]}"] == 1 and events[f"instance.{ASKED[verb]}"] == 1
                and self.open_meters(instance) == (1 if wanted == "running" else 0) and (number is None or len(cut) == 1))
        self.cutter.watch()
        if verb != "delete":
            self.act_delete(f"instances/{instance}")
        self.cutter.seen = calls
        return None if good else (verb, cut or number, point, objects, seen["status"], dict(events))

    def events(self, resource):
        with self.database() as database:
            return collections.Counter(row[0] for row in database.execute("SELECT type FROM events WHERE subject = ?", [resource]))

    def open_meters(self, resource):
        """How many lines are charged for now; -1 when two were at a time or it holds more than one reservation."""
        with self.database() as database:
            spans = database.execute(
                "SELECT started_at, coalesce(ended_at, 1 << 60) FROM metered_intervals WHERE resource = ? ORDER BY started_at", [resource]).fetchall()
            held = database.execute("SELECT count(*) FROM commitments WHERE resource = ?", [resource]).fetchone()[0]
        overlaps = any(before[1] > after[0] for before, after in zip(spans, spans[1:]))
        return -1 if overlaps or held != 1 else sum(end == 1 << 60 for _, end in spans)

    def database(self):
        return contextlib.closing(sqlite3.connect(f"file:{self.data / 'cloudapi.db'}?mode=ro", uri=True))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--home", required=True, help="the folder whose folders docker and podman are the peers'")
    parser.add_argument("--only", choices=IMAGES, help="one of the peers")
    options = parser.parse_args()
    checks = Checks()

    def on(name):
        with workspace() as folder:
            cuts = Cuts(options.binary, options.home, name, folder, checks)
            with cuts.server:
                cuts.run()

    # The peers have nothing to do with each other, and most of the time is waiting for the next attempt.
    with concurrent.futures.ThreadPoolExecutor() as threads:
        for ended in [threads.submit(on, name) for name in ([options.only] if options.only else IMAGES)]:
            ended.result()
    return checks.ended()


if __name__ == "__main__":
    sys.exit(main())
