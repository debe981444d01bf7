#!/usr/bin/env python3
"""Reads of the past, at a million events: whether they answer what was answered then, and how long they take.

    timetravel.py --binary .build/release/cloudapi [--events 1000000] [--reads 1000] [--seed 1]

Resources live for a while and are looked at in between. Then the log is filled up to its size with rows about other subjects, copied from those
that are there (they have no place in the hash chain; nothing that is measured looks at that). Then looks are taken again, one at a time, in a random order.
"""
import argparse
import random
import sqlite3
import statistics
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "Tests" / "Durability"))
from server import Checks, Server, init, workspace


def lasting(resource):
    """What the log keeps of it. What a running instance has cost goes on by the millisecond, and the moment of a look is not known as exactly here."""
    status = {name: value for name, value in resource["status"].items() if name not in ("last_synced_at", "attached_to")}
    cost = {name: value for name, value in (resource["cost"] or {}).items() if name != "month_to_date"}
    return {name: value for name, value in resource.items() if name != "seq"} | {"status": status, "cost": cost}


def live(client, project, rounds, draw):
    """Answers looks: id, moment, what was seen."""
    ids, looks = [], []
    for number in range(rounds):
        act = draw.random()
        if len(ids) < 20 or act < 0.02:
            made = client.call("POST", "/v1/instances?wait=20s", {"name": f"i-{number}", "project_id": project, "spec": {"size": "n-1"}})
            assert made.status == 201, made
            ids.append(made.json["id"])
        path = f"/v1/instances/{draw.choice(ids)}"
        if act < 0.5:
            client.call("PATCH", path, {"labels": {"round": str(number)}})
        elif act < 0.65:
            client.call("POST", path + "/actions/resize?wait=20s", {"size": draw.choice(["n-1", "s-1", "s-2"])})
        elif act < 0.75:
            client.call("POST", path + "/actions/stop?wait=20s")
        elif act < 0.9:
            client.call("POST", path + "/actions/start?wait=20s")
        elif act < 0.95:
            client.call("DELETE", path + "?wait=20s")
        else:
            client.call("POST", path + "/undelete?wait=20s")
        seen = client.call("GET", f"/v1/instances/{draw.choice(ids)}")
        assert seen.status == 200, seen
        moment = datetime.fromtimestamp(time.time(), timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        looks.append((seen.json["id"], moment, lasting(seen.json)))
        time.sleep(0.003)
    return looks


def fill(database, wanted):
    """With copies under the ids of others, all in the chain of the same tenant."""
    with sqlite3.connect(database) as connection:
        workspace, mode, last = connection.execute("SELECT workspace, mode, sequence FROM chains ORDER BY sequence DESC LIMIT 1").fetchone()
        columns = [row[1] for row in connection.execute("PRAGMA table_info(events)")]
        changed = {"sequence": "sequence + ?", "id": "id || '-' || ?", "subject": "'inst_' || ((sequence * 7919 + ?) % 20000)"}
        copy = f"INSERT INTO events ({', '.join(columns)}) SELECT {', '.join(changed.get(name, name) for name in columns)} FROM events " \
               "WHERE workspace = ? AND mode = ? AND sequence <= ?"
        count = last
        while count < wanted:
            places = [{"sequence": count, "id": str(count), "subject": count}[name] for name in columns if name in changed]
            connection.execute(copy, (*places, workspace, mode, last))
            count += last
        connection.execute("UPDATE chains SET sequence = ? WHERE workspace = ? AND mode = ?", (count, workspace, mode))
        return connection.execute("SELECT count(*) FROM events").fetchone()[0]


def difference(past, seen):
    """What is not the same, member by member."""
    if past.status != 200:
        return past
    found = lasting(past.json)
    return {name: (found.get(name), value) for name, value in seen.items() if found.get(name) != value}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--reads", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    draw, check = random.Random(options.seed), Checks()
    with workspace() as folder:
        credentials = init(options.binary, folder / "data")
        with Server(options.binary, folder / "data", folder / "server.log").start() as server:
            with server.client(credentials["api_key"], timeout=60) as client:
                client.call("POST", "/v1/connections", {"name": "quick", "provider": "simulator", "settings": {"latency_ms": 0}})
                looks = live(client, credentials["project_id"], options.rounds, draw)
        events = fill(folder / "data" / "cloudapi.db", options.events)
        with Server(options.binary, folder / "data", folder / "server.log").start(within=300) as server, server.client(credentials["api_key"]) as client:
            took, different = [], []
            for _ in range(options.reads):
                subject, moment, seen = draw.choice(looks)
                begun = time.perf_counter()
                past = client.call("GET", f"/v1/instances/{subject}?as_of={moment}")
                took.append((time.perf_counter() - begun) * 1000)
                if past.status != 200 or lasting(past.json) != seen:
                    different.append((subject, moment, past, seen))
            check.that(f"{options.reads} reads of the past at {events:,} events answer what was answered then", not different,
                       f"{len(different)} do not: {difference(*different[0][2:])}" if different else "")
            ordered = sorted(took)
            p99 = ordered[len(ordered) * 99 // 100]
            check.that(f"they take {statistics.median(took):.2f} ms, p99 {p99:.2f} ms (at most 50)", p99 <= 50)
            begun = time.perf_counter()
            history = client.call("GET", f"/v1/resources/{looks[0][0]}/history?limit=100")
            check.that(f"a page of a history takes {(time.perf_counter() - begun) * 1000:.1f} ms", history.status == 200, history)
    return check.ended()


if __name__ == "__main__":
    sys.exit(main())
