#!/usr/bin/env python3
"""The live stream as many listeners see it: each of them every event once, in order, across a reconnect.

    live.py --binary .build/debug/cloudapi [--listeners 50] [--events 200]

One of the listeners is PyPI's `httpx-sse`; the others are plain sockets that read what the protocol says and nothing more. In the middle
each is cut off, while changes go on, and comes back with the `Last-Event-ID` it saw last.
"""
import argparse
import asyncio
import json
import statistics
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "Durability"))
from server import HOST, Checks, Server, init, within_venv, workspace  # noqa: E402

PACKAGES = ("httpx>=0.27,<1", "httpx-sse>=0.4,<1")
TYPE = "project.created"


class Listener:
    """One client: what it has seen, by number and time of arrival."""

    def __init__(self, port, token, after):
        self.port, self.token, self.last, self.seen, self.arrivals, self.connections = port, token, str(after), [], [], 0
        self.task = None

    @property
    def head(self):
        return {"Authorization": f"Bearer {self.token}", "Accept": "text/event-stream", "Last-Event-ID": self.last}

    def take(self, identity, data):
        self.last = identity or self.last
        if data:
            event = json.loads(data)
            self.seen.append(event["seq"])
            self.arrivals.append(time.time())

    def start(self):
        self.task = asyncio.create_task(self.listen())

    async def cut(self):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


class Socket(Listener):
    async def listen(self):
        reader, writer = await asyncio.open_connection(HOST, self.port, limit=1 << 20)
        try:
            head = "".join(f"{name}: {value}\r\n" for name, value in self.head.items())
            writer.write(f"GET /v1/events?type={TYPE} HTTP/1.1\r\nHost: {HOST}\r\n{head}\r\n".encode())
            status = await reader.readline()
            if b" 200 " not in status:
                raise RuntimeError(f"{status} {await reader.read(2000)}")
            while (await reader.readline()).strip():
                pass
            self.connections += 1
            identity, data, rest = "", "", b""
            while size := int((await reader.readline()).strip() or b"0", 16):
                rest += await reader.readexactly(size)
                await reader.readexactly(2)
                *lines, rest = rest.split(b"\n")
                for line in lines:
                    field, _, value = line.decode().partition(": ")
                    if field == "id":
                        identity = value
                    elif field == "data":
                        data += value
                    elif not line:
                        self.take(identity, data)
                        identity, data = "", ""
        finally:
            writer.close()


class Library(Listener):
    async def listen(self):
        import httpx
        import httpx_sse

        async with httpx.AsyncClient(timeout=None) as client:
            head = {name: value for name, value in self.head.items() if name != "Accept"}
            async with httpx_sse.aconnect_sse(client, "GET", f"http://{HOST}:{self.port}/v1/events?type={TYPE}", headers=head) as source:
                source.response.raise_for_status()
                self.connections += 1
                async for event in source.aiter_sse():
                    self.take(event.id, event.data)


class Audience:
    """So many listeners, and the changes they hear of."""

    def __init__(self, port, token, count, library=True):
        self.port, self.token = port, token
        with self.client() as client:
            after = client.call("GET", "/v1/events?limit=1").json
            after = (after.get("data") or after["items"])[0]["seq"]
        self.listeners = ([Library(port, token, after)] if library else []) + [Socket(port, token, after) for _ in range(count - int(library))]
        self.made = []

    def client(self):
        from server import Client
        return Client(self.port, self.token)

    async def connect(self, within=60):
        times = [listener.connections + 1 for listener in self.listeners]
        for number, listener in enumerate(self.listeners):
            listener.start()
            if number % 100 == 99:
                await asyncio.sleep(0.05)
        deadline = time.monotonic() + within
        while any(listener.connections < wanted for listener, wanted in zip(self.listeners, times)):
            for listener in self.listeners:
                if listener.task.done() and listener.task.exception():
                    raise listener.task.exception()
            if time.monotonic() > deadline:
                raise RuntimeError("not all listeners got through")
            await asyncio.sleep(0.01)

    async def cut(self):
        await asyncio.gather(*(listener.cut() for listener in self.listeners))

    async def change(self, count, rate=None):
        """Makes so many changes, each noted with the time of its answer."""
        def work():
            with self.client() as client:
                for number in range(count):
                    begun = time.monotonic()
                    made = client.call("POST", "/v1/projects", {"name": f"Live {time.time_ns()}"})
                    if made.status != 201:
                        raise RuntimeError(str(made))
                    self.made.append((made.json["id"], time.time()))
                    if rate:
                        time.sleep(max(0, 1 / rate - (time.monotonic() - begun)))
        await asyncio.to_thread(work)

    async def heard(self, within=60):
        """Whether everybody has heard everything, waiting for it."""
        deadline = time.monotonic() + within
        while any(len(listener.seen) < len(self.made) for listener in self.listeners) and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.3)  # for what comes twice
        return all(len(listener.seen) == len(self.made) for listener in self.listeners)

    def in_order(self):
        """Whether all saw the same numbers, rising."""
        first = self.listeners[0].seen
        return first == sorted(set(first)) and all(listener.seen == first for listener in self.listeners)

    def lags(self, last):
        """Milliseconds from the answer of a change until each listener had it, of the last so many changes."""
        times = [at for _, at in self.made][-last:]
        return [(arrival - at) * 1000 for listener in self.listeners for at, arrival in zip(times, listener.arrivals[-last:])]


async def run(checks, port, token, count, events):
    audience = Audience(port, token, count)
    await audience.connect()
    checks.that(f"{count} listeners, one of them httpx-sse, are connected", True)
    await audience.change(events // 2)
    whole = await audience.heard()
    checks.that(f"each hears {events // 2} events once", whole, sorted({len(listener.seen) for listener in audience.listeners}))
    await audience.cut()
    await audience.change(events // 4)
    await audience.connect()
    await audience.change(events // 4)
    whole = await audience.heard()
    checks.that("and all of them across a reconnect", whole, sorted({len(listener.seen) for listener in audience.listeners}))
    checks.that("in order, without a repetition", audience.in_order())
    lags = audience.lags(events // 4)
    print(f"      from a change's answer to a listener: p50 {statistics.median(lags):.1f} ms, p99 {sorted(lags)[int(len(lags) * 0.99)]:.1f} ms")
    await audience.cut()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, type=Path)
    parser.add_argument("--listeners", type=int, default=50)
    parser.add_argument("--events", type=int, default=200)
    options = parser.parse_args()
    checks = Checks()
    with workspace() as folder:
        credentials = init(options.binary, folder / "data")
        with Server(options.binary, folder / "data", folder / "server.log").start() as server:
            asyncio.run(run(checks, server.port, credentials["api_key"], options.listeners, options.events))
            checks.that("SIGTERM ends the server", server.stop() == 0, server.tail())
    return checks.ended()


if __name__ == "__main__":
    within_venv(*PACKAGES)
    sys.exit(main())
