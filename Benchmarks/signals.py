"""The figures of signals for bench.py: what webhooks cost a commit, how fast deliveries and live listeners are, whether one hanging endpoint
delays the others, how fast the log is verified and reported on."""
import asyncio
import contextlib
import json
import socket
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import load

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Tests" / "Conformance"))
import live  # noqa: E402

HOST = "127.0.0.1"


def measure(bench):
    figures = Signals(bench)
    figures.commits()
    figures.deliveries()
    figures.hanging()
    figures.listeners()
    figures.log()


class Sink:
    """An HTTP server that answers 204 to everything as cheaply as Python can, or never; notes when each event came."""

    def __init__(self, hangs=False):
        self.hangs, self.arrivals, self.ready = hangs, {}, threading.Event()
        threading.Thread(target=lambda: asyncio.run(self.serve()), daemon=True).start()
        self.ready.wait()

    @property
    def url(self):
        return f"http://{HOST}:{self.port}/"

    async def serve(self):
        server = await asyncio.start_server(self.take, HOST, 0, backlog=512)
        self.port = server.sockets[0].getsockname()[1]
        self.ready.set()
        await server.serve_forever()

    async def take(self, reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                fields = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:] if b": " in line)
                body = await reader.readexactly(int(fields[b"content-length"]))
                now = time.time()
                if self.hangs:
                    await asyncio.sleep(3600)
                self.arrivals.setdefault(json.loads(body)["subject"], now)
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()


