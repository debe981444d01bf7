"""Runs wrk against a server and says what it saw and what it cost: the load of every figure in bench.py."""
import contextlib
import json
import os
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

import machine

HERE = Path(__file__).resolve().parent


@dataclass
class Run:
    """One run of wrk; latencies in milliseconds, `cpu` in microseconds of the server's per request."""
    requests: int
    seconds: float
    p50: float
    p99: float
    refused: int
    broken: int
    cpu: float = 0

    @property
    def rate(self):
        return self.requests / self.seconds


def read(process, token, seconds, connections=64, threads=2):
    return measured(process, "read.lua", token, seconds, connections, threads)


def write(process, token, seconds, connections=64, threads=2):
    return measured(process, "write.lua", token, seconds, connections, threads)


def measured(process, script, token, seconds, connections, threads, environment=None):
    before = machine.cpu_seconds(process.pid)
    run = finished(started(process, script, token, seconds, connections, threads, environment), seconds)
    run.cpu = (machine.cpu_seconds(process.pid) - before) / max(run.requests, 1) * 1e6
    return run


@contextlib.contextmanager
def beside(process, script, token, seconds, connections, threads=1):
    """Another load while something is done; answers a list that holds its Run afterwards."""
    runs = []
    wrk = started(process, script, token, seconds, connections, threads)
    try:
        yield runs
    except BaseException:
        wrk.kill()
        raise
    runs.append(finished(wrk, seconds))


def started(process, script, token, seconds, connections, threads, environment=None):
    command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", HERE / script, f"http://127.0.0.1:{process.port}/v1/projects"]
    environment = dict(os.environ) | {"TOKEN": token, "RUN": uuid.uuid4().hex[:12]} | (environment or {})
    return subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def finished(wrk, seconds):
    """Raises when anything was refused or broken: such a run measures something else."""
    try:
        said, complaints = wrk.communicate(timeout=seconds + 60)
    except subprocess.TimeoutExpired:
        wrk.kill()
        raise
    if wrk.returncode:
        raise RuntimeError(f"wrk exited with {wrk.returncode}: {complaints}")
    run = Run(**json.loads(said.strip().splitlines()[-1]))
    if run.refused or run.broken or not run.requests:
        raise RuntimeError(f"a run went wrong: {run}")
    return run
