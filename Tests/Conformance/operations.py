#!/usr/bin/env python3
"""Does to an installation what an operator does, with real processes, and looks at what came of it.

    operations.py --binary .build/debug/cloudapi [--only stop,backup,…]

Each part works in a data folder of its own:

  first     `serve` on an empty folder initialises itself, and the curl it prints works when pasted
  refusals  `init` twice, a second server on one folder, a database of a newer version: exit 1 and one sentence each; what `doctor` says
  stop      SIGTERM under load: exit 0 within a bound, everything begun is answered, every answer was counted
  backup    a backup taken while clients write; restored elsewhere it verifies, serves, knows the old keys and every write before it
  password  `users reset-password` beside a running server ends the user's sessions at their next request
  tamper    a changed, a removed and a forged row of the log are each found by `audit verify`
"""
import argparse
import contextlib
import http.client
import json
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "Durability"))
from durability import Write
from server import Checks, Client, Server, audit, every, init, run, workspace

CLIENTS = 8


class Operator:
    """One data folder, and the commands on it."""

    def __init__(self, binary, folder, name):
        self.binary, self.folder, self.data = binary, folder, folder / name
        self.server = Server(binary, self.data, folder / f"{name}.log")

    def init(self, **options):
        self.credentials = init(self.binary, self.data, **options)
        return self

    def run(self, *words, data=None):
        return run([self.binary, *words, "--data", data or self.data])

    @contextlib.contextmanager
    def database(self, data=None):
        with contextlib.closing(sqlite3.connect((data or self.data) / "cloudapi.db", isolation_level=None)) as connection:
            yield connection

    def one(self, sql, *values):
        with self.database() as database:
            return database.execute(sql, values).fetchone()[0]


class Load(threading.Thread):
    """A client that asks until it is told to stop or the server hangs up."""

    def __init__(self, port, token, name, ask):
        super().__init__()
        self.client, self.name, self.ask, self.over = Client(port, token), name, ask, threading.Event()
        self.sent, self.answered = 0, []

    def run(self):
        with contextlib.suppress(OSError, http.client.HTTPException), self.client:
            while not self.over.is_set():
                self.sent += 1
                self.answered.append(self.ask(self))


@contextlib.contextmanager
def loaded(server, token, ask):
    loads = [Load(server.port, token, f"client-{number}", ask) for number in range(CLIENTS)]
    for load in loads:
        load.start()
    try:
        yield loads
    finally:
        for load in loads:
            load.over.set()
        for load in loads:
            load.join()


def one_sentence(done):
    """Whether a command failed as one that was asked for something it cannot do: status 1, one line on stderr, nothing on stdout."""
    return done.returncode == 1 and not done.stdout and re.fullmatch(r"Error: [^\n]+\.\n", done.stderr) is not None


def said(done):
    return done.returncode, done.stdout, done.stderr


# The parts


def first(check, operator):
    with operator.server.start() as server:
        printed = server.log.read_text()
        curls = re.findall(r"^ *(curl .*)$", printed, re.M)
        check.that("serve on an empty folder prints how to sign in and two calls", "Password" in printed and len(curls) == 2, printed)
        for line in curls:
            pasted = subprocess.run(["sh", "-c", f"{line} --silent --fail-with-body --max-time 10"], capture_output=True, text=True)
            check.that(f"pasted, it works: {line[:70]}…", pasted.returncode == 0, said(pasted))
        password = re.search(r"Password +(\S+)", printed)
        with server.client() as client:
            reply = client.call("POST", "/v1/sessions", {"email": "admin@example.com", "password": password and password[1]})
        check.that("the password that was printed signs in", reply.status == 201, reply)
        server.stop()
        mode = (operator.data / "key").stat().st_mode & 0o777
        check.that("the vault's key is for its owner alone", mode == 0o600, oct(mode))
        server.start()
        check.that("a second start prints no credentials", server.log.read_text().count("Password") == 1)
        check.that("doctor finds nothing beside a running server", operator.run("doctor").returncode == 0, said(operator.run("doctor")))


def refusals(check, operator):
    done = operator.run("doctor")
    check.that("doctor names a folder that is not there", done.returncode == 1 and "BAD" in done.stdout and "cloudapi init" in done.stdout, said(done))
    check.that("backup of nothing is refused", one_sentence(operator.run("backup", operator.folder / "nothing.db")), said(operator.run("backup", "x")))
    operator.init()
    done = operator.run("init", "--json")
    check.that("a second init is refused", one_sentence(done), said(done))
    check.that("doctor finds a new installation well", operator.run("doctor").returncode == 0, said(operator.run("doctor")))
    with operator.server.start() as server, server.client(operator.credentials["api_key"]) as client:
        other = run([operator.binary, "serve", "--data", operator.data, "--listen", "127.0.0.1:0"], within=30)
        check.that("a second server on the same folder is refused", one_sentence(other), said(other))
        check.that("and the first one does not notice", client.call("GET", "/v1/projects").status == 200)
        taken = run([operator.binary, "serve", "--data", operator.folder / "elsewhere", "--listen", f"127.0.0.1:{server.port}"], within=30)
        check.that("a port that is taken is refused", taken.returncode == 1 and str(server.port) in taken.stderr and len(taken.stderr.splitlines()) == 1, said(taken))
        check.that("the server stops gracefully", server.stop() == 0)
    newer(check, operator)
    (operator.data / "key").chmod(0o644)
    done = operator.run("doctor")
    check.that("doctor names a key file that others can read", done.returncode == 1 and "chmod 600" in done.stdout, said(done))


