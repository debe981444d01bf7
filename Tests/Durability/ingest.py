#!/usr/bin/env python3
"""Kills a server that takes points, and while it folds them; sends everything again, and adds up.

    ingest.py --binary .build/debug/cloudapi [--rounds 6] [--folds 12] [--seed 1] [--keep folder]

Batches go out one after another; after a while the process is killed, started again, and killed again while it folds what it finds, which it
begins with at once. A batch that was acknowledged must be there whole, and one that was not wholly or not at all: sending it again says
which. Then kills are aimed: each waits until folding begins to write to the database's log, and comes a moment later, from the first bytes of the
transaction until past its end; some must fall before it is committed, and some behind. At the end every batch is sent once more, all points must count as updated, and every total must equal the dictionary's.
"""
import argparse
import contextlib
import http.client
import random
import shutil
import socket
import sqlite3
import sys
import threading
import time

from server import HOST, Checks, Server, audit, init, workspace

START = 463_000  # hours since 1970
BATCH = 400
FUNCTIONS = ("Sum", "Average", "Minimum", "Maximum")


class Sender:
    def __init__(self, stream, chance):
        self.stream, self.chance, self.model, self.batches = stream, chance, {}, []

    def make(self):
        """Mostly the next hour of every series, some points of before again, with another value."""
        function = FUNCTIONS[len(self.batches) % 4]
        hour = START + len(self.batches) // 4
        points = {}
        for number in range(BATCH):
            back = self.chance.randrange(200) if self.chance.random() < 0.1 else 0
            key = (f"m{number % 3}", function, number, hour - back)
            points[key] = self.chance.randrange(-1000, 1000)
        batch = (function, points)
        self.batches.append(batch)
        return batch

    def send(self, client, batch):
        """(created, updated) of one batch."""
        function, points = batch
        data = [{"timestamp": hour * 3600, "metric_name": name, "metric_value": value, "custom_dimensions": {"series": number, "half": number % 2}}
                for (name, _, number, hour), value in points.items()]
        reply = client.call("POST", "/streams/ingest", {"data_stream_token": self.stream, "metric_agg_func": function, "data": data})
        if reply.status != 201:
            raise RuntimeError(f"a batch was answered {reply}")
        return reply.json["created"], reply.json["updated"]

    def expected(self, batch):
        fresh = sum(key not in self.model for key in batch[1])
        return fresh, len(batch[1]) - fresh

    def settle(self, batch):
        self.model.update(batch[1])


def storm(server, token, sender, seconds):
    """Sends until the process is killed; answers the batch whose end nobody knows, if there is one, and how many were acknowledged."""
    until, acknowledged, wrong = time.monotonic() + seconds, 0, []
    client = server.client(token)
    while time.monotonic() < until:
        batch = sender.make()
        counts = sender.send(client, batch)
        if counts != sender.expected(batch):
            wrong.append((counts, sender.expected(batch)))
        sender.settle(batch)
        acknowledged += 1
    unknown = sender.make()
    # Killed while it is under way.
    killer = threading.Timer(sender.chance.random() * 0.03, server.kill)
    killer.start()
    try:
        counts = sender.send(client, unknown)
        if counts != sender.expected(unknown):
            wrong.append((counts, sender.expected(unknown)))
        sender.settle(unknown)
        unknown = None
    except (OSError, http.client.HTTPException):
        pass
    killer.join()
    return unknown, acknowledged, wrong


def pending(server, folder):
    """How many runs wait to be folded, as the database of a server that was killed has it: read from a copy, since opening it changes it."""
    copy = folder / "copy"
    copy.mkdir(exist_ok=True)
    for name in ("cloudapi.db", "cloudapi.db-wal"):
        (copy / name).unlink(missing_ok=True)
        if (server.data / name).exists():
            shutil.copy(server.data / name, copy / name)
    (copy / "cloudapi.db-shm").unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(copy / "cloudapi.db")) as database:
        return database.execute("SELECT count(*) FROM point_runs").fetchone()[0]


