#!/usr/bin/env python3
"""The command line against a real server, as a person and as a script use it.

    cli.py --binary .build/debug/cloudapi

Signing in and out, tables and JSON, keys, waiting, importing, following, completing in three shells, forwarding letters that the library of their receivers accepts and that are byte for
byte those the server itself sends, applying a file twice, and the exit status of everything that goes wrong.
"""
import argparse
import http.server
import json
import queue
import re
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "Durability"))
from server import HOST, Checks, Server, free_port, init, within_venv, workspace

within_venv("standardwebhooks>=1,<2")

import standardwebhooks

from line import Line, said
from shells import completing

STACK = """
project: Shop
networks:
  front: {spec: {cidr: 10.30.0.0/24}}
volumes:
  orders: {spec: {size_gib: 10}}
instances:
  api:
    depends_on: [db]
    labels: {team: shop}
    spec: {size: %s, image: %s, network_id: front}
  db:
    spec: {size: s-2, image: debian-12, volumes: [{volume_id: orders, path: /var/lib/orders}]}
"""


CELLAR = """
name: cellar
project: Shop
variables: {size: s-1}
resources:
  - {key: store, kind: volume, spec: {size_gib: 5}}
  - {key: keeper, kind: instance, spec: {size: "${var.size}", volumes: [{volume_id: "${store.id}", path: /data}]}}
"""


