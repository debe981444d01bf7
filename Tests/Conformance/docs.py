#!/usr/bin/env python3
"""Runs what the documentation tells people to run, page by page, each against a server of its own.

    docs.py --binary .build/debug/cloudapi [--only signals] [--keep folder]

Of README.md and docs/*.md: every block marked `sh`, from top to bottom in one shell, and every block marked `python`. What somebody types once, or
with something of their own at hand, is marked `console` there and rehearsed (rehearsals.py). Of the pages under /docs: every block that has a button
to copy it. Each command must exit with 0, and each curl in it be answered 2xx, or as the comment behind it says: `# … answers 402`.

A page finds CLOUDAPI_URL, CLOUDAPI_KEY, CLOUDAPI_EMAIL, CLOUDAPI_PASSWORD, `cloudapi` and its ./data, and RECEIVER, an address that takes
letters; the pages under /docs find CLOUD_API_KEY. Everything else they have to make themselves.

/docs/endpoints is written from the route table, so its blocks have values that fit a schema and mean nothing. They run with ids of things that
are there, and must be understood: nothing but what the description says is answered, no 401, no 405, no 415, no 5xx.
"""
import argparse
import gzip
import html
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "Durability"), str(HERE.parent / "Fuzz")]
from server import HOST, ROOT, Checks, Server, init, python_with, workspace

from rehearsals import rehearse

SOCKET = Path("/var/run/docker.sock")
BASH = ["bash", "--noprofile", "--norc"]
STREAM_SECONDS = 2
# Pages that are run at one time; each has a server of its own, and most of its time is waiting.
AT_ONCE = 2

# What stands before the real curl: an answer of 400 or more is an exit of 22, every status goes to the log, and a stream ends some time.
CURL = f"""#!/bin/bash
limit=30
for word in "$@"; do [ "$word" = -N ] && limit={STREAM_SECONDS}; done
{shutil.which('curl')} -w '%{{stderr}}\\n@@ %{{http_code}} %{{url_effective}}\\n' --fail-with-body --max-time $limit "$@"
code=$?
[ $limit$code = {STREAM_SECONDS}28 ] && exit 0
exit $code
"""

# Before the real jq: a field that is not there is a failure, and no variable with `null` in it.
JQ = f"""#!/bin/bash
written=$({shutil.which('jq')} "$@") || exit
printf '%s\\n' "$written"
[ "$written" != null ]
"""


class Block:
    def __init__(self, line, language, text):
        self.line, self.language, self.text = line, language, text


class Command:
    def __init__(self, line, text):
        self.line, self.text = line, text

    @property
    def statuses(self):
        """What the comment behind it says it is answered, besides 2xx."""
        return re.findall(r"#.*\banswers (\d{3})\b", self.text)


def blocks_of_markdown(text):
    """The fenced blocks, those within a list too."""
    fence = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.M | re.S)
    for found in fence.finditer(text):
        body = "\n".join(line.removeprefix(found[1]) for line in found[3].splitlines())
        yield Block(text[:found.start()].count("\n") + 2, found[2], body)


def blocks_of_page(text):
    """The blocks with a button to copy them."""
    copied = set(re.findall(r'data-copy="([^"]+)"', text))
    for found in re.finditer(r'<code id="([^"]+)">(.*?)</code>', text, re.S):
        if found[1] in copied:
            yield Block(found[1], "sh", html.unescape(found[2]))


def commands(block):
    """Splits a block where a shell would: not in a quote, a loop, a here-document or a line that goes on."""
    held, begun = [], 0
    for number, line in enumerate(block.text.splitlines()):
        if not held and (not line.strip() or line.startswith("#")):
            continue
        begun = begun if held else number
        held.append(line)
        if not line.endswith("\\") and is_whole("\n".join(held)):
            yield Command(block.line + begun if isinstance(block.line, int) else block.line, "\n".join(held))
            held = []
    if held:
        yield Command(block.line, "\n".join(held))


def is_whole(text):
    read = subprocess.run([*BASH, "-n"], input=text + "\n", capture_output=True, text=True, timeout=10)
    return read.returncode == 0 and not read.stderr