def aimed(server, token, sender, folder, rounds, checks):
    """Kills while days are folded: (how many fell before the fold was committed, how many behind)."""
    before = behind = 0
    log = server.data / "cloudapi.db-wal"
    for number in range(rounds):
        # Enough runs for a day to be folded at once, whatever stands in it already: the process dies before it comes to that by itself.
        with server.client(token) as client:
            for _ in range(4 * 9):
                batch = sender.make()
                sender.send(client, batch)
                sender.settle(batch)
        server.kill()
        waiting = pending(server, folder)
        server.start(ready=None)
        seen, until = None, time.monotonic() + 20
        while time.monotonic() < until:
            size = written(log)
            if seen is not None and size != seen:
                break
            # What opening the database writes is no fold: it begins when the server listens.
            seen = size if seen is not None or listens(server) else None
        time.sleep((0, 0.005, 0.02, 0.08, 0.2, 0.5)[number % 6])
        server.kill()
        left = pending(server, folder)
        before, behind = before + (left == waiting), behind + (left < waiting)
        server.start()
    checks.that(f"{rounds} kills while days were folded: {before} before the fold was committed, {behind} behind", before > 0 and behind > 0)


def written(path):
    try:
        found = path.stat()
    except FileNotFoundError:
        return (0, 0)
    return found.st_size, found.st_mtime_ns


def listens(server):
    with socket.socket() as probe:
        return probe.connect_ex((HOST, server.port)) == 0


def again(client, sender, batch):
    """Sends a batch that was there wholly or not at all."""
    counts, fresh = sender.send(client, batch), sender.expected(batch)
    sender.settle(batch)
    return counts in (fresh, (0, len(batch[1])))


def totals(client, stream_id, sender, checks):
    read = {}
    for metric in client.call("GET", f"/v1/streams/{stream_id}/metrics").json["data"]:
        read[metric["metric_name"], metric["metric_agg_func"]] = metric["points"]
    held = {}
    for (name, function, _, hour), value in sender.model.items():
        held.setdefault((name, function), []).append((hour, value))
    checks.that("every metric has as many points as it should", read == {key: len(values) for key, values in held.items()}, read)
    for (name, function), values in sorted(held.items()):
        first, last = min(hour for hour, _ in values), max(hour for hour, _ in values) + 1
        answer = client.call("GET", f"/v1/streams/{stream_id}/data?metric={name}&function={function}&granularity=day&from={text(first)}&to={text(last)}")
        line = answer.json["data"][0]
        numbers = [value for _, value in values]
        wanted = {"Sum": sum(numbers), "Average": sum(numbers) / len(numbers), "Minimum": min(numbers), "Maximum": max(numbers)}[function]
        checks.that(f"{name} {function}: {len(numbers)} points come to {wanted}", line["points"] == len(numbers) and line["value"] == wanted,
                    (line["points"], line["value"]))


def text(hour):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(hour * 3600))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--folds", type=int, default=12, help="kills that are aimed at folding")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep")
    options = parser.parse_args()
    checks = Checks()
    with workspace(options.keep) as folder:
        credentials = init(options.binary, folder / "data")
        token = credentials["api_key"]
        server = Server(options.binary, folder / "data", folder / "server.log").start()
        with server:
            with server.client(token) as client:
                made = client.call("POST", "/v1/streams", {"name": "storm"}).json
            sender = Sender(made["data_stream_token"], random.Random(options.seed))
            for number in range(options.rounds):
                unknown, acknowledged, wrong = storm(server, token, sender, 0.5 + sender.chance.random())
                checks.that(f"round {number + 1}: {acknowledged} batches acknowledged, counts exact", not wrong, wrong[:3])
                # Folding begins with the start: killed a moment later, again and again.
                for _ in range(2):
                    server.start()
                    time.sleep(sender.chance.random() * 0.15)
                    server.kill()
                server.start()
                if unknown:
                    with server.client(token) as client:
                        checks.that("the batch whose answer was lost is there wholly or not at all", again(client, sender, unknown))
            aimed(server, token, sender, folder, options.folds, checks)
            with server.client(token) as client:
                kept = [sender.send(client, (function, {key: sender.model[key] for key in points})) for function, points in sender.batches]
                lost = sum(created for created, _ in kept)
                checks.that(f"{len(sender.model)} points of {len(kept)} batches sent again: none was lost", lost == 0, lost)
                totals(client, made["id"], sender, checks)
                time.sleep(2.5)  # the next fold
                totals(client, made["id"], sender, checks)
        checks.that("the log verifies", *audit(options.binary, folder / "data"))
    return checks.ended()


if __name__ == "__main__":
    sys.exit(main())