class Receiver:
    """Takes letters on this machine."""

    def __init__(self):
        self.letters = queue.Queue()
        letters = self.letters

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                letters.put((dict(self.headers), self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((HOST, 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://{HOST}:{self.server.server_port}/hook"

    def next(self, within=30):
        headers, body = self.letters.get(timeout=within)
        return {name.lower(): value for name, value in headers.items()}, body


def signing_in(check, line, url, credentials):
    done = line.run("projects", "--url", url)
    check.that("without a login the exit status is 3, and it says how to get one", done.returncode == 3 and "cloudapi login" in done.stderr, said(done))
    done = line.run("login", "--url", url, "--email", credentials["email"], entered="wrong password\n")
    check.that("a wrong password is 3", done.returncode == 3 and "Request: req_" in done.stderr, said(done))
    check.that("and leaves no file", not line.config.exists())
    code, seen = line.on_terminal("login", "--url", url, typed=[("E-mail:", credentials["email"]), ("Password:", credentials["password"])])
    check.that("e-mail and password are asked for on a terminal", code == 0 and "Signed in" in seen, (code, seen))
    check.that("and the password is not shown", credentials["password"] not in seen, seen)
    check.that("the file of logins is for its owner alone", line.config.stat().st_mode & 0o777 == 0o600)
    held = json.loads(line.config.read_text())["profiles"]["default"]
    check.that("and holds a session, no password", held["token"].startswith("ses_") and credentials["password"] not in line.config.read_text(), held)
    done = line.run("whoami")
    check.that("whoami says where and as whom", done.returncode == 0 and url in done.stdout and credentials["workspace_id"] in done.stdout, said(done))
    check.that("a session that is logged out is refused by the server", line.run("logout").returncode == 0
               and line.run("whoami", CLOUDAPI_URL=url, CLOUDAPI_KEY=held["token"]).returncode == 3)
    done = line.run("login", "--url", url, "--profile", "work", "--key", "-", entered=credentials["api_key"] + "\n")
    check.that("a key from the standard input signs in", done.returncode == 0, said(done))
    done = line.run("whoami", "--key", "pk_live_nothing")
    check.that("a wrong key is 3", done.returncode == 3 and "credential_invalid" in done.stderr, said(done))
    done = line.run("whoami", CLOUDAPI_KEY=credentials["test_api_key"])
    check.that("CLOUDAPI_KEY wins over the login", done.returncode == 0 and "test" in done.stdout, said(done))


def statuses(check, line, project):
    unreachable = f"http://{HOST}:{free_port()}"
    for status, name, words, environment in (
            (2, "an unknown flag", ["projects", "--nothing"], {}), (2, "a limit of 0", ["projects", "--limit", "0"], {}),
            (2, "no project named where there are two", ["volumes", "create", "x", "--size", "1"], {}),
            (4, "a project that is not there", ["projects", "show", "proj_nothing"], {}), (4, "a name that is not there", ["projects", "show", "Nothing"], {}),
            (6, "a server that is not there", ["projects"], {"CLOUDAPI_URL": unreachable, "CLOUDAPI_KEY": "pk_live_x"}),
            (7, "a name that cannot be", ["volumes", "create", "NOT A NAME", "--size", "1", "--project", project], {}),
            (0, "help", ["--help"], {}), (0, "the version", ["--version"], {}), (0, "completion", ["--generate-completion-script", "zsh"], {})):
        done = line.run(*words, **environment)
        check.that(f"{name} is {status}", done.returncode == status, said(done))
    check.that("--help says what the exit statuses mean", "3 no credential" in re.sub(r"\s+", " ", line.run("--help").stdout))


def keeping_keys(check, line, url):
    done = line.run("keys", "create", "billing", "--scope", "costs:read", "--role", "viewer", "--json")
    made = json.loads(done.stdout)
    check.that("keys create makes one and tells its secret", done.returncode == 0 and made["key"].startswith("pk_live_"), said(done))

    def reads(secret, what="costs"):
        return line.run(what, *(["views"] if what == "costs" else []), CLOUDAPI_URL=url, CLOUDAPI_KEY=secret).returncode

    check.that("it may do what it was made for, and no more", (reads(made["key"]), reads(made["key"], "projects")) == (0, 3))
    row = next((each for each in line.run("keys", "list", "--all").stdout.splitlines() if made["key_id"] in each), "")
    check.that("keys list shows it, not its secret", "billing" in row and "read:costs" in row and made["key"] not in row, row)
    done = line.run("keys", "rotate", made["key_id"], "--overlap", "60", "--json")
    fresh = json.loads(done.stdout)["key"]
    check.that("keys rotate gives another secret, and the old one works on", fresh != made["key"] and (reads(fresh), reads(made["key"])) == (0, 0), said(done))
    check.that("keys revoke ends both at once", line.run("keys", "revoke", made["key_id"]).returncode == 0 and (reads(fresh), reads(made["key"])) == (3, 3))
    check.that("again it is done already: 0", line.run("keys", "revoke", made["key_id"]).returncode == 0)
    check.that("one that is not there is 4", line.run("keys", "revoke", "key_nothing").returncode == 4)
    check.that("a scope that is none is 7", line.run("keys", "create", "odd", "--scope", "nothing:at-all").returncode == 7)


def looking(check, line):
    made = line.run("projects", "create", "Shop", "--env", "dev", "--json")
    project = json.loads(made.stdout)["id"]
    for number in range(6):
        line.run("projects", "create", f"Spare {number}")
    done = line.run("projects", "--limit", "2")
    rows = done.stdout.splitlines()
    check.that("a table has its heading and as many rows as were asked for", len(rows) == 3 and rows[0].startswith("ID") and "--all" in done.stderr, said(done))
    check.that("into a pipe it has no colours", "\x1b" not in done.stdout)
    check.that("--all has all", len(line.run("projects", "--all").stdout.splitlines()) == 9, line.run("projects", "--all").stdout)
    pages = line.json("projects", "--limit", "3")
    check.that("--json is the server's own", len(pages["data"]) == 3 and pages["has_more"] is True and "request_id" in pages, pages)
    narrow, wide = line.on_terminal("projects", columns=72)[1], line.on_terminal("projects", columns=200)[1]
    shown = [re.sub(r"\x1b\[[0-9;]*[mK]", "", each) for each in narrow.splitlines()]
    check.that("a terminal gets colours, and no line is wider than it is", "\x1b[" in wide and max(map(len, shown)) <= 72 and "…" in narrow, narrow)
    check.that("NO_COLOR is kept to", "\x1b[" not in line.on_terminal("projects", NO_COLOR="1")[1])
    done = line.run("usage")
    check.that("usage has this month", done.returncode == 0 and "Requests" in done.stdout, said(done))
    return project


def provisioning(check, line, project):
    done = line.run("instances", "create", "web", "--project", "Shop", "--size", "s-1", "--image", "debian-12", "--label", "team=shop", "--dry-run", "--json")
    check.that("a dry run makes nothing", done.returncode == 0 and not line.json("instances")["data"], said(done))
    done = line.run("instances", "create", "web", "--project", "Shop", "--size", "s-1", "--image", "debian-12", "--label", "team=shop", "--wait")
    check.that("instances create --wait ends when it is ready", done.returncode == 0 and "ready" in done.stdout, said(done))
    again = line.run("instances", "create", "web", "--project", "Shop", "--size", "s-1", "--image", "debian-12")
    check.that("the same name again is 5", again.returncode == 5 and "name_taken" in again.stderr, said(again))
    code, seen = line.on_terminal("instances", "stop", "web", "--wait")
    check.that("a bar is shown on a terminal while it waits", code == 0 and re.search(r"\[#*\.*\] +\d+ %", seen) is not None, (code, seen))
    check.that("and it is stopped", line.json("instances", "show", "web")["status"]["power"] == "stopped")
    check.that("and started again", line.run("instances", "start", "web", "--wait").returncode == 0 and line.json("instances", "show", "web")["status"]["power"] == "running")
    check.that("a selector is kept to", [len(line.json("instances", "--selector", f"team={team}")["data"]) for team in ("shop", "none")] == [1, 0])
    last = line.json("operations", "--resource", line.json("instances", "show", "web")["id"], "--limit", "1")["data"][0]
    check.that("operations are listed and shown", "start" in (done := line.run("operations", "show", last["id"])).stdout and done.returncode == 0, said(done))
    check.that("of which none is open", not line.json("operations", "list", "--open")["data"])
    done = line.run("operations", "cancel", last["id"])
    check.that("and one that has ended is not canceled: 5", done.returncode == 5, said(done))
    failing = line.run("instances", "create", "huge", "--project", "Faulty", "--size", "s-1", "--image", "debian-12", "--wait")
    check.that("an operation that fails is 1, and says why", failing.returncode == 1 and "op_" in failing.stderr and "failed" in failing.stderr, said(failing))


def costs(check, line, folder):
    columns = ("BilledCost,EffectiveCost,ListCost,ContractedCost,BillingCurrency,BillingAccountId,BillingAccountName,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,"
               "ChargePeriodEnd,ChargeCategory,ChargeClass,ChargeDescription,InvoiceIssuerName,PricingQuantity,PricingUnit,ProviderName,PublisherName,ServiceCategory,ServiceName")
    row = "12.50,12.50,14,12.50,USD,1111,Main,2026-03-01T00:00:00Z,2026-04-01T00:00:00Z,2026-03-01T00:00:00Z,2026-03-02T00:00:00Z,Usage,,m5,AWS,24,Hours,AWS,AWS,Compute,Amazon EC2"
    (folder / "march.csv").write_text(f"{columns}\n{row}\n")
    (folder / "wrong.csv").write_text("BilledCost\n1\n")
    done = line.run("costs", "import", folder / "march.csv")
    check.that("a bill goes to the server one is signed in to", done.returncode == 0 and "1 rows" in done.stdout, said(done))
    (folder / "april.csv").write_text(f"{columns}\n" + f"{row}\n".replace("2026-03", "2026-05").replace("2026-04", "2026-06").replace("2026-05-", "2026-04-").replace("2026-06-", "2026-05-") * 20_000)
    code, seen = line.on_terminal("costs", "import", folder / "april.csv")
    bars = re.findall(r"\[#*\.*\] +(\d+) %", seen)
    check.that("a bar is shown on a terminal while a bill is sent, and it is full at the end", code == 0 and "20000 rows" in seen.replace(",", "")
               and bars and bars == sorted(bars, key=int) and bars[-1] == "100", (code, bars, seen[-300:]))
    check.that("and none into a pipe", "%" not in line.run("costs", "import", folder / "march.csv").stderr)
    done = line.run("costs", "import", folder / "wrong.csv")
    check.that("a bill that is refused is 1, with its line", done.returncode == 1 and "line 1" in done.stdout, said(done))
    done = line.run("costs", "show", "--from", "2026-03-01", "--to", "2026-03-31")
    check.that("costs show has the group and the total", done.returncode == 0 and re.search(r"Amazon EC2 +12.5", done.stdout) and re.search(r"total +12.5", done.stdout), said(done))
    done = line.run("costs", "export", "--from", "2026-03-01", "--to", "2026-03-31")
    check.that("costs export has the row", done.returncode == 0 and done.stdout.count("\n") == 2 and "m5" in done.stdout, said(done))
    check.that("costs alone are those of this month", (done := line.run("costs")).returncode == 0 and "total" in done.stdout.lower(), said(done))
    check.that("costs views lists them", "Default" in line.run("costs", "views").stdout)
    done = line.run("costs", "show", "Nothing")
    check.that("a view that is not there is 4", done.returncode == 4, said(done))


def following(check, line, server):
    done = line.run("events", "--follow", "--after", "0", "--count", "5")
    numbers = [int(each.split()[0]) for each in done.stdout.splitlines()]
    check.that("events --follow --after 0 begins at the beginning", done.returncode == 0 and numbers == [1, 2, 3, 4, 5], said(done))
    follower = line.start("events", "--follow", "--type", "project.*", "--count", "2", "--json")
    time.sleep(1.5)
    line.run("projects", "create", "Before")
    first = json.loads(follower.stdout.readline())
    server.stop()
    server.start()
    line.run("projects", "create", "After")
    second = json.loads(follower.stdout.readline())
    ended = follower.wait(30)
    check.that("a follower comes back after the server was away, and misses nothing",
               ended == 0 and [each["data"]["after"]["name"] for each in (first, second)] == ["Before", "After"], (ended, first, second, follower.stderr.read()))
    done = line.run("events", "--type", "project.created", "--limit", "1")
    check.that("events lists the newest first", "project.created" in done.stdout and len(done.stdout.splitlines()) == 2, said(done))


def listening(check, line, credentials):
    receiver, own = Receiver(), Receiver()
    webhook = line.json("webhooks", "create", own.url, "--event", "project.*")
    listener = line.start("webhooks", "listen", "--forward-to", receiver.url, "--type", "project.*", "--count", "1")
    secret = listener.stdout.readline().split()[1]
    time.sleep(1.5)
    line.run("projects", "create", "Listened to")
    headers, body = receiver.next()
    check.that("a letter is posted to a program on this machine", json.loads(body)["data"]["after"]["name"] == "Listened to", body)
    try:
        standardwebhooks.Webhook(secret).verify(body, headers)
        verified = True
    except Exception as error:
        verified = error
    check.that("the library of its receivers verifies it", verified is True, verified)
    real_headers, real = own.next()
    check.that("it is byte for byte what the server sends itself", real == body and real_headers["webhook-id"] == headers["webhook-id"], (real, body))
    check.that("listen ends after so many", listener.wait(30) == 0, listener.stderr.read())
    check.that("a test letter is sent", line.run("webhooks", "test", webhook["id"]).returncode == 0 and json.loads(own.next()[1])["type"] == "webhook.test")
    done = line.run("webhooks", "deliveries", webhook["id"])
    check.that("deliveries are listed", "delivered" in done.stdout and "project.created" in done.stdout, said(done))
    done = line.run("webhooks", "replay", webhook["id"], "--event", headers["webhook-id"])
    check.that("and sent again", done.returncode == 0 and own.next()[1] == real, said(done))


def applying(check, line, folder):
    file = folder / "shop.yaml"
    file.write_text(STACK % ("s-1", "debian-12"))
    done = line.run("apply", "-f", file)
    check.that("without --yes nothing is done but the plan", done.returncode == 2 and done.stdout.count("+ create") == 4 and not line.json("networks")["data"], said(done))
    done = line.run("apply", "-f", file, "--yes", "--wait")
    check.that("four things are made, each after what it needs", done.returncode == 0
               and re.findall(r"^made +\w+/(\w+)", done.stdout, re.M) == ["front", "orders", "db", "api"], said(done))
    check.that("and are ready", {each["status"]["phase"] for kind in ("networks", "volumes", "instances") for each in line.json(kind, "--project", "Shop")["data"]} == {"ready"})
    done = line.run("apply", "-f", file, "--yes")
    check.that("a second time there is nothing to do", done.returncode == 0 and "Nothing to do." in done.stdout and "+" not in done.stdout, said(done))
    file.write_text(STACK % ("s-2", "debian-12"))
    done = line.run("apply", "-f", file, "--yes", "--wait")
    check.that("a change is shown, and made", done.returncode == 0 and "spec.size: s-1 → s-2" in done.stdout and done.stdout.count("changed") == 1, said(done))
    check.that("and is there", line.json("instances", "show", "api")["spec"]["size"] == "s-2")
    file.write_text(STACK % ("s-2", "alpine-3"))
    done = line.run("apply", "-f", file, "--yes")
    check.that("what cannot be changed stops it before it begins, with 5", done.returncode == 5 and "! cannot" in done.stdout, said(done))
    done = line.run("apply", "-f", "-", "--yes", entered="instances: {a: {depends_on: [a]}}")
    check.that("a circle is 2", done.returncode == 2 and "circle" in done.stderr, said(done))


def stacking(check, line, folder):
    file = folder / "stack.yaml"
    file.write_text(CELLAR)
    done = line.run("apply", "-f", file, "--plan-only")
    check.that("a stack's plan is shown, with what it costs, and nothing is done", done.returncode == 0 and done.stdout.count("+ create") == 2
               and "2 to do" in done.stdout and "a month" in done.stdout, said(done))
    done = line.run("apply", "-f", file, "--yes", "--wait")
    check.that("it is applied", done.returncode == 0 and "applied  stack/cellar" in done.stdout, said(done))
    check.that("and is there", line.json("instances", "show", "cellar-keeper")["status"]["power"] == "running")
    done = line.run("apply", "-f", file, "--yes", "--wait")
    check.that("a second time there is nothing to do", done.returncode == 0 and "0 to do" in done.stdout, said(done))
    done = line.run("apply", "-f", file, "--yes", "--wait", "--var", "size=s-2")
    check.that("a variable is changed", done.returncode == 0 and "spec.size: s-1 → s-2" in done.stdout, said(done))
    planned = line.json("apply", "-f", file, "--plan-only", "--var", "size=s-1")
    done = line.run("apply", "--plan-id", planned["id"], "--yes", "--wait")
    check.that("a plan that was made before is applied", done.returncode == 0 and "spec.size: s-2 → s-1" in done.stdout and "applied  stack/cellar" in done.stdout, said(done))
    done = line.run("apply", "--plan-id", planned["id"], "--yes")
    check.that("once: then it is 5", done.returncode == 5 and "plan_stale" in done.stderr, said(done))
    check.that("a file and a plan are 2", line.run("apply", "-f", file, "--plan-id", planned["id"]).returncode == 2)
    line.run("apply", "-f", file, "--yes", "--wait", "--var", "size=s-2")
    file.write_text(CELLAR.replace("size_gib: 5", "size_gib: 4"))
    done = line.run("apply", "-f", file, "--yes", "--var", "size=s-2")
    check.that("data are not lost unasked: 7", done.returncode == 7 and "ITS DATA ARE LOST" in done.stdout, said(done))
    done = line.run("apply", "-f", file, "--yes", "--wait", "--var", "size=s-2", "--confirm-data-loss")
    check.that("and are when that is confirmed", done.returncode == 0 and line.json("volumes", "show", "cellar-store")["spec"]["size_gib"] == 4, said(done))
    file.write_text("name: cellar\nproject: Shop\nresources: [{key: a, kind: instance, depends_on: [b]}, {key: b, kind: instance, depends_on: [a]}]")
    done = line.run("apply", "-f", file, "--yes")
    check.that("a circle is 7, and named", done.returncode == 7 and "a → b → a" in done.stderr, said(done))


def filling(check, line, folder, server, credentials):
    with server.client(credentials["api_key"]) as client:
        made = client.call("POST", "/v1/templates", {
            "name": "corner", "variables": [{"name": "disk", "type": "integer", "default": 5, "allowed": [5, 6]}],
            "resources": [{"key": "store", "kind": "volume", "spec": {"size_gib": "${var.disk}"}}]})
    assert made.status == 201, made
    file = folder / "filled.yaml"
    file.write_text("name: kiosk\nproject: Shop\ntemplate: corner\n")
    done = line.run("apply", "-f", file, "--yes", "--wait", "--var", "disk=6")
    check.that("a file that names a template is a stack of it", done.returncode == 0 and line.json("volumes", "show", "kiosk-store")["spec"]["size_gib"] == 6, said(done))
    done = line.run("apply", "-f", file, "--yes", "--var", "disk=7")
    check.that("what the template does not allow is 7, and named", done.returncode == 7 and "disk" in done.stderr, said(done))
    file.write_text("name: kiosk\nproject: Shop\ntemplate: nowhere\n")
    done = line.run("apply", "-f", file, "--yes")
    check.that("a template that is not there is 4", done.returncode == 4 and "nowhere" in done.stderr, said(done))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, type=lambda text: Path(text).resolve())
    options = parser.parse_args()
    check = Checks()
    with workspace() as folder:
        credentials = init(options.binary, folder / "data")
        server = Server(options.binary, folder / "data", folder / "server.log", {"CLOUDAPI_ALLOW_EGRESS": "127.0.0.0/8"})
        line = Line(options.binary, folder)
        with server.start():
            signing_in(check, line, f"http://{HOST}:{server.port}", credentials)
            project = looking(check, line)
            statuses(check, line, project)
            with server.client(credentials["api_key"]) as client:
                faulty = client.call("POST", "/v1/projects", {"name": "Faulty"}).json["id"]
                for name, settings, projects in (("simulated", {"latency_ms": 0}, [project]),
                                                 ("faulty", {"latency_ms": 0, "faults": [{"step": "create", "kind": "rejected", "times": 99}]}, [faulty])):
                    made = client.call("POST", "/v1/connections", {"name": name, "provider": "simulator", "settings": settings, "project_ids": projects})
                    assert made.status == 201, made
            keeping_keys(check, line, f"http://{HOST}:{server.port}")
            provisioning(check, line, project)
            costs(check, line, folder)
            following(check, line, server)
            listening(check, line, credentials)
            applying(check, line, folder)
            stacking(check, line, folder)
            filling(check, line, folder, server, credentials)
            completing(check, line, folder)
            done = line.run("logout")
            check.that("logout forgets", done.returncode == 0 and line.run("whoami", "--url", f"http://{HOST}:{server.port}").returncode == 3, said(done))
    return check.ended()


if __name__ == "__main__":
    sys.exit(main())
