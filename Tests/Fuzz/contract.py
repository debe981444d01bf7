#!/usr/bin/env python3
"""Lets schemathesis, which knows nothing of us but /openapi.json, look for an answer the description does not promise.

    contract.py --binary .build/debug/cloudapi [--max-examples 8] [--max-time 480] [--seed 1] [--only /v1/projects]

All of its checks are on, in all of its phases (the examples given, boundary values, random bodies, chains of calls), first with a
workspace key, then what only a session may call with a session. A run is bounded in examples per operation and in time, and its seed is
fixed, so that a failure comes back. It fails on a 5xx, on any answer the description does not allow, and when the server or the key it was
judged by is gone at the end.

No operation is left out. Exemptions, all in `schemathesis_hooks.py`:

 - The check `positive_data_acceptance` (whatever fits the description must be accepted) runs as `described_data_acceptance`, which lets
   through the refusals that no schema can foretell. They are told by the problem's code and by the code of every place it names, so that a
   refusal for a value's form is still a finding:
     · every problem about what is there (`precondition_failed`, `invalid_cursor`, `budget_exceeded`, `immutable_field`…);
     · places whose code is about a meaning (`combination`, `past`, `not_found`, `refused_url`…) and not about a form (`type`, `format`,
       `length`, `range`, `required`…), which the schema has to say;
     · anything about a connection's `settings` and `secret`, whose form is the driver's, the names of `labels` and of `env`, an amount, a
       `project_id` that is missing, which a key of a project need not give, and what stands in the `spec` that a place is looked for, whose
       form is its kind's;
     · `invalid_json` for a NUL or an integer past 64 bits, which are refused wherever they stand.
 - The check `negative_data_rejection` runs as `bad_data_rejection`, which takes the 410 of what was purged for the refusal it is, and lets a file
   be any bytes: what is wrong with it is said of the import it began.
 - A `wait` is cut to one second: longer ones are honoured, and take as long.
 - The check `use_after_free` (what was deleted is gone) runs as `use_after_free_but_for_the_kept`: deleting a project archives it, deleting a
   key or token revokes it, deleting a user deactivates them and erases who they were; a deleted resource is kept for a
   week; each can still be read, as described.
 - A well-formed Idempotency-Key is replaced by one of its own for each call: two requests under one are, as described, a replay or a 422.
 - In one phase schemathesis draws no header value with a quote in it, as every ETag has, sends `If-Match: 0` and calls it valid; it is sent
   an ETag instead. Its other phases do draw ETags, and what fits none is still refused.
 - A call that would change or remove one of the keys, the session or the user the run itself lives on is sent with the id of something
   that does not exist instead, since from then on everything would be answered 401 and nothing more be tested.
 - Every policy that it makes is for one project, where nothing else happens: one for all would refuse whatever comes after.
 - Every second id in a path that schemathesis made up is exchanged for that of an object made for the purpose, so that not all it sees is 404.
 - OAuth's endpoints get the run's own key, which is no client's, so all that fits is answered 401 `invalid_client`; what lies behind is for
   `Tests/Conformance/oauth.py`. Of their errors only `invalid_request` is about a form, but for a field that stands twice, also one nobody knows
   (RFC 6749, 3.2), and for a NUL, which is refused wherever it stands.
 - It makes up no credentials beside the one it is given (`with-security-parameters`): two different ones in one request are, as described,
   a 400. That a request with none or with a wrong one is refused is still checked (`ignored_auth`).
"""
import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "Durability"))
from server import BUILD, Server, every, init, python_with, workspace

PACKAGE = "schemathesis>=4.32,<5"
SIMULATOR = {"provider": "simulator", "settings": {"latency_ms": 0}}


# What a workspace key may not call at all: a project key is made and sessions are listed by a person, and the sandbox is not reset by a live key.
FOR_SESSIONS = ["/v1/keys", "/v1/sessions", "/v1/sessions/{id}", "/v1/sandbox/reset", "/v1/oauth/grants", "/v1/oauth/grants/{id}"]


