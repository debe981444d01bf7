"""Blocks marked `console`: what somebody types once, or where they have something of their own at hand. Each is done here as that somebody would,
with their address and their password put in; what wants a machine of its own (PostgreSQL, a real account) is run by the suite named in ELSEWHERE,
and held here against what the server and the command line know."""
import json
import re
import subprocess
from pathlib import Path

from line import on_terminal
from server import HOST, ROOT, Process, free_port, python_with

ELSEWHERE = {
    "docs/drift.md": "Tests/Peers/awsdrift.py", "docs/operations.md": "Tests/Conformance/postgresql.py", "docs/postgresql.md": "Tests/Conformance/postgresql.py",
    "docs/resources.md": "Tests/ProviderTests/S3Tests.swift",
}


def rehearse(check, name, block, blocks, site, written):
    """`blocks` are all of the page, `written` what its commands wrote before."""
    for words, rehearsal in REHEARSALS.items():
        if words in block.text:
            return rehearsal(check, f"{name}:{block.line}", block, blocks, site, written)
    elsewhere = ELSEWHERE.get(str(name))
    if check.that(f"{name}:{block.line} is run here, or by another suite", elsewhere is not None and (ROOT / elsewhere).exists(), block.text):
        understood(check, f"{name}:{block.line} (run by {elsewhere})", block, site)


def quick_start(check, where, block, blocks, site, _):
    """`make run`, but for the build: it serves an empty folder, prints what the page shows, and the curl that it prints works."""
    asked = subprocess.run(["make", "-n", "-C", ROOT, "run", "SWIFT=true"], capture_output=True, text=True, timeout=60)
    check.that(f"{where}  make run serves ./data", "serve --data ./data --listen 127.0.0.1:8080" in asked.stdout, asked.stdout[-300:] + asked.stderr[-300:])
    asked = subprocess.run(["make", "-n", "-C", ROOT, "test", "SWIFT=true"], capture_output=True, text=True, timeout=60)
    check.that(f"{where}  make test does its own set-up", asked.returncode == 0 and "scripts/setup.sh" in asked.stdout, asked.stderr[-300:])
    shown = next(each for each in blocks if each.line > block.line and not each.language)
    log = site.folder / "first.log"
    with Process([site.folder / "bin" / "cloudapi", "serve", "--data", site.folder / "fresh", "--listen", f"{HOST}:PORT"], log).start() as server:
        said = log.read_text()
        expected = re.escape(shown.text.replace("127.0.0.1:8080", f"{HOST}:{server.port}")).replace("…", r"\S+")
        check.that(f"{where}  prints what the page shows", re.search(expected, said), said[-800:])
        curl = re.search(r"^ *(curl .*)$", said, re.M)
        ran = subprocess.run(["bash", "-c", curl[1] if curl else "false"], capture_output=True, text=True, timeout=30, env=site.environment)
        check.that(f"{where}  and the curl works when pasted", ran.returncode == 0 and '"id":"proj_' in ran.stdout, ran)


def as_it_stands(check, where, block, _, site, __):
    ran = subprocess.run(["bash", "-ec", block.text], capture_output=True, text=True, timeout=30, env=site.environment)
    check.that(f"{where}  {block.text.splitlines()[0]}", ran.returncode == 0, ran)


def log_in(check, where, block, _, site, __):
    text = block.text.replace("https://cloud.example.com", site.environment["CLOUDAPI_URL"])
    own = {name: value for name, value in site.environment.items() if name not in ("CLOUDAPI_URL", "CLOUDAPI_KEY")} | {"TERM": "xterm"}
    code, seen = on_terminal(["bash", "-c", text], own, cwd=site.folder, typed=(
        ("E-mail:", site.credentials["email"] + "\n"), ("Password:", site.credentials["password"] + "\n")))
    check.that(f"{where}  {block.text}", code == 0 and "Signed in" in seen, seen)


