#!/usr/bin/env python3
"""`make bench`: one run, one table.

    bench.py --binary .build/release/cloudapi --bare .build/release/bare-hummingbird [--quick] [--no-kill]

Every figure of a row comes from this run, and contenders take turns in short rounds whose median counts, so that a machine that is slow
today is slow for all of them. What to trust, in this order: ratios, CPU per request (from /proc, all threads), then times. The load
generator (wrk) shares the cores with the servers. Our server is measured as it ships, limiter on with a raised number; a library loaded into
it counts its syncs and adds one predicted branch to a write.

Beside it run a bare Hummingbird route answering the very bytes of ours, and a FastAPI service doing the same work over SQLite
(fastapi_service.py; one worker, and two as a note). Prints the table on stdout, progress on stderr.
"""
import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT / "Tests" / "Durability"))
import fastapi_service
import load
import machine
import oauth
import pages
import resources
import signals
from disk import Disk
from server import BUILD, HOST, UNLIMITED, Process, Server, init, python_with, workspace

PACKAGES = ("fastapi", "uvicorn[standard]", "uvloop", "httptools", "orjson")
PROJECTS = 25


class Table:
    def __init__(self):
        self.rows = []

    def add(self, figure, measured, aim="", holds=None):
        self.rows.append((figure, measured, aim, "" if holds is None else "pass" if holds else "**miss**"))
        tell(f"{figure}: {measured}" + ("" if holds is None else "  pass" if holds else "  MISS"))

    def markdown(self):
        return "\n".join("| " + " | ".join(row) + " |" for row in [("figure", "measured", "aim", ""), ("---",) * 4, *self.rows])


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder, self.table = options, folder, Table()
        self.seconds, self.rounds = (2, 3) if options.quick else (5, 5)
        self.written, self.disk = 0, "disk not measured"

    def run(self):
        if self.options.only_resources:
            with self.ours("resources") as ours:
                return resources.measure(self, ours)
        if self.options.only_signals:
            return signals.measure(self)
        if self.options.only_pages:
            return pages.measure(self)
        if self.options.only_oauth:
            return oauth.measure(self)
        if self.options.only_ingest:
            return self.points()
        if self.options.only_bills:
            return self.bills()
        with self.ours("data") as ours:
            self.make_projects(ours)
            self.authenticated_reads(ours)
            self.revocation(ours)
            self.durable_writes(ours)
            self.reads_under_writes(ours)
            self.start(ours)
        with self.ours("fresh") as fresh:
            self.memory(fresh)
        with self.ours("resources") as ours:
            resources.measure(self, ours)
        signals.measure(self)
        pages.measure(self)
        oauth.measure(self)
        self.points()
        self.bills()
        if not self.options.no_kill:
            self.kills()

    def points(self):
        self.beside_engines("ingest.py", *(["--points", "100000"] if self.options.quick else ["--big"] if self.options.big else []))

    def bills(self):
        self.beside_engines("bills.py", *(["--rows", "100000"] if self.options.quick else []))

    def beside_engines(self, script, *flags):
        """The rows of a script that needs an interpreter which has the engines to compare with."""
        done = subprocess.run([sys.executable, HERE / script, "--binary", self.options.binary, "--json", *flags], stdout=subprocess.PIPE, text=True)
        if done.returncode:
            return self.table.add(script, f"ended with {done.returncode}", "0", False)
        for row in json.loads(done.stdout.strip().splitlines()[-1]):
            self.table.add(*row)

    def ours(self, name, egress=None):
        data = self.folder / name
        credentials = init(self.options.binary, data)
        disk = Disk(data, self.folder / f"{name}-disk", images=False)
        opened = ",".join(filter(None, [egress, self.options.docker and self.options.docker.replace("unix://", "unix:")]))
        environment = disk.environment() | ({"CLOUDAPI_ALLOW_EGRESS": opened} if opened else {})
        server = Server(self.options.binary, data, self.folder / f"{name}.log", environment)
        server.credentials, server.token, server.disk = credentials, credentials["api_key"], disk
        return server.start()

    def make_projects(self, ours):
        """As many as one page shows; one is there from the start."""
        with ours.client(ours.token) as client:
            while len(client.call("GET", "/v1/projects?limit=100").json["data"]) < PROJECTS:
                made = client.call("POST", "/v1/projects", {"name": f"project {time.time_ns()}", "env": "prod"})
                assert made.status == 201, made

    # authenticated read

    def bare(self, body):
        path = self.folder / "body.json"
        path.write_bytes(body)
        return Process([self.options.bare, "--listen", f"{HOST}:PORT", "--body", path], self.folder / "bare.log").start("/v1/projects")

    def fastapi(self, database, workers):
        command = [python_with(*PACKAGES), "-m", "uvicorn", "fastapi_service:app", "--app-dir", HERE, "--host", HOST, "--port", "PORT", "--workers", workers,
                   "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
        return Process(command, self.folder / "fastapi.log", {"DATABASE": str(database), "RATE_LIMIT": str(UNLIMITED)}).start("/healthz")

    def authenticated_reads(self, ours):
        with ours.client(ours.token) as client:
            page = client.call("GET", f"/v1/projects?limit={PROJECTS}")
            body = client.call("GET", "/v1/projects").body
        database = self.folder / "fastapi.db"
        fastapi_service.seed(database, ours.token, page.json["data"])
        with self.bare(body) as bare, self.fastapi(database, 1) as one, self.fastapi(database, 2) as two:
            contenders = {"ours": ours, "bare": bare, "fastapi": one}
            self.same_work(body, one, ours.token)
            for each in (*contenders.values(), two):
                load.read(each, ours.token, 1)
            runs = {name: [] for name in contenders}
            for number in range(self.rounds):
                for name, process in contenders.items():
                    runs[name].append(load.read(process, ours.token, self.seconds))
                tell(f"read round {number + 1}: " + ", ".join(f"{name} {taken[-1].rate:,.0f}/s {taken[-1].cpu:.0f} µs" for name, taken in runs.items()))
            workers = load.read(two, ours.token, self.seconds)
        self.tell_reads(runs, workers, len(body))

    def same_work(self, body, fastapi, token):
        with fastapi.client(token) as client:
            reply = client.call("GET", "/v1/projects")
        assert reply.status == 200 and abs(len(reply.body) - len(body)) < len(body) / 10, f"FastAPI answers {len(reply.body)} bytes, ours {len(body)}"

    def tell_reads(self, runs, workers, size):
        ours, bare, fastapi = (medians(runs[name]) for name in ("ours", "bare", "fastapi"))
        against_bare = statistics.median(mine.rate / other.rate for mine, other in zip(runs["ours"], runs["bare"]))
        against_fastapi = statistics.median(mine.rate / other.rate for mine, other in zip(runs["ours"], runs["fastapi"]))
        add = self.table.add
        add("authenticated read, 64 connections", f"{ours.rate:,.0f}/s, p50 {ours.p50:.2f} ms, p99 {ours.p99:.2f} ms, {PROJECTS} projects, {size:,} bytes")
        add("— against bare Hummingbird", f"{against_bare:.2f} × ({bare.rate:,.0f}/s, {bare.cpu:.0f} µs CPU)", "≥ 0.70 ×", against_bare >= 0.70)
        add("— CPU a request", f"{ours.cpu:.0f} µs", "≤ 65 µs", ours.cpu <= 65)
        add("— against FastAPI + SQLite, 1 worker", f"{against_fastapi:.1f} × ({fastapi.rate:,.0f}/s, {fastapi.cpu:.0f} µs CPU; "
            f"2 workers, not counted: {workers.rate:,.0f}/s, {ours.rate / workers.rate:.1f} ×)", "≥ 5 ×", against_fastapi >= 5)

    def revocation(self, ours, keys=20):
        """In the middle of the load: a key works on two connections, is revoked, and its next request is refused on both and on a third."""
        accepted = 0
        with load.beside(ours, "read.lua", ours.token, 4 if self.options.quick else 8, 64):
            time.sleep(0.5)
            with ours.client(ours.token) as maker:
                for number in range(keys):
                    made = maker.call("POST", "/v1/api-keys", {"name": f"revoked {number}", "scope": ["read:projects"]}).json
                    with ours.client(made["key"]) as first, ours.client(made["key"]) as second, ours.client(made["key"]) as third:
                        assert {first.call("GET", "/v1/projects").status, second.call("GET", "/v1/projects").status} == {200}
                        revoked = maker.call("DELETE", f"/v1/api-keys/{made['key_id']}")
                        assert revoked.status in (200, 204), revoked
                        accepted += sum(client.call("GET", "/v1/projects").status != 401 for client in (first, second, third))
        self.table.add("— a key revoked during the run", f"{accepted} of {keys * 3} next requests let through", "0", accepted == 0)

    # durable write

    def durable_writes(self, ours):
        load.write(ours, ours.token, 1)
        runs, syncs, disk = [], [], machine.fdatasyncs(ours.data)
        for number in range(self.rounds):
            before = ours.disk.syncs()
            runs.append(self.counted(load.write(ours, ours.token, self.seconds)))
            syncs.append((ours.disk.syncs() - before) / runs[-1].requests * 1000)
            disk += machine.fdatasyncs(ours.data)
            tell(f"write round {number + 1}: {runs[-1].rate:,.0f}/s, {runs[-1].cpu:.0f} µs, {syncs[-1]:.1f} syncs per 1,000, p99 {runs[-1].p99:.1f} ms")
        write, sync = medians(runs), machine.percentile(disk, 0.99)
        self.disk = f"fdatasync of a 4 KiB append: p50 {machine.percentile(disk, 0.5):.2f} ms, p99 {sync:.2f} ms, {len(disk) / sum(disk) * 1000:,.0f}/s"
        add = self.table.add
        add("durable write, 64 connections", f"{write.rate:,.0f}/s, p50 {write.p50:.2f} ms")
        add("— CPU a write", f"{write.cpu:.0f} µs", "≤ 150 µs", write.cpu <= 150)
        add("— syncs per 1,000 writes", f"{statistics.median(syncs):.1f}", "≤ 40", statistics.median(syncs) <= 40)
        add("— p99", f"{write.p99:.2f} ms = {write.p99 / sync:.1f} × the fdatasync p99 of {sync:.2f} ms", "≤ 4 ×", write.p99 <= 4 * sync)

    def counted(self, run):
        self.written += run.requests
        return run

    def reads_under_writes(self, ours):
        alone, together, beside = [], [], []
        for number in range(self.rounds):
            alone.append(load.read(ours, ours.token, self.seconds, threads=1))
            with load.beside(ours, "write.lua", ours.token, self.seconds + 1, 32) as writes:
                time.sleep(0.5)
                together.append(load.read(ours, ours.token, self.seconds, threads=1))
            beside.append(self.counted(writes[0]))
            tell(f"read p99 round {number + 1}: alone {alone[-1].p99:.2f} ms, under writes {together[-1].p99:.2f} ms")
        ratio = statistics.median(under.p99 / by_itself.p99 for by_itself, under in zip(alone, together))
        self.table.add("reads under write load, p99", f"{ratio:.1f} × ({medians(together).p99:.2f} ms against {medians(alone).p99:.2f} ms alone, "
                       f"{medians(beside).rate:,.0f} writes/s by 32 connections)", "≤ 3 ×", ratio <= 3)

    # memory and start

    def start(self, ours, starts=5):
        wanted = 10_000 if self.options.quick else 100_000
        while self.written < wanted:
            self.counted(load.write(ours, ours.token, self.seconds))
        took = []
        for _ in range(starts):
            ours.stop()
            begun = time.perf_counter()
            ours.start(ready=None)
            self.first_answer(ours)
            took.append(time.perf_counter() - begun)
        middle = statistics.median(took)
        self.table.add(f"start to first answer, {self.written:,} projects", f"{middle:.2f} s (slowest of {starts}: {max(took):.2f} s)", "≤ 1 s", middle <= 1)

    def first_answer(self, ours):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                with ours.client(ours.token) as client:
                    if client.call("GET", "/v1/projects").status == 200:
                        return
            except OSError:
                time.sleep(0.001)
        raise RuntimeError(f"no answer within a minute of the start:\n{ours.tail()}")

    def memory(self, ours):
        self.make_projects(ours)
        ours.stop()
        ours.start()
        time.sleep(3)
        wanted, done = 100_000 if self.options.quick else 1_000_000, 0
        idle = machine.resident(ours.pid)
        done += load.read(ours, ours.token, 1).requests
        warm = machine.resident(ours.pid)
        while done < wanted:
            done += load.read(ours, ours.token, self.seconds).requests
        after = machine.resident(ours.pid)
        growth = after / idle - 1
        self.table.add("memory, idle", f"{idle:.1f} MB resident", "≤ 80 MB", idle <= 80)
        self.table.add(f"— after {done:,} requests", f"{after:.1f} MB", "≤ 80 MB", after <= 80)
        self.table.add("— growth from idle", f"{growth:.1%} (from {warm:.1f} MB after the first second of load: {after / warm - 1:.1%})", "≤ 10 %", growth <= 0.10)

    # kills

    def kills(self):
        rounds = "2" if self.options.quick else "20"
        suites = {f"kill -9, {rounds} rounds": ["--rounds", rounds],
                  f"kill -9 on a disk that forgets the unsynced, {rounds} rounds": ["--rounds", rounds, "--lossy"],
                  "— and with synchronous=OFF it must lose writes": ["--rounds", "2", "--lossy", "--synchronous", "off", "--expect-loss"]}
        for name, flags in suites.items():
            done = subprocess.run([sys.executable, ROOT / "Tests" / "Durability" / "durability.py", "--binary", self.options.binary, *flags],
                                  stdout=subprocess.PIPE, text=True)
            tell(done.stdout)
            self.table.add(name, (done.stdout.strip().splitlines() or ["nothing was printed"])[-1], "0 failed", done.returncode == 0)


def medians(runs):
    return load.Run(*(statistics.median(getattr(run, field) for run in runs) for field in load.Run.__dataclass_fields__))


def tell(words):
    print(words, file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, default=BUILD / "release" / "cloudapi")
    parser.add_argument("--bare", type=Path, default=BUILD / "release" / "bare-hummingbird")
    parser.add_argument("--quick", action="store_true", help="shorter rounds, a tenth of the requests and projects, 2 kill rounds: a rehearsal")
    parser.add_argument("--no-kill", action="store_true", help="leave the kill rounds out")
    parser.add_argument("--docker", metavar="unix://…", help="a Docker whose own speed is the measure of ours")
    parser.add_argument("--docker-image", default="cp-busybox:1", help="an image it has")
    parser.add_argument("--only-resources", action="store_true", help="leave everything else out")
    parser.add_argument("--only-pages", action="store_true", help="leave everything else out")
    parser.add_argument("--only-signals", action="store_true", help="leave everything else out")
    parser.add_argument("--events", type=int, help="how long the log is that is verified and reported on; a million when left out")
    parser.add_argument("--only-oauth", action="store_true", help="leave everything else out")
    parser.add_argument("--only-ingest", action="store_true", help="points alone")
    parser.add_argument("--only-bills", action="store_true", help="bills and cost views alone")
    parser.add_argument("--big", action="store_true", help="ten million points as well as one")
    parser.add_argument("--keep", metavar="FOLDER", help="work in this folder, and leave it")
    options = parser.parse_args()
    before = time.strftime("%Y-%m-%d %H:%M"), Path("/proc/loadavg").read_text().split()[0]
    with workspace(options.keep) as folder:
        bench = Bench(options, folder)
        try:
            bench.run()
        finally:
            print(bench.table.markdown())
            print(f"\n{before[0]}, {machine.description()}; {bench.disk}; load average {before[1]} before, {Path('/proc/loadavg').read_text().split()[0]} after."
                  + (" A rehearsal (--quick)." if options.quick else ""))


if __name__ == "__main__":
    main()