def newer(check, operator):
    with operator.database() as database:
        database.execute("INSERT INTO migrations (id, applied_at) VALUES ('9999-from-the-future', 0)")
    for words in (["serve", "--listen", "127.0.0.1:0"], ["migrate"], ["init"], ["backup", operator.folder / "never.db"]):
        done = operator.run(*words)
        check.that(f"{words[0]} refuses a database of a newer version, and names it", one_sentence(done) and "9999-from-the-future" in done.stderr, said(done))
    with operator.database() as database:
        database.execute("DELETE FROM migrations WHERE id = '9999-from-the-future'")
    with operator.server.start() as server:
        check.that("without it the same folder serves again", server.stop() == 0)


def stop(check, operator):
    operator.init()
    server = operator.server.start()
    with server.client(operator.credentials["api_key"]) as client:
        key = client.call("POST", "/v1/api-keys", {"name": "counted", "scope": ["*"], "rate_limit_per_minute": 1_000_000}).json

    def ask(load):
        if load.sent % 3:
            return load.client.call("GET", "/v1/projects")
        return Write(f"{load.name}-{load.sent}").send(load.client)

    with server, loaded(server, key["key"], ask) as loads:
        time.sleep(2.2)
        begun = time.monotonic()
        status = server.stop(within=30)
        took = time.monotonic() - begun
    answered = [reply for load in loads for reply in load.answered]
    good = [reply for reply in answered if reply.status in (200, 201)]
    others = [reply for reply in answered if reply.status not in (200, 201)]
    sent = sum(load.sent for load in loads)
    counted = operator.one("SELECT COALESCE(SUM(requests), 0) FROM request_minutes WHERE credential = ?", key["key_id"])
    check.that(f"SIGTERM under load ends it with 0 ({len(good)} answers before)", status == 0 and len(good) > 20, (status, len(good), server.tail()))
    check.that("within the bound of 25 s", took < 25, f"{took:.1f} s")
    check.that("what was answered at the end was answered well, or 503 shutting_down", all(reply.code == "shutting_down" for reply in others), others[:3])
    check.that("every request that was answered is counted, and none twice", len(good) <= counted <= sent, (len(good), counted, sent))
    made = {reply.json["id"] for reply in good if reply.status == 201}
    with operator.database() as database:
        held = {row[0] for row in database.execute("SELECT id FROM projects")}
    check.that("every write that was answered is there", made <= held, len(made - held))
    check.that("the write-ahead log was folded in", not (operator.data / "cloudapi.db-wal").exists(), list(operator.data.iterdir()))
    gaps = operator.one("SELECT COUNT(*) FROM events WHERE type = 'metering.gap'")
    with server.start(), server.client(operator.credentials["api_key"]) as client:
        client.call("GET", "/v1/ping")
        check.that("after a graceful stop no gap is reported", operator.one("SELECT COUNT(*) FROM events WHERE type = 'metering.gap'") == gaps == 0)
    check.that("the log verifies", *audit(operator.binary, operator.data))


def backup(check, operator):
    operator.init()
    file, restored = operator.folder / "backup.db", operator.folder / "restored"
    with operator.server.start() as server:
        token = operator.credentials["api_key"]
        with loaded(server, token, lambda load: Write(f"{load.name}-{load.sent}").send(load.client)) as loads:
            time.sleep(1)
            before = {reply.json["id"] for load in loads for reply in list(load.answered) if reply.status == 201}
            done = operator.run("backup", file)
            during = sum(len(load.answered) for load in loads) - len(before)
        answers = [reply for load in loads for reply in load.answered]
        written = {reply.json["id"] for reply in answers if reply.status == 201}
        check.that(f"a backup is taken while clients write ({during} writes meanwhile)", done.returncode == 0 and file.exists() and during > 0, said(done))
        check.that("and no write is refused for it", all(reply.status == 201 for reply in answers), [reply for reply in answers if reply.status != 201][:3])
        check.that("the backup is for its owner alone", file.stat().st_mode & 0o077 == 0, oct(file.stat().st_mode))
        check.that("a backup over a file that is there is refused", one_sentence(operator.run("backup", file)), said(operator.run("backup", file)))
    done = operator.run("restore", file, data=restored)
    check.that("it is restored into a new folder, and verified", done.returncode == 0 and "rows" in done.stdout, said(done))
    check.that("restoring over it is refused", one_sentence(operator.run("restore", file, data=restored)), said(operator.run("restore", file, data=restored)))
    shutil.copy2(operator.data / "key", restored / "key")
    check.that("its log verifies", *audit(operator.binary, restored))
    with Server(operator.binary, restored, operator.folder / "restored.log").start() as server, server.client(token) as client:
        held = {project["id"] for project in every(client, "/v1/projects")}
        check.that("the old key works on it", bool(held))
        check.that("every write acknowledged before the backup is in it", before <= held, len(before - held))
        check.that("and nothing that was never written", held <= written | {operator.credentials["project_id"]}, len(held - written))
        check.that("it takes writes", Write("after").send(client).status == 201)
        check.that("doctor finds it well", operator.run("doctor", data=restored).returncode == 0, said(operator.run("doctor", data=restored)))


