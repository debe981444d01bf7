#!/usr/bin/env python3
"""One, two and three servers on one PostgreSQL; and SQLite against PostgreSQL. One run, two tables.

    scaling.py --binary .build/release/cloudapi [--seconds 4] [--share 0.2]

More servers give more where servers are what is short. So the first table holds each server to a share of a core (a control group; needs
root), as if it stood on a small machine of its own, and leaves PostgreSQL and the load generator the rest. The second holds nobody: one server
and all that the machine has. Both tell the CPU a request costs the servers and the database, which is what to plan with, and what the busy
connections of the database were doing (pg_stat_activity, five times a second).

Reads are pages of 25 projects; writes are projects, each with an Idempotency-Key, over eight workspaces or in one; ingest is batches of 1,000
points, over eight workspaces. PostgreSQL syncs, as it does by default.
"""
import argparse
import collections
import contextlib
import json
import os
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "Tests" / "Durability"))
import load
import machine
from postgres import BIN, Postgres
from server import UNLIMITED, Server, init, run, workspace

WORKSPACES, PROJECTS, CONNECTIONS, POINTS = 8, 25, 48, 1000
V1, V2 = Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup")


class Share:
    """A control group that holds a process to so much of a core."""

    def __init__(self, share):
        self.folder = (V1 if V1.is_dir() else V2) / f"cloudapi-{uuid.uuid4().hex[:8]}"
        self.folder.mkdir()
        if V1.is_dir():
            (self.folder / "cpu.cfs_period_us").write_text("20000")
            (self.folder / "cpu.cfs_quota_us").write_text(str(int(share * 20000)))
        else:
            (self.folder / "cpu.max").write_text(f"{int(share * 20000)} 20000")

    def hold(self, pid):
        for thread in Path(f"/proc/{pid}/task").iterdir() if V1.is_dir() else []:
            with contextlib.suppress(OSError):
                (self.folder / "tasks").write_text(thread.name)
        (self.folder / "cgroup.procs").write_text(str(pid))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.folder.rmdir()


