#!/usr/bin/env python3
"""Lets schemathesis, which knows nothing of us but /openapi.json, look for an answer the description does not promise.

    contract.py --binary .build/debug/cloudapi [--max-examples 20] [--max-time 600] [--seed 1] [--only /v1/projects]

All of its checks are on, in all of its phases (the examples given, boundary values, random bodies, chains of calls). A run is bounded in
examples per operation and in time, and its seed is fixed, so that a failure comes back. It fails on a 5xx, on any answer the
description does not allow, and when the server or the key it was judged by is gone at the end.

Exclusions: no operation and no check is left out. One substitution is made, by `spare_own_credentials.py`: a call that would change or
remove one of the keys or the user the run itself lives on is sent with the id of something that does not exist instead, since from
then on everything would be answered 401 and nothing more be tested.
"""
import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "Durability"))
from server import BUILD, Server, every, init, python_with, workspace

PACKAGE = "schemathesis>=4.32,<5"


def own_ids(server, credentials):
    """The ids of what the run depends on: every key there is at its start, and the user."""
    with server.client(credentials["api_key"]) as client:
        keys = every(client, "/v1/api-keys")
    return [credentials["user_id"], *(key[name] for key in keys for name in ("id", "key_id") if name in key)]


def schemathesis(options, server, credentials, reports):
    command = [python_with(PACKAGE).parent / "schemathesis", "run", f"http://127.0.0.1:{server.port}/openapi.json",
               "--header", f"Authorization: Bearer {credentials['api_key']}", "--checks", "all", "--mode", "all",
               "--max-examples", options.max_examples, "--max-time", options.max_time, "--seed", options.seed, "--continue-on-failure",
               "--generation-database", "none", "--request-timeout", 30, "--suppress-health-check", "all",
               "--report", "junit", "--report-dir", reports, "--no-color"]
    for path in options.only:
        command += ["--include-path", path]
    environment = dict(os.environ) | {"SCHEMATHESIS_HOOKS": "spare_own_credentials", "PYTHONPATH": str(HERE), "SPARED_IDS": " ".join(own_ids(server, credentials))}
    return subprocess.run([str(part) for part in command], env=environment, cwd=reports, timeout=options.max_time * 2 + 300).returncode


def afterwards(server, credentials):
    """What is wrong with the server now that the storm has passed."""
    if server.running.poll() is not None:
        return [f"the server ended with {server.running.returncode}:\n{server.tail()}"]
    with server.client() as client:
        asked = {path: client.call("GET", path, token=credentials["api_key"]) for path in ("/healthz", "/readyz", "/v1/ping")}
    return [f"GET {path} is answered {reply}" for path, reply in asked.items() if reply.status != 200]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--max-examples", type=int, default=20, help="per operation and phase")
    parser.add_argument("--max-time", type=int, default=600, help="seconds for the whole run")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", default=[], metavar="PATH", help="look at this path only; may be repeated")
    options = parser.parse_args()
    reports = BUILD / "schemathesis"
    reports.mkdir(parents=True, exist_ok=True)
    with workspace() as folder:
        credentials = init(options.binary, folder / "data")
        with Server(options.binary, folder / "data", folder / "server.log").start() as server:
            started = time.monotonic()
            status = schemathesis(options, server, credentials, reports)
            faults = afterwards(server, credentials)
    for fault in faults:
        print(f"FAIL  {fault}")
    good = status == 0 and not faults
    print(f"{'ok  ' if good else 'FAIL'}  schemathesis: exit {status} after {time.monotonic() - started:.0f} s, seed {options.seed}, report in {reports}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