def password(check, operator):
    operator.init()
    email, session = operator.credentials["email"], operator.credentials["session_token"]
    with operator.server.start() as server, server.client() as client:
        def sign_in(password):
            return client.call("POST", "/v1/sessions", {"email": email, "password": password})

        second = sign_in(operator.credentials["password"]).json["token"]
        asked = [client.call("GET", "/v1/projects", token=token).status for token in (session, second)]
        done = operator.run("users", "reset-password", "--email", email, "--password", "correct horse battery")
        after = [client.call("GET", "/v1/projects", token=token).status for token in (session, second)]
        check.that("reset-password works beside a running server", done.returncode == 0, said(done))
        check.that("every session of the user is refused at its next request", asked == [200, 200] and after == [401, 401], (asked, after))
        check.that("the keys go on", client.call("GET", "/v1/projects", token=operator.credentials["api_key"]).status == 200)
        check.that("the old password is refused", sign_in(operator.credentials["password"]).status == 401)
        check.that("the new one signs in", sign_in("correct horse battery").status == 201)
        done = operator.run("users", "reset-password", "--email", "nobody@example.com")
        check.that("an unknown address is refused", one_sentence(done), said(done))
        made = operator.run("workspaces", "create", "--name", "Other", "--email", email, "--json")
        check.that("another workspace is made beside a running server", made.returncode == 0, said(made))
        other = json.loads(made.stdout)
        check.that("its key works at once, and sees its own alone",
                   [project["id"] for project in client.call("GET", "/v1/projects?limit=10", token=other["api_key"]).json["data"]] == [other["project_id"]])
        done = operator.run("users", "reset-password", "--email", email)
        check.that("an address known in two workspaces needs the workspace named", one_sentence(done), said(done))


def tamper(check, operator):
    operator.init()
    with operator.server.start() as server, server.client(operator.credentials["api_key"]) as client:
        for number in range(5):
            Write(f"tampered {number}").send(client)
        server.stop()
    changes = {
        "a changed row": "UPDATE events SET type = 'project.renamed' WHERE sequence = (SELECT MAX(sequence) - 2 FROM events WHERE mode = 'live') AND mode = 'live'",
        "a removed row": "DELETE FROM events WHERE sequence = (SELECT MAX(sequence) - 2 FROM events WHERE mode = 'live') AND mode = 'live'",
        "a removed last row": "DELETE FROM events WHERE sequence = (SELECT MAX(sequence) FROM events WHERE mode = 'live') AND mode = 'live'",
        "a row moved to the other mode": "UPDATE events SET mode = 'test', sequence = (SELECT MAX(sequence) + 1 FROM events WHERE mode = 'test') WHERE sequence = (SELECT MAX(sequence) FROM events WHERE mode = 'live') AND mode = 'live'",
    }
    check.that("the log verifies as it is", *audit(operator.binary, operator.data))
    for name, sql in changes.items():
        copy = operator.folder / "tampered"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(operator.data, copy)
        with operator.database(copy) as database:
            changed = database.execute(sql).rowcount
        verified, found = audit(operator.binary, copy)
        check.that(f"{name} is found", changed == 1 and not verified, (changed, found))


PARTS = (first, refusals, stop, backup, password, tamper)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, type=Path)
    parser.add_argument("--only", default=",".join(part.__name__ for part in PARTS))
    options = parser.parse_args()
    check = Checks()
    for part in PARTS:
        if part.__name__ in options.only.split(","):
            print(f"-- {part.__name__}", flush=True)
            with workspace() as folder:
                try:
                    part(check, Operator(options.binary.resolve(), folder, "data"))
                except Exception as error:  # a part that breaks is a failure of it, and the rest still runs
                    check.that(f"{part.__name__} ran to its end", False, repr(error))
    return check.ended()


if __name__ == "__main__":
    sys.exit(main())
