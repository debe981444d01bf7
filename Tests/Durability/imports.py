#!/usr/bin/env python3
"""Bills and kill -9: while one comes in, while one is read, while the command line reads one. Whole or nothing, and the import says which.

    imports.py --binary .build/debug/cloudapi [--kills 4] [--rows 120000] [--seed 1]

Also what `cloudapi costs import` prints and how it exits: several files, gzip, a bar on a terminal, bad rows.
"""
import argparse
import gzip
import os
import pty
import random
import socket
import subprocess
import sys
import time
from decimal import Decimal

from server import Checks, HOST, Server, audit, die_with_parent, init, workspace

NAMES = ["ProviderName", "PublisherName", "InvoiceIssuerName", "BillingAccountId", "BillingAccountName", "BillingPeriodStart", "BillingPeriodEnd",
         "ChargePeriodStart", "ChargePeriodEnd", "ChargeCategory", "ChargeClass", "ChargeDescription", "BilledCost", "EffectiveCost", "ListCost",
         "ContractedCost", "PricingQuantity", "PricingUnit", "BillingCurrency", "ServiceName", "ServiceCategory", "ResourceId"]
DATES = "start_date=2026-03-01&end_date=2026-03-31&granularity=month&compare=none"


def bill(account, rows, spoilt=None):
    """A bill of an account with its total; in line `spoilt` the amount is none."""
    lines, total = [",".join(NAMES)], Decimal(0)
    for number in range(rows):
        cost = Decimal(number % 9973).scaleb(-7)
        total += cost
        day = number % 28 + 1
        text = "much" if number + 2 == spoilt else f"{cost:f}"
        lines.append(f"AWS,AWS,AWS,{account},Main,2026-03-01T00:00:00Z,2026-04-01T00:00:00Z,2026-03-{day:02}T00:00:00Z,2026-03-{day:02}T01:00:00Z,"
                     f"Usage,,Instance hours,{text},{cost:f},{cost:f},{cost:f},1,Hours,USD,Amazon EC2,Compute,i-{number % 5000}")
    return ("\n".join(lines) + "\n").encode(), total


def total_of(client):
    view = next(one["id"] for one in client.call("GET", "/v1/cost-views?limit=100").json["data"] if one["is_default"])
    return Decimal(client.call("GET", f"/v1/cost-views/{view}/data?{DATES}").json["total"]["cost"])


