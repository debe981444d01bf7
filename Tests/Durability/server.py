"""Starts, stops, kills and calls a `cloudapi` server: what the out-of-process suites share.

Every process started here dies with the one that started it, also when that one is killed, and is ended by its own id.
Only the standard library is needed; a suite that wants more asks `python_with` for an interpreter that has it.
"""
import contextlib
import ctypes
import fcntl
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / ".build"
HOST = "127.0.0.1"
UNLIMITED = 100_000_000
PR_SET_PDEATHSIG = 1


class Checks:
    """What a suite asked and found, printed as it goes; `ended` is for its last line and its exit status."""

    passed = failed = 0
    lock = threading.Lock()

    def that(self, name, holds, seen=""):
        with self.lock:
            self.passed, self.failed = self.passed + bool(holds), self.failed + (not holds)
            print(f"ok    {name}" if holds else f"FAIL  {name}   {str(seen)[:900]}", flush=True)
        return holds

    def ended(self):
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """The problem code of an error, None for everything else."""
        problem = "application/problem+json" in self.headers.get("content-type", "")
        return self.json.get("code") if problem else None

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


class Client:
    """One kept-alive connection, made anew when it stood idle, which the server ends after a while. Anything the network does wrong comes out as
    OSError or HTTPException."""

    IDLE = 10

    def __init__(self, port, token=None, timeout=30, host=HOST):
        self.token, self.used = token, time.monotonic()
        self.connection = http.client.HTTPConnection(host, port, timeout=timeout)

    def call(self, method, path, body=None, headers=None, token=None):
        """`body` is a JSON value or, as bytes, what is sent."""
        sent = {"Accept": "application/json"}
        if token or self.token:
            sent["Authorization"] = f"Bearer {token or self.token}"
        if body is not None:
            sent["Content-Type"] = "application/json"
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        if time.monotonic() - self.used > self.IDLE:
            self.connection.close()
        self.connection.request(method, path, body=body, headers=sent | (headers or {}))
        answer = self.connection.getresponse()
        reply = Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        self.used = time.monotonic()
        return reply

    def close(self):
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Process:
    """A server process listening on a port of its own, the same one over every restart. In `command` it is called PORT.

    `node` is the place in a network where it runs (network.py), with its `address` and the words that `enter` it."""

    def __init__(self, command, log, environment=None, node=None):
        self.port, self.host = free_port(), node.address if node else HOST
        names = {"PORT": str(self.port), f"{HOST}:PORT": f"{self.host}:{self.port}"}
        self.command = (node.enter if node else []) + [names.get(part, str(part)) for part in command]
        self.log, self.environment, self.running = Path(log), environment or {}, None

    @property
    def pid(self):
        return self.running.pid

    def start(self, ready="/readyz", within=60, **environment):
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent,
                                            env=dict(os.environ) | self.environment | environment)
        if ready:
            self.wait(ready, within)
        return self

    def wait(self, path="/readyz", within=60):
        """Until the path answers 200."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            if self.running.poll() is not None:
                raise RuntimeError(f"{self.command[0]} ended with {self.running.returncode}:\n{self.tail()}")
            with contextlib.suppress(OSError, http.client.HTTPException), Client(self.port, timeout=5, host=self.host) as client:
                if client.call("GET", path).status == 200:
                    return
            time.sleep(0.005)
        raise RuntimeError(f"{self.command[0]} did not answer {path} within {within} s:\n{self.tail()}")

    def kill(self):
        self.running.kill()
        self.running.wait()

    def stop(self, within=30):
        """Asks it to end and answers its exit status; kills it, and raises, when it does not."""
        if self.running is None or self.running.poll() is not None:
            return self.running and self.running.returncode
        self.running.send_signal(signal.SIGTERM)
        try:
            return self.running.wait(within)
        except subprocess.TimeoutExpired:
            self.kill()
            raise RuntimeError(f"{self.command[0]} had not stopped {within} s after SIGTERM:\n{self.tail()}") from None

    def tail(self, lines=20):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def client(self, token=None, timeout=30):
        return Client(self.port, token, timeout, self.host)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.running and self.running.poll() is None:
            with contextlib.suppress(RuntimeError):
                self.stop(10)


class Server(Process):
    """The binary on a data directory."""

    def __init__(self, binary, data, log, environment=None, node=None):
        self.binary, self.data = Path(binary).resolve(), Path(data).resolve()
        super().__init__([self.binary, "serve", "--data", self.data, "--listen", f"{HOST}:PORT"], log, environment, node)


def init(binary, data, environment=None, rate_limit=UNLIMITED):
    """Initialises a data directory and answers its first credentials. `rate_limit` None leaves the keys at the default."""
    limit = [] if rate_limit is None else ["--rate-limit", rate_limit]
    made = run([binary, "init", "--data", data, *limit, "--json"], environment)
    if made.returncode:
        raise RuntimeError(f"init exited with {made.returncode}: {made.stderr}{made.stdout}")
    return json.loads(made.stdout)


def audit(binary, data, environment=None):
    """(whether every chain verifies, in a few words what it found)."""
    verified = run([binary, "audit", "verify", "--data", data, "--json"], environment)
    if verified.returncode:
        return False, (verified.stdout + verified.stderr).strip()
    return True, f"{sum(chain['rows'] for chain in json.loads(verified.stdout)['chains'])} rows of the log verified"


def run(command, environment=None, within=120):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=within, env=dict(os.environ) | (environment or {}))


def every(client, path, limit=100):
    """All items of a list, page by page."""
    items, cursor = [], None
    while True:
        reply = client.call("GET", f"{path}?limit={limit}" + (f"&cursor={urllib.parse.quote(cursor)}" if cursor else ""))
        if reply.status != 200:
            raise RuntimeError(f"GET {path}: {reply}")
        items += reply.json["data"]
        cursor = reply.json["next_cursor"]
        if not cursor:
            return items


def free_port():
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return listener.getsockname()[1]


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@contextlib.contextmanager
def workspace(kept=None):
    """A folder to work in: a temporary one that goes at the end, or the one named, which stays."""
    folder = Path(kept).resolve() if kept else Path(tempfile.mkdtemp(prefix="cloudapi-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    finally:
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)


def python_with(*packages):
    """An interpreter in `.build/venv` that has the packages, installed from PyPI on first use, by one suite at a time."""
    folder = BUILD / "venv"
    python, listed = folder / "bin" / "python", folder / "installed.txt"
    with open(BUILD / "venv.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        held = set(listed.read_text().split("\n")) if listed.exists() else set()
        if missing := [package for package in packages if package not in held]:
            print(f"installing {', '.join(missing)} into {folder}", file=sys.stderr, flush=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *missing], check=True)
            listed.write_text("\n".join(sorted(held | set(missing))))
    return python


def within_venv(*packages):
    """Starts this very script again under an interpreter that has the packages, unless it runs under it already."""
    python = python_with(*packages)
    if Path(sys.prefix).resolve() != (BUILD / "venv").resolve():
        os.execv(python, [str(python), *sys.argv])