def own_ids(server, credentials):
    """The ids of what the run depends on: every connection, key and session there is at its start, and the user."""
    with server.client(credentials["session_token"]) as client:
        found = [*every(client, "/v1/connections"), *every(client, "/v1/keys"), *every(client, "/v1/api-keys"), *every(client, "/v1/sessions")]
    return [credentials["user_id"], *(each[name] for each in found for name in ("id", "key_id") if name in each)]


def pool(server, credentials, size=8):
    """Ids of objects to be read, changed and removed, by the word before them in a path."""
    project = {"project_id": credentials["project_id"]}
    made = {"accounts": {}, "projects": {}, "users": {"email": "user-{}@example.com"}, "tokens": {"scopes": ["projects:read"]}, "api-keys": {},
            "keys": project, "sessions": {name: credentials[name] for name in ("email", "password")},
            "prices": {"sku": "instance.fuzz-{}", "amount": "1", "effective_from": "2099-01-01T00:00:00Z"},
            "budgets": {"amount": "1000000", "scope": project}, "webhooks": {"url": "https://93.184.215.14:1/{}", "events": ["spare.*"]},
            "audit/checkpoints": {}, "oauth/clients": {}, "stacks": {"name": "spare-{}", **project},
            "templates": {"name": "spare-{}", "variables": [{"name": "size", "type": "string", "default": "s-1"}]},
            "schedules": {**project, "days": ["mon"], "stop_time": "20:00", "selector": "spare"}}
    found = {word.rpartition("/")[2]: [make(server, credentials, word, body, number)["id"] for number in range(3 if word == "sessions" else size)]
             for word, body in made.items()}
    found["plans"] = [make(server, credentials, "plans", {"stack_id": stack}, number)["id"] for number, stack in enumerate(found["stacks"])]
    rule = {"project_id": found["projects"][-1], "enforcement": "warn", "rule": {"type": "no_public_buckets"}}
    found["policies"] = [make(server, credentials, "policies", rule, number)["id"] for number in range(size)]
    return found | cloud(server, credentials, found["projects"][0], size) | {"members": found["users"]}


def cloud(server, credentials, elsewhere, size):
    """Provider accounts for another project, and resources of every kind at a simulator that every project has: the one a create without
    `provider` goes to. Their operations come with them."""
    found = {"connections": [make(server, credentials, "connections", {"name": "spare-{}", **SIMULATOR, "project_ids": [elsewhere]}, number)["id"]
                             for number in range(size)]}
    made = {kind: [make(server, credentials, kind, {"name": "spare-{}", "project_id": credentials["project_id"]}, number) for number in range(size)]
            for kind in ("instances", "volumes", "networks", "buckets", "ips", "firewalls")}
    made["snapshots"] = [make(server, credentials, "snapshots", {"name": "spare-{}", "project_id": credentials["project_id"],
                                                                 "spec": {"volume_id": volume["id"]}}, number) for number, volume in enumerate(made["volumes"])]
    found |= {kind: [each["id"] for each in each_kind] for kind, each_kind in made.items()}
    found |= {"drift": drift(server, credentials, elsewhere, size)}
    found |= {"discoveries": [discovery(server, credentials, found["connections"][0]) for _ in range(size)]}
    return found | {"operations": [each["operation"]["id"] for each_kind in made.values() for each in each_kind],
                    "resources": [each["id"] for each_kind in made.values() for each in each_kind]}