def over(client, name, within=120):
    """The newest import of that name, once it is over."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        found = [one for one in client.call("GET", "/v1/costs/imports?limit=100").json["data"] if one["name"] == name]
        if found and found[0]["status"] not in ("queued", "running"):
            return found[0]
        time.sleep(0.05)
    raise RuntimeError(f"the import {name} is not over: {found}")


def spooled(folder):
    return sorted(path.name for path in (folder / "data" / "spool").iterdir())


def killed_reading(server, key, folder, options, dice, checks):
    """Taken with 202, then killed while it is read, again and again until it is whole."""
    body, expected = bill("100", options.rows)
    with server.client(key) as client:
        taken = client.call("POST", "/v1/costs/imports?name=killed", body, {"Content-Type": "text/csv"})
    checks.that(f"a bill of {len(body) >> 20} MB is taken", taken.status == 202 and taken.json["status"] == "queued", taken)
    cut = 0
    for _ in range(options.kills):
        time.sleep(0.05 + dice.random() * 0.6)
        with server.client(key) as client:
            status = client.call("GET", f"/v1/costs/imports/{taken.json['id']}").json["status"]
            cut += status in ("queued", "running")
            seen = total_of(client)
        checks.that(f"{status}: the view has none or all of it", seen == (expected if status == "succeeded" else 0), seen)
        server.kill()
        server.start()
    with server.client(key) as client:
        done = over(client, "killed")
        checks.that(f"after {options.kills} kills, {cut} of them while it waited or was read, it is whole",
                    cut > 0 and done["status"] == "succeeded" and done["rows"] == options.rows and total_of(client) == expected, done)
        checks.that("and there is one import", len(client.call("GET", "/v1/costs/imports?limit=100").json["data"]) == 1)
    checks.that("its file is gone", spooled(folder) == [], spooled(folder))
    return expected


def killed_uploading(server, key, folder, checks):
    """Killed with half of a body on disk; and what else may lie in the spool folder."""
    with socket.create_connection((HOST, server.port)) as half:
        half.sendall((f"POST /v1/costs/imports?name=half HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: text/csv\r\n"
                      "Content-Length: 1000000\r\n\r\n" + "x" * 200_000).encode())
        deadline = time.monotonic() + 10
        while not spooled(folder) and time.monotonic() < deadline:
            time.sleep(0.01)
        checks.that("half a body lies in the spool folder", [name.endswith(".body") for name in spooled(folder)] == [True], spooled(folder))
        server.kill()
    for name in ("imp_00000000000000000000000000.bill", "x.lock", "notes.txt"):
        (folder / "data" / "spool" / name).write_text("left behind")
    server.start()
    checks.that("what no import waits for is swept at the start, and nothing else", spooled(folder) == ["notes.txt"], spooled(folder))
    (folder / "data" / "spool" / "notes.txt").unlink()
    with server.client(key) as client:
        names = [one["name"] for one in client.call("GET", "/v1/costs/imports?limit=100").json["data"]]
        checks.that("a body that did not come in whole is no import", "half" not in names, names)


def command(options, folder, *files):
    return [str(part) for part in [options.binary, "costs", "import", *files, "--data", folder / "data"]]


def on_terminal(arguments):
    """(exit status, standard output, what a terminal showed of the error output)."""
    ours, theirs = pty.openpty()
    running = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=theirs, text=True)
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65_536)
        except OSError:  # the other side is closed
            break
        if not part:
            break
        shown += part
    output = running.communicate(timeout=120)[0]
    os.close(ours)
    return running.returncode, output, shown.decode()


def command_line(server, key, folder, options, before, checks):
    (one, first), (other, second), (bad, _) = bill("201", 40_000), bill("202", 3000), bill("203", 500, spoilt=321)
    paths = [folder / name for name in ("one.csv", "other.csv.gz", "bad.csv")]
    for path, body in zip(paths, (one, gzip.compress(other), bad)):
        path.write_bytes(body)
    status, output, shown = on_terminal(command(options, folder, *paths[:2]))
    checks.that("two files, one of them gzip: exit 0, a line for each", status == 0 and f"{paths[0]}: 40000 rows" in output
                and f"{paths[1]}: 3000 rows" in output, (status, output, shown))
    checks.that("on a terminal a bar goes to 100 %", "#" in shown and "100 %" in shown and shown.count("\r[") >= 2, shown[-300:])
    with server.client(key) as client:
        seen = total_of(client)
    checks.that("the server that runs meanwhile has both", seen == before + first + second, seen)
    quiet = subprocess.run(command(options, folder, paths[2], paths[1]), capture_output=True, text=True, timeout=120)
    checks.that("a bad row: exit 1, line and column, nothing of it kept, the other file read", quiet.returncode == 1
                and "line 321, BilledCost" in quiet.stdout and "nothing was kept" in quiet.stdout and f"{paths[1]}: 3000 rows" in quiet.stdout,
                quiet)
    checks.that("no bar where there is no terminal", "[" not in quiet.stderr, quiet.stderr)
    with server.client(key) as client:
        seen = total_of(client)
    checks.that("nothing of the bad file counts", seen == before + first + second, seen)
    skipping = subprocess.run(command(options, folder, paths[2], "--skip-bad-rows"), capture_output=True, text=True, timeout=120)
    checks.that("--skip-bad-rows: exit 0 and the row is told", skipping.returncode == 0 and "499 rows, 1 skipped" in skipping.stdout
                and "line 321, BilledCost" in skipping.stdout, skipping)
    missing = subprocess.run(command(options, folder, folder / "nowhere.csv"), capture_output=True, text=True, timeout=60)
    checks.that("a file that is not there: exit 1 and a sentence", missing.returncode == 1 and "There is no file" in missing.stderr, missing)


def command_killed(server, key, folder, options, checks):
    """The command line is killed while it reads; the server that runs is not told, the next start is."""
    body, _ = bill("300", options.rows)
    path = folder / "cut.csv"
    path.write_bytes(body)
    with server.client(key) as client:
        before = total_of(client)
        running = subprocess.Popen(command(options, folder, path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent)
        deadline, state = time.monotonic() + 60, None
        while state != "running" and time.monotonic() < deadline:
            state = next((one["status"] for one in client.call("GET", "/v1/costs/imports?limit=100").json["data"] if one["name"] == "cut.csv"), None)
        alive = running.poll() is None
        server.stop()
        server.start()
    with server.client(key) as client:
        seen = next(one["status"] for one in client.call("GET", "/v1/costs/imports?limit=100").json["data"] if one["name"] == "cut.csv")
        checks.that("a server that starts leaves alone what the command line still reads", alive and seen in ("running", "succeeded"), (alive, seen))
    running.kill()
    running.wait()
    server.stop()
    server.start()
    with server.client(key) as client:
        done = over(client, "cut.csv")
        detail = (done["errors"] or [{}])[0].get("detail", "")
        checks.that("killed: the import has failed, and says why", done["status"] == "failed" and "stopped" in detail, done)
        checks.that("and nothing of it counts", total_of(client) == before, total_of(client))
    again = subprocess.run(command(options, folder, path), capture_output=True, text=True, timeout=120)
    checks.that("again it is read whole", again.returncode == 0 and f"{options.rows} rows" in again.stdout, again)
    checks.that("no lock is left", spooled(folder) == [], spooled(folder))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--kills", type=int, default=4)
    parser.add_argument("--rows", type=int, default=120_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep")
    options = parser.parse_args()
    options.binary = os.path.abspath(options.binary)
    checks, dice = Checks(), random.Random(options.seed)
    with workspace(options.keep) as folder:
        key = init(options.binary, folder / "data")["api_key"]
        with Server(options.binary, folder / "data", folder / "server.log").start() as server:
            before = killed_reading(server, key, folder, options, dice, checks)
            killed_uploading(server, key, folder, checks)
            command_line(server, key, folder, options, before, checks)
            command_killed(server, key, folder, options, checks)
        checks.that("the log verifies", *audit(options.binary, folder / "data"))
    return checks.ended()


if __name__ == "__main__":
    sys.exit(main())
