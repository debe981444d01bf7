#!/usr/bin/env python3
"""Fills the disk under a running server: reads go on, writes are refused with a reason, and freeing it is all that mends it.

    fulldisk.py --binary .build/debug/cloudapi

The disk is `lossydisk.c`, which from a chosen moment refuses every write that would make a file longer. As on a real one,
a write that fits into what is allocated already (a WAL begun anew) may still succeed, so each write is judged by its answer:
201 must be there afterwards, 503 `store_read_only` with Retry-After must not, and nothing else is allowed.
"""
import argparse
import contextlib
import http.client
import sys
import threading
import time

from disk import Disk
from durability import Write
from server import Checks, Client, Server, audit, every, init, workspace

PATIENCE = 20
WRITERS = 4


class Writer(threading.Thread):
    """Writes until told to stop and keeps every write with its answers."""

    def __init__(self, port, token, name):
        super().__init__()
        self.client, self.over = Client(port, token), threading.Event()
        self.tag, self.writes, self.replies, self.broken = name, [], [], None

    def run(self):
        try:
            while not self.over.is_set():
                self.writes.append(Write(f"{self.tag}-{len(self.writes)}"))
                self.replies.append(self.writes[-1].send(self.client))
                time.sleep(0.002)
        except (OSError, http.client.HTTPException) as error:
            self.broken = repr(error)


@contextlib.contextmanager
def writing(server, token, phase):
    writers = [Writer(server.port, token, f"{phase}-{number}") for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    try:
        yield writers
    finally:
        for writer in writers:
            writer.over.set()
        for writer in writers:
            writer.join()


def refused(writers):
    return [reply for writer in writers for reply in writer.replies if reply.status != 201]


def wait_for(condition, within):
    deadline = time.monotonic() + within
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)


def fill_and_free(check, server, disk, token):
    with server.client(token) as client:
        before = Write("before")
        check.that("a write succeeds while there is room", before.send(client).status == 201)
        with writing(server, token, "full") as writers:
            disk.fill()
            wait_for(lambda: refused(writers), PATIENCE)
            statuses = {client.call("GET", path).status for path in ("/v1/projects", "/v1/ping", "/healthz") for _ in range(50)}
            time.sleep(1)
        answers = refused(writers)
        check.that("writes are refused once the disk is full", answers, f"none of {sum(len(w.replies) for w in writers)} writes")
        check.that("every refusal is a 503 store_read_only with Retry-After", all(r.status == 503 and r.code == "store_read_only" and int(r.headers.get("retry-after", 0)) >= 1
                   for r in answers), next((r for r in answers if r.code != "store_read_only" or "retry-after" not in r.headers), ""))
        check.that("no connection broke", not any(writer.broken for writer in writers), [writer.broken for writer in writers])
        check.that("reads go on with 200", statuses == {200}, statuses)
        disk.free()
        after, replies = Write("after"), []
        wait_for(lambda: replies.append(after.send(client)) or replies[-1].status == 201, PATIENCE)
        check.that("a write succeeds again without a restart", replies[-1].status == 201, replies[-1])
        open_ends = [write for writer in writers for write in writer.writes if not write.answer]
        retried = [write.send(client) for write in open_ends]
        check.that("what was refused succeeds when retried with its key", all(r.status == 201 for r in retried), next((r for r in retried if r.status != 201), ""))
        listed = [project["name"] for project in every(client, "/v1/projects")]
        wanted = {write.name for writer in writers for write in writer.writes} | {"before", "after"}
        check.that("every write is there exactly once", wanted <= set(listed) and len(set(listed)) == len(listed), f"{len(listed)} listed, {len(wanted)} wanted")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    options = parser.parse_args()
    check = Checks()
    with workspace() as folder:
        disk = Disk(folder / "data", folder / "disk")
        credentials = init(options.binary, disk.data)
        disk.settle()
        with Server(options.binary, disk.data, folder / "server.log", disk.environment()) as server:
            server.start()
            fill_and_free(check, server, disk, credentials["api_key"])
            check.that("the server stops gracefully", server.stop() == 0)
        check.that("the audit chains verify", *audit(options.binary, disk.data))
    return check.ended()


if __name__ == "__main__":
    sys.exit(main())