class Site:
    """A server that has just been made, and a folder to run in that has what a reader has at hand."""

    def __init__(self, options, folder):
        self.folder = made(folder)
        data = folder / "data"
        self.credentials = init(options.binary, data)
        egress = f"127.0.0.0/8,unix:{SOCKET}" if SOCKET.exists() else "127.0.0.0/8"
        self.server = Server(options.binary, data, folder / "server.log", {"CLOUDAPI_ALLOW_EGRESS": egress})
        programs = folder / "bin"
        programs.mkdir()
        for name, text in (("curl", CURL), ("jq", JQ)):
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        (programs / "cloudapi").symlink_to(options.binary)
        self.environment = dict(os.environ) | {
            "PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "config"),
            "CLOUDAPI_URL": f"http://{HOST}:{self.server.port}", "CLOUDAPI_KEY": self.credentials["api_key"],
            "CLOUD_API_KEY": self.credentials["api_key"], "CLOUDAPI_EMAIL": self.credentials["email"],
            "CLOUDAPI_PASSWORD": self.credentials["password"],
        }

    def run(self, wanted, within=90):
        """Runs commands in one shell; answers for each its exit status and what it wrote. Those after the end of a shell have None."""
        script = [f"cd {self.folder}", "set -o pipefail"]
        for number, command in enumerate(wanted):
            script += [f"exec >'out.{number}' 2>&1", command.text, f'printf "%s\\n" $? >"code.{number}"']
        for old in [*self.folder.glob("out.*"), *self.folder.glob("code.*")]:
            old.unlink()
        try:
            subprocess.run(BASH, input="\n".join(script) + "\n", text=True, env=self.environment, timeout=within, capture_output=True)
        except subprocess.TimeoutExpired:
            pass  # what had not ended has no status
        for number, command in enumerate(wanted):
            code, written = self.folder / f"code.{number}", self.folder / f"out.{number}"
            yield command, int(code.read_text()) if code.exists() else None, written.read_text(errors="replace") if written.exists() else ""


def judged(check, page, command, code, written):
    """A command is right when everything in it was answered as it should be, and it says so itself."""
    answered = re.findall(r"^@@ (\d{3}) ", written, re.M)
    named = command.statuses
    wrong = [status for status in answered if not status.startswith("2") and status not in named]
    missing = [status for status in named if status not in answered]
    right = (code == 0 or (named and code == 22)) and not wrong and not missing
    first = command.text.splitlines()[0]
    check.that(f"{page}:{command.line}  {first[:100]}", right, f"exit {code}, answered {answered}\n{command.text}\n{written[-1500:]}")


# The pages of the repository


def bills(folder):
    """Two small bills, as a reader of the page on costs has them."""
    columns = ("BilledCost,EffectiveCost,ListCost,ContractedCost,BillingCurrency,BillingAccountId,BillingAccountName,BillingPeriodStart,BillingPeriodEnd,"
               "ChargePeriodStart,ChargePeriodEnd,ChargeCategory,ChargeClass,ChargeDescription,InvoiceIssuerName,PricingQuantity,PricingUnit,"
               "ProviderName,PublisherName,ServiceCategory,ServiceName")
    for month, name in ((3, "march"), (4, "april")):
        rows = [f"{day}.25,{day}.25,{day}.50,{day}.25,USD,111122223333,Main,2026-{month:02}-01T00:00:00Z,2026-{month + 1:02}-01T00:00:00Z,"
                f"2026-{month:02}-{day:02}T00:00:00Z,2026-{month:02}-{day + 1:02}T00:00:00Z,Usage,,m5.large,AWS,24,Hours,AWS,AWS,Compute,Amazon EC2"
                for day in range(1, 29)]
        text = "\n".join([columns, *rows]) + "\n"
        (folder / f"{name}.csv").write_text(text)
        (folder / f"{name}.csv.gz").write_bytes(gzip.compress(text.encode()))


def of_markdown(check, options, path, folder):
    blocks = list(blocks_of_markdown(path.read_text()))
    wanted = [command for block in blocks if block.language == "sh" for command in commands(block)]
    if not SOCKET.exists():  # the same walk, on the provider that is always there
        for command in wanted:
            command.text = command.text.replace('"provider":"docker","settings":{"endpoint":"unix:///var/run/docker.sock"}', '"provider":"simulator"')
    name = path.relative_to(ROOT)
    if not wanted and not any(block.language in ("python", "console") for block in blocks):
        return
    site = Site(options, folder)
    bills(folder)
    with site.server.start():
        told = ""
        for command, code, written in site.run([*wanted, Command(0, "declare -p APP VERIFIER 2>/dev/null || true")]):
            told += written
            if command.line:
                judged(check, name, command, code, written)
        for block in blocks:
            if block.language == "python":
                python(check, name, block, site)
            elif block.language == "console":
                rehearse(check, name, block, blocks, site, told)


# What a receiver has in its hands: a letter that the server really sent.
LETTER = '''
import http.server, json, os, threading, urllib.request
class request: headers, body, here = None, None, threading.Event()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        request.body, request.headers = self.rfile.read(int(self.headers["content-length"])), dict(self.headers)
        self.send_response(204); self.end_headers(); request.here.set()
    def log_message(self, *_): pass
listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=listener.serve_forever, daemon=True).start()
def call(path, body=None):
    asked = urllib.request.Request(os.environ["CLOUDAPI_URL"] + path, json.dumps(body).encode() if body else b"", method="POST",
                                   headers={"Authorization": "Bearer " + os.environ["CLOUDAPI_KEY"], "Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=20) as answer: return json.load(answer)
webhook = call("/v1/webhooks", {"url": f"http://127.0.0.1:{listener.server_port}/", "events": ["nothing.*"]})
secret = webhook["secret"]
call(f"/v1/webhooks/{webhook['id']}/test")
assert request.here.wait(20), "no letter came"
'''