class Waits:
    """What busy connections were doing while it lasted; one in a transaction may wait for its server's next statement."""

    QUERY = ("SELECT CASE wait_event WHEN 'ClientRead' THEN 'waiting for the server' ELSE COALESCE(wait_event_type || ' ' || wait_event, 'running') END FROM pg_stat_activity WHERE application_name = 'cloudapi' "
             "AND state IN ('active', 'idle in transaction') AND NOT query LIKE 'LISTEN%' \\watch 0.2\n")

    def __init__(self, postgres):
        self.postgres = postgres

    def __enter__(self):
        self.psql = subprocess.Popen([str(BIN / "psql"), "-X", "-q", "-At", "-h", str(self.postgres.home), "-p", str(self.postgres.port), "-U", "postgres"],
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.psql.stdin.write(self.QUERY)
        self.psql.stdin.flush()
        return self

    def __exit__(self, *_):
        self.psql.kill()
        seen = collections.Counter(line for line in self.psql.communicate()[0].splitlines() if line and " 20" not in line)
        total = sum(seen.values()) or 1
        self.text = ", ".join(f"{name} {count * 100 // total} %" for name, count in seen.most_common(3))


class Installation:
    """A database and what the load needs: workspaces with keys, projects to read, streams."""

    def __init__(self, binary, folder, name, postgres=None, count=1, share=None):
        self.folder, self.postgres, self.stack = folder, postgres, contextlib.ExitStack()
        self.share = share
        environment = {"CLOUDAPI_DATABASE": postgres.database(name)} if postgres else {}
        first = folder / f"{name}0"
        self.credentials = [init(binary, first, environment)]
        for number in range(1, WORKSPACES):
            made = run([binary, "workspaces", "create", "--data", first, "--name", f"w{number}", "--email", f"a{number}@example.com", "--rate-limit", UNLIMITED, "--json"], environment)
            self.credentials.append(json.loads(made.stdout))
        self.servers = []
        for number in range(count):
            data = folder / f"{name}{number}"
            data.mkdir(mode=0o700, exist_ok=True)
            if number:
                (data / "key").write_bytes((first / "key").read_bytes())
                (data / "key").chmod(0o600)
            self.servers.append(Server(binary, data, folder / f"{name}{number}.log", environment))

    def __enter__(self):
        for server in self.servers:
            self.stack.enter_context(server.start())
        self.streams = []
        for credentials in self.credentials:
            with self.servers[0].client(credentials["api_key"]) as client:
                while len(client.call("GET", "/v1/projects?limit=100").json["data"]) < PROJECTS:
                    client.call("POST", "/v1/projects", {"name": f"p{uuid.uuid4().hex[:8]}", "env": "prod"})
                stream = client.call("POST", "/v1/streams", {"name": "load"})
                assert stream.status == 201, stream
                self.streams.append(stream.json["data_stream_token"])
        if self.share:
            for server in self.servers:
                self.stack.enter_context(Share(self.share)).hold(server.pid)
        return self

    def __exit__(self, *_):
        self.stack.close()

    def measure(self, kind, seconds, count):
        """(a second, CPU µs of servers, of the database, p50 ms, p99 ms, waits) of the first `count` servers under one kind of load."""
        keys = [credentials["api_key"] for credentials in self.credentials]
        script, token, path = {
            "reads": ("read.lua", keys[0], "/v1/projects"), "writes in one workspace": ("write.lua", keys[0], "/v1/projects"),
            "writes": ("write.lua", ",".join(keys), "/v1/projects"),
            "ingest": ("points.lua", ",".join(f"{key}:{stream}" for key, stream in zip(keys, self.streams)), "/streams/ingest"),
        }[kind]
        servers = self.servers[:count]
        with Waits(self.postgres) if self.postgres else contextlib.nullcontext() as waits:
            before, database = [machine.cpu_seconds(server.pid) for server in servers], self.database_cpu()
            started = [load.started(server, script, token, seconds, CONNECTIONS // count, 1) for server in servers]
            runs = [load.finished(wrk, seconds) for wrk in started]
            used = sum(machine.cpu_seconds(server.pid) - each for server, each in zip(servers, before))
            database = self.database_cpu() - database
        requests, worth = sum(each.requests for each in runs), POINTS if kind == "ingest" else 1
        rate = sum(each.rate for each in runs) * worth
        return rate, used / requests / worth * 1e6, database / requests / worth * 1e6, max(each.p50 for each in runs), max(each.p99 for each in runs), waits.text if waits else ""

    def database_cpu(self):
        return machine.cpu_seconds(self.postgres.running.pid) if self.postgres else 0


def tell(text):
    print(text, file=sys.stderr, flush=True)


def held(options, folder, postgres):
    rows = {}
    with Installation(options.binary, folder, "held", postgres, 3, options.share) as installation:
        for kind in ("reads", "writes", "ingest"):
            installation.measure(kind, 1, 3)
            for count in (1, 2, 3):
                rows[kind, count] = installation.measure(kind, options.seconds, count)
                tell(f"held {kind} {count}: {rows[kind, count]}")
    lines = [f"| each server held to {options.share:g} of a core | 1 server | 2 servers | 3 servers | CPU, server + database | busy connections, with 3 |", "|---|---|---|---|---|---|"]
    for kind, what in (("reads", "reads/s"), ("writes", "writes/s"), ("ingest", "points/s")):
        one, two, three = (rows[kind, count] for count in (1, 2, 3))
        lines.append(f"| {what} | {one[0]:,.0f} | {two[0]:,.0f} ({two[0] / one[0]:.2f} ×) | {three[0]:,.0f} ({three[0] / one[0]:.2f} ×) | {cost(three)} | {three[5]} |")
    return lines


def free(options, folder, postgres):
    lines = ["", "| one server, not held | SQLite | PostgreSQL | its busy connections |", "|---|---|---|---|"]
    kinds = ("reads", "writes", "writes in one workspace", "ingest")
    found = {}
    for name, database in (("embedded", None), ("alone", postgres)):
        with Installation(options.binary, folder, name, database) as installation:
            for kind in kinds:
                installation.measure(kind, 1, 1)
                found[name, kind] = installation.measure(kind, options.seconds, 1)
                tell(f"{name} {kind}: {found[name, kind]}")
    for kind in kinds:
        embedded, other = found["embedded", kind], found["alone", kind]
        unit = "points/s" if kind == "ingest" else "/s"
        lines.append(f"| {kind} | {embedded[0]:,.0f} {unit}, p50 {embedded[3]:.1f} ms, p99 {embedded[4]:.1f} ms, {cost(embedded)} | "
                     f"{other[0]:,.0f} {unit} ({other[0] / embedded[0]:.2f} ×), p50 {other[3]:.1f} ms, p99 {other[4]:.1f} ms, {cost(other)} | {other[5]} |")
    return lines


def cost(row):
    digits = 2 if row[1] < 10 else 0
    return f"{row[1]:.{digits}f} + {row[2]:.{digits}f} µs" if row[2] else f"{row[1]:.{digits}f} µs"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--seconds", type=int, default=4, help="of each cell")
    parser.add_argument("--share", type=float, default=0.2, help="of a core, for each server of the first table")
    options = parser.parse_args()
    with workspace() as folder, Postgres(durable=True, shared_buffers="512MB") as postgres:
        disk = machine.fdatasyncs(postgres.home)
        lines = held(options, folder, postgres) + free(options, folder, postgres)
        print("\n".join(lines))
        print(f"\n{machine.description()}; fdatasync of a 4 KiB append p50 {machine.percentile(disk, 0.5):.2f} ms, p99 {machine.percentile(disk, 0.99):.2f} ms; "
              f"load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    sys.exit(main())