def listen(check, where, block, _, site, __):
    """Up to the secret, and one letter: to whoever does not listen on that port, which is told."""
    text = block.text.replace("localhost:3000", f"{HOST}:{free_port()}").replace("instance.*", "project.*")
    running = subprocess.Popen(["bash", "-c", f"exec {text} --count 1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=site.environment)
    try:
        first = running.stdout.readline()
        check.that(f"{where}  {block.text}", "whsec_" in first, first)
    finally:
        running.terminate()
        running.communicate(timeout=20)


# A person before a browser, in an interpreter that has one.
CONSENT = """
import json, sys, urllib.parse
sys.path[:0] = [{conformance!r}, {durability!r}]
from oauth import Person
answer = Person({base!r}, json.loads({credentials!r})).visit({address!r})
print(dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer).query))["code"])
"""


def consent(check, where, block, _, site, written):
    """Opens the address that the commands before have printed, says yes, and goes on with the code and then with the refresh token."""
    from docs import commands
    address = re.findall(r"^\S+/oauth/authorize\?\S+$", written, re.M)[-1]
    held = dict(re.findall(r"^declare -- (APP|VERIFIER)=\"([^\"]*)\"", written, re.M))
    here = Path(__file__).resolve().parent
    text = CONSENT.format(conformance=str(here), durability=str(here.parent / "Durability"), base=site.environment["CLOUDAPI_URL"],
                          credentials=json.dumps(site.credentials), address=address)
    ran = subprocess.run([python_with("requests>=2.32,<3"), "-c", text], capture_output=True, text=True, timeout=60)
    check.that(f"{where}  saying yes brings a code", ran.returncode == 0, ran.stderr)
    held["CODE"] = ran.stdout.strip()
    for command in commands(block):
        ran = subprocess.run(["bash", "-c", command.text], capture_output=True, text=True, timeout=30, env=site.environment | held)
        answer = json.loads(ran.stdout) if ran.stdout.startswith("{") else {}
        check.that(f"{where}  {command.text.splitlines()[0][:100]}", ran.returncode == 0 and answer.get("access_token"), ran)
        held["REFRESH"] = answer.get("refresh_token", "")


REHEARSALS = {"make run": quick_start, "export CLOUDAPI_URL": as_it_stands, "cloudapi login --url": log_in, "webhooks listen": listen, "authorization_code": consent}


def understood(check, where, block, site):
    """Every call is one of the description's, every command and flag one of the command line's."""
    with site.server.client() as client:
        paths = client.call("GET", "/openapi.json").json["paths"]
    known = {(method, re.sub(r"\{[^}]*\}", "*", path)) for path, calls in paths.items() for method in calls}
    text = block.text.replace("\\\n", " ")
    for call in re.findall(r"curl [^|)\n]*(?:\{[^']*\}')?", text):
        path = re.sub(r"\?.*", "", re.search(r"\$CLOUDAPI_URL(/[^\s\"']*)", call)[1])
        method = (re.search(r"-X (\w+)", call) or [0, "POST" if " -d " in call else "GET"])[1].lower()
        fits = any(method == each and re.fullmatch(re.escape(known_path).replace(r"\*", "[^/]+"), path) for each, known_path in known)
        check.that(f"{where}  {method.upper()} {path} is in the description", fits, call)
    for words in re.findall(r"\bcloudapi ((?:[a-z]+ ?)+)(.*)", text):
        command = words[0].split()
        while command:
            helped = subprocess.run([site.folder / "bin" / "cloudapi", "help", *command], capture_output=True, text=True, timeout=30)
            if helped.returncode == 0 and "USAGE: cloudapi " + " ".join(command) in helped.stdout:
                break
            command.pop()
        flags = re.findall(r"(--[a-z-]+)", words[1])
        check.that(f"{where}  cloudapi {' '.join(command)} has {' '.join(flags) or 'no flag'}", command and all(flag in helped.stdout for flag in flags), words)