def drift(server, credentials, elsewhere, size):
    """Volumes of another project that grow by themselves when they are made; the ids of what is found to differ."""
    settings = SIMULATOR["settings"] | {"faults": [{"step": "create", "kind": "out_of_band_edit", "times": 0}]}
    account = make(server, credentials, "connections", {"name": "tampered-{}", **SIMULATOR, "settings": settings, "project_ids": [elsewhere]}, 0)
    with server.client(credentials["session_token"]) as client:
        for number in range(size):
            body = {"name": f"drifting-{number}", "project_id": elsewhere, "provider": account["id"], "drift_policy": "report"}
            made = client.call("POST", "/v1/volumes?wait=10s", body).json
            client.call("POST", f"/v1/volumes/{made['id']}/actions/refresh")
        until = time.monotonic() + 20
        while len(found := client.call("GET", f"/v1/drift?connection={account['id']}&limit=100").json["data"]) < size and time.monotonic() < until:
            time.sleep(0.2)
    assert len(found) == size, found
    return [each["id"] for each in found]


def discovery(server, credentials, connection):
    with server.client(credentials["session_token"]) as client:
        return client.call("POST", "/v1/discoveries", {"connection": connection}).json["id"]


def make(server, credentials, word, body, number):
    """Answers what was made."""
    body = {"name": f"{word} {number}"} | {name: value.format(number) if name in ("name", "email", "sku", "url") else value for name, value in body.items()}
    for name in {"sessions": ["name"], "prices": ["name"], "webhooks": ["name"], "audit/checkpoints": ["name"], "plans": ["name"]}.get(word, []):
        del body[name]
    with server.client(credentials["session_token"]) as client:
        reply = client.call("POST", f"/v1/{word}", body or None)
    assert reply.status == 201, reply
    return {"id": reply.json.get("key_id")} | reply.json


def schemathesis(options, server, token, environment, report, paths, seconds, more=()):
    command = [python_with(PACKAGE).parent / "schemathesis", "run", f"http://127.0.0.1:{server.port}/openapi.json",
               "--header", f"Authorization: Bearer {token}", "--checks", "all", "--exclude-checks", "positive_data_acceptance,negative_data_rejection,use_after_free", "--mode", "all",
               "--generation-with-security-parameters", "false", "--max-examples", options.max_examples, "--max-time", seconds,
               "--seed", options.seed, "--continue-on-failure", "--request-timeout", 30, "--suppress-health-check", "all",
               "--report", "junit", "--report-junit-path", report, "--no-color", *more]
    for path in paths:
        command += ["--include-path", path]
    return subprocess.run([str(part) for part in command], env=environment, cwd=report.parent, timeout=seconds * 2 + 300).returncode


def runs(options, server, credentials, reports):
    """One with a key, one with a session for what only a session may do. A session's rate limit is fixed, and kept to."""
    make(server, credentials, "connections", {"name": "fuzz", **SIMULATOR}, 0)
    spared = own_ids(server, credentials)
    environment = dict(os.environ) | {"SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(HERE),
                                      "SPARED_IDS": " ".join(spared), "ID_POOL": json.dumps(pool(server, credentials))}
    for_sessions = [path for path in FOR_SESSIONS if path in options.only or not options.only]
    yield schemathesis(options, server, credentials["api_key"], environment, reports / "key.xml", options.only, options.max_time)
    if for_sessions:
        yield schemathesis(options, server, credentials["session_token"], environment, reports / "session.xml", for_sessions, options.max_time // 4,
                           ["--rate-limit", "9/s"])


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
    parser.add_argument("--max-examples", type=int, default=8, help="per operation and phase")
    parser.add_argument("--max-time", type=int, default=480, help="seconds for the whole run")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", default=[], metavar="PATH", help="look at this path only; may be repeated")
    options = parser.parse_args()
    reports = BUILD / "schemathesis"
    reports.mkdir(parents=True, exist_ok=True)
    with workspace() as folder:
        credentials = init(options.binary, folder / "data")
        with Server(options.binary, folder / "data", folder / "server.log").start() as server:
            started = time.monotonic()
            statuses = list(runs(options, server, credentials, reports))
            faults = afterwards(server, credentials)
    for fault in faults:
        print(f"FAIL  {fault}")
    good = not any(statuses) and not faults
    print(f"{'ok  ' if good else 'FAIL'}  schemathesis: exit {statuses} after {time.monotonic() - started:.0f} s, seed {options.seed}, report in {reports}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