class Signals:
    def __init__(self, bench):
        self.bench, self.table, self.quick = bench, bench.table, bench.options.quick

    def server(self, name):
        return self.bench.ours(name, egress="127.0.0.0/8")

    def call(self, server, method, path, body=None, timeout=600):
        with server.client(server.token, timeout=timeout) as client:
            answer = client.call(method, path, body)
        assert answer.status < 300, answer
        return answer.json

    def hook(self, server, sink, *events):
        return self.call(server, "POST", "/v1/webhooks", {"url": sink.url, "events": list(events) or ["*"]})["id"]

    def commits(self):
        """Durable writes with three endpoints that take everything, in turns with a server that has none."""
        with self.server("signals-plain") as plain, self.server("signals-hooked") as hooked:
            sinks = [Sink() for _ in range(3)]
            for sink in sinks:
                self.hook(hooked, sink)
            for server in (plain, hooked):
                load.write(server, server.token, 1)
            ratios, rates = [], []
            for _ in range(self.bench.rounds):
                without = load.write(plain, plain.token, self.bench.seconds)
                with_three = load.write(hooked, hooked.token, self.bench.seconds)
                ratios.append(with_three.rate / without.rate)
                rates.append((without.rate, with_three.rate))
            ratio = statistics.median(ratios)
            self.table.add("durable writes with three endpoints ÷ with none",
                           f"{ratio:.2f} ({statistics.median(r[1] for r in rates):,.0f} ÷ {statistics.median(r[0] for r in rates):,.0f}/s)", "≥ 0.8", ratio >= 0.8)

    def paced(self, server, rate, seconds, threads=8):
        """Changes at a steady rate; answers the time of each one's answer by the id it made."""
        made, lock = {}, threading.Lock()

        def work(number):
            with server.client(server.token) as client:
                due = time.monotonic() + number / rate
                end = time.monotonic() + seconds
                while due < end:
                    time.sleep(max(0, due - time.monotonic()))
                    answer = client.call("POST", "/v1/projects", {"name": f"Paced {number} {time.time_ns()}"})
                    at = time.time()
                    assert answer.status == 201, answer
                    with lock:
                        made[answer.json["id"]] = at
                    due += threads / rate

        workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return made

    def received(self, sink, made, within=60):
        """Milliseconds from a change's answer to its first receipt."""
        deadline = time.monotonic() + within
        while made.keys() - sink.arrivals.keys() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not made.keys() - sink.arrivals.keys(), f"{len(made.keys() - sink.arrivals.keys())} of {len(made)} never came"
        return sorted(max(0, sink.arrivals[subject] - at) * 1000 for subject, at in made.items())

    def deliveries(self):
        rate = 100 if self.quick else 500
        with self.server("signals-deliveries") as server:
            sink = Sink()
            self.hook(server, sink, "project.created")
            made = self.paced(server, rate, self.bench.seconds * 2)
            waits = self.received(sink, made)
            p50, p99 = waits[len(waits) // 2], waits[int(len(waits) * 0.99)]
            real = len(made) / (self.bench.seconds * 2)
            self.table.add(f"from a change's answer to its receipt at {real:,.0f} events/s", f"p50 {p50:.1f} ms, p99 {p99:.1f} ms", "p99 ≤ 100 ms", p99 <= 100)
            before, begun = len(sink.arrivals), time.time()
            burst = load.write(server, server.token, self.bench.seconds)
            while len(sink.arrivals) < before + burst.requests and time.time() < begun + 300:
                time.sleep(0.05)
            took = max(sink.arrivals.values()) - begun
            self.table.add("first attempts, one endpoint", f"{(len(sink.arrivals) - before) / took:,.0f}/s")

    def hanging(self):
        """A healthy endpoint's first attempts beside one that never answers, in turns with a server that has no such one."""
        with self.server("signals-hanging") as beside, self.server("signals-alone") as alone:
            sinks = {server: Sink() for server in (beside, alone)}
            for server, sink in sinks.items():
                self.hook(server, sink, "project.created")
            self.hook(beside, Sink(hangs=True), "project.created")
            tails = {server: [] for server in sinks}
            for _ in range(self.bench.rounds):
                for server, sink in sinks.items():
                    waits = self.received(sink, self.paced(server, 100, self.bench.seconds))
                    tails[server].append(waits[int(len(waits) * 0.99)])
            ratio = statistics.median(tails[beside]) / statistics.median(tails[alone])
            self.table.add("p99 of first attempts beside an endpoint that hangs ÷ without it",
                           f"{ratio:.2f} ({statistics.median(tails[beside]):.1f} ÷ {statistics.median(tails[alone]):.1f} ms)", "≤ 1.5", ratio <= 1.5)

    def listeners(self):
        count, events = (100, 40) if self.quick else (1000, 200)
        with self.server("signals-live") as server:
            async def listen():
                audience = live.Audience(server.port, server.token, count, library=False)
                await audience.connect()
                await audience.change(events // 2, rate=10)
                await audience.heard()
                await audience.cut()
                await audience.change(events // 4, rate=50)
                await audience.connect()
                await audience.change(events // 4, rate=10)
                return await audience.heard() and audience.in_order(), sorted(audience.lags(events // 4))
            whole, lags = asyncio.run(listen())
        self.table.add(f"{count:,} listeners, each event once and in order across a reconnect", "yes" if whole else "no", "yes", whole)
        self.table.add("— lag, 10 events a second", f"p50 {lags[len(lags) // 2]:.1f} ms, p99 {lags[int(len(lags) * 0.99)]:.1f} ms")

    def log(self):
        """Verification of, and a report over, a log of a million events."""
        wanted = self.bench.options.events or (20_000 if self.quick else 1_000_000)
        with self.server("signals-log") as server:
            count = 0
            while count < wanted:
                count += load.write(server, server.token, 10).requests if wanted - count > 20_000 else load.write(server, server.token, 1).requests
            body = {"from": "2020-01-01T00:00:00Z", "to": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
            begun = time.monotonic()
            report = self.call(server, "POST", "/v1/compliance/reports", body)
            took = time.monotonic() - begun
            rows = report["manifest"]["chain"]["to_seq"]
            aim = 10 * rows / 1_000_000
            self.table.add(f"compliance report over {rows:,} events", f"{took:.1f} s, {rows / took:,.0f} events/s", "≤ 10 s a million", took <= aim)
            begun = time.monotonic()
            size = self.download(server, f"/v1/compliance/reports/{report['id']}/content?format=json")
            self.table.add("— its content as JSON", f"{time.monotonic() - begun:.1f} s, {size / 1e6:,.0f} MB")
            data, binary = server.data, server.binary
        begun = time.monotonic()
        done = subprocess.run([str(binary), "audit", "verify", "--data", str(data), "--json"], capture_output=True, text=True, timeout=600)
        took = time.monotonic() - begun
        assert done.returncode == 0, done.stdout + done.stderr
        rows = sum(chain["rows"] for chain in json.loads(done.stdout)["chains"])
        self.table.add("audit verify", f"{rows / took:,.0f} rows/s ({rows:,} rows)", "≥ 200,000/s", rows / took >= 200_000)

    def download(self, server, path):
        size = 0
        with socket.create_connection((HOST, server.port), timeout=600) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.token}\r\nConnection: close\r\n\r\n".encode())
            while piece := connection.recv(1 << 20):
                size += len(piece)
        return size