def python(check, name, block, site):
    """Runs a block with `request` and `secret` of a letter that the server has just sent, where it speaks of them."""
    packages = [package for package in ("standardwebhooks", "svix") if package in block.text]
    interpreter = python_with(*packages) if packages else sys.executable
    text = (LETTER if "request." in block.text else "") + block.text
    ran = subprocess.run([str(interpreter), "-c", text], env=site.environment, cwd=site.folder, capture_output=True, text=True, timeout=60)
    check.that(f"{name}:{block.line}  python", ran.returncode == 0, ran.stderr)


def of_index(check, options, folder):
    """docs/README.md leads to every page there is, and no link of a page leads nowhere."""
    text = (ROOT / "docs" / "README.md").read_text()
    linked = set(re.findall(r"\]\((?:\.\./)?([^)#]+)", text))
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"} | {f"examples/{path.name}" for path in (ROOT / "examples").glob("*.sh")}
    check.that("docs/README.md leads to every page and example", pages <= linked, pages - linked)
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        links = [link for link in re.findall(r"\]\(([^)#\s]+)", path.read_text()) if "://" not in link and not link.startswith("/")]
        lost = [link for link in links if not (path.parent / link).exists()]
        check.that(f"{path.relative_to(ROOT)}  its {len(links)} links lead somewhere", not lost, lost)
    site = Site(options, folder)
    with site.server.start() as server, server.client() as client:
        served = set(re.findall(r'href="(/docs/how-to/[^"#]+)', client.call("GET", "/docs/how-to").body.decode()))
    listed = set(re.findall(r"`(/docs/how-to/[^`]+)`", text))
    check.that("docs/README.md lists the how-tos that are served", served == listed, served ^ listed)


# The pages under /docs


def of_site(check, options, folder):
    """Every page that links lead to, each on a server of its own."""
    first = Site(options, folder / "first")
    with first.server.start() as server:
        # A page names the server it came from.
        pages = {path: text.replace(f"http://{HOST}:{server.port}", "$CLOUDAPI_URL") for path, text in fetched(check, server).items()}
        of_endpoints(check, first, pages.pop("/docs/endpoints"))
    for number, (path, text) in enumerate(pages.items()):
        wanted = [command for block in blocks_of_page(text) for command in commands(block)]
        if not wanted:
            continue
        site = Site(options, folder / f"page{number}")
        for command in wanted:
            command.text = with_credentials(command.text, site)
        with site.server.start():
            for command, code, written in site.run(wanted):
                judged(check, path, command, code, written)


def fetched(check, server):
    """The pages by their paths: the first one, and what links lead to from there. The pages of single problems have nothing to run."""
    pages, ahead = {}, ["/docs"]
    with server.client() as client:
        while ahead:
            path = ahead.pop()
            reply = client.call("GET", path)
            check.that(f"{path} is there", reply.status == 200, reply)
            pages[path] = reply.body.decode()
            links = set(re.findall(r'href="(/docs[^"#]*)', pages[path]))
            ahead += sorted(link for link in links - pages.keys() - set(ahead) if not link.startswith("/docs/errors/"))
    return dict(sorted(pages.items()))


def with_credentials(text, site):
    person = f'"email":"{site.credentials["email"]}","password":"{site.credentials["password"]}"'
    return re.sub('"email":"ada@example.com","password":"[^"]*"', lambda _: person, text)


# What the generated calls speak of beside the pool of the fuzzer: one of each, by the variable that its id is put into.
ESTATE = (
    ("TEAM_ID", "/teams", {"id": "core", "name": "Core"}),
    ("STREAM_ID", "/v1/streams", {"name": "shop"}),
    ("COST_VIEW_ID", "/v1/cost-views", {"name": "Spare"}),
    ("COST_COLUMN_ID", "/v1/cost-columns", {"name": "Spare", "formula": "Unblended * 2"}),
    ("TAG_CATALOG_ID", "/v1/tag-catalogs", {"tags": [{"key": "team", "value": "core"}]}),
    ("OPPORTUNITY_ID", "/v1/opportunities", {"monthly_savings": "1", "type": "SPARE"}),
    ("OPPORTUNITY_THREAD_ID", "/v1/opportunity-threads", {"name": "Spare"}),
    ("UNIT_METRIC_ID", "/v1/unit-metrics", {"name": "Spare", "numerator": {"source": "cost"}, "denominator": {"source": "requests"}}),
    ("ALERT_ID", "/v1/alerts", {"selector": "team=core", "rule": "cpu_percent > 90"}),
    ("REPORT_ID", "/v1/compliance/reports", {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"}),
)


def estate(site):
    """Variables for every id that a path may want."""
    from contract import SIMULATOR, make, pool

    make(site.server, site.credentials, "connections", {"name": "simulated", **SIMULATOR}, 0)
    ids = {singular(word).upper().replace("-", "_") + "_ID": ids[0] for word, ids in pool(site.server, site.credentials, size=2).items()}
    with site.server.client(site.credentials["api_key"]) as client:
        def ask(path, body=None, method="POST"):
            reply = client.call(method, path, body)
            assert reply.status in (200, 201, 202), (path, reply)
            return reply

        for variable, path, body in ESTATE:
            reply = ask(path, body)
            ids[variable] = str(reply.json["id"])
        client_of_oauth = ask("/v1/oauth/clients", {"name": "Forms"}).json
        ids |= {"CLIENT_ID": client_of_oauth["id"], "CLIENT_SECRET": client_of_oauth["client_secret"], "GRANT_ID": "ogr_none"}
        ids["REQUEST_ID"] = reply.headers["x-request-id"]
        ask("/events", {"data": [{"timestamp": "2026-03-01 10:00:00", "payload": {"type": "deploy"}}]})
        ids["MARKER_ID"] = str(ask("/v1/markers?limit=1", method="GET").json["data"][0]["id"])
        ask(f"/v1/webhooks/{ids['WEBHOOK_ID']}/test")
        ids["DELIVERY_ID"] = ask(f"/v1/webhooks/{ids['WEBHOOK_ID']}/deliveries?limit=1", method="GET").json["data"][0]["id"]
        imported = client.call("POST", "/v1/costs/imports?name=spare&wait=20s", b"BilledCost\n1\n", {"Content-Type": "text/csv"})
        assert imported.status in (200, 201, 202), imported
    return ids | {"IMPORT_ID": imported.json["id"], "METRIC": "instances", "METRIC_ID": ids["UNIT_METRIC_ID"], "NAME": "project.created"}


def of_endpoints(check, site, text):
    site.environment |= estate(site) | {"SESSION_TOKEN": site.credentials["session_token"]}
    with site.server.client() as client:
        described = client.call("GET", "/openapi.json").json["paths"]
    known = {call["operationId"].replace("_", "-"): (method.upper(), path, set(call["responses"]))
             for path, calls in described.items() for method, call in calls.items() if "operationId" in call}
    wanted = [Command(block.line.removesuffix("-curl").replace("_", "-"), with_credentials(block.text, site)) for block in blocks_of_page(text)]
    # What removes something comes last, and of that what ends a credential; after it what keeps others away.
    wanted.sort(key=lambda command: ("-X POST" in command.text and "/lease" in command.text, "-X DELETE" in command.text, "keys" in command.text,
                                     "sessions" in command.text))
    good = 0
    for command, _, written in site.run(wanted, within=180):
        answered = re.findall(r"^@@ (\d{3}) ", written, re.M)
        method, path, statuses = known.get(command.line, ("?", command.line, set()))
        understood = (len(answered) == 1 and answered[0] in statuses and answered[0] not in ("401", "405", "415")
                      and answered[0] < "500" and not re.search('"code":"(unknown_field|unknown_parameter|invalid_json)"', written))
        good += answered[:1] < ["300"]
        check.that(f"/docs/endpoints  {method} {path} is answered {' '.join(answered)}", understood, f"{command.text}\n{written[-600:]}")
    check.that(f"{good} of {len(wanted)} generated calls are answered 2xx as they stand, at least three of four", good * 4 >= len(wanted) * 3)


def singular(word):
    return word[:-3] + "y" if word.endswith("ies") else word.removesuffix("s")


def made(folder):
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, type=lambda text: Path(text).resolve())
    parser.add_argument("--only", default="", help="pages whose path has this in it; `/docs` for those that are served")
    parser.add_argument("--keep", help="a folder to work in, which stays")
    options = parser.parse_args()
    check = Checks()
    with workspace(options.keep) as folder:
        pages = [path for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))] if options.only in str(path.relative_to(ROOT))]
        with ThreadPoolExecutor(AT_ONCE) as hands:
            work = [hands.submit(of_markdown, check, options, path, folder / path.parent.name / path.stem) for path in pages]
            if options.only in "docs/README.md":
                work.append(hands.submit(of_index, check, options, folder / "index"))
            if options.only in "/docs":
                work.append(hands.submit(of_site, check, options, folder / "site"))
            for each in work:
                each.result()
    return check.ended()


if __name__ == "__main__":
    sys.exit(main())
