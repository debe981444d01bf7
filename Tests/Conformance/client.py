#!/usr/bin/env python3
"""A client that somebody else's generator makes of /openapi.json completes the quick start of the documents.

    client.py --binary .build/debug/cloudapi

PyPI's `openapi-python-client` writes a package from the description alone; nothing in it is ours. Its own methods then do what the documents
show: the test endpoint, the list of projects in both envelopes, one project, a key, a usage window, an alert; and a problem is a problem.
"""
import argparse
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Durability"))
from server import Checks, Server, init, within_venv, workspace

PACKAGES = ("openapi-python-client>=0.26,<1",)


def generate(server, folder):
    """The folder of the package; raises what the generator complained of."""
    made = subprocess.run([sys.executable, "-m", "openapi_python_client", "generate", "--url", f"http://127.0.0.1:{server.port}/openapi.json",
                           "--output-path", str(folder / "made"), "--meta", "none", "--overwrite"], capture_output=True, text=True, timeout=300,
                          env=dict(os.environ) | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"})
    if made.returncode:
        raise RuntimeError(made.stdout + made.stderr)
    return made.stdout + made.stderr


def quick_start(base, credentials, checks):
    made = importlib.import_module("made")
    importlib.import_module("made.models")
    client = made.AuthenticatedClient(base_url=base, token=credentials["api_key"])

    def call(tag, name, body=None, using=client, **parameters):
        module = importlib.import_module(f"made.api.{tag}.{name}")
        if body is not None:
            kind = module.sync_detailed.__annotations__["body"]
            kind = kind if isinstance(kind, type) else next(each for each in kind.__args__ if hasattr(each, "from_dict"))
            parameters["body"] = kind.from_dict(body)
        return module.sync_detailed(client=using, **parameters)

    ping = call("ping", "get_ping")
    checks.that("the test endpoint answers 200 and says who asks", ping.status_code == 200 and ping.parsed.workspace_id == credentials["workspace_id"], ping)
    projects = call("projects", "get_projects", per_page=10)
    items = projects.parsed.items
    checks.that("the projects are listed in pages", projects.status_code == 200 and items[0].name == "Default" and projects.parsed.page == 1, projects)
    by_cursor = call("projects", "get_projects", limit=1)
    checks.that("— and by cursor", by_cursor.parsed.data[0].id == items[0].id, by_cursor)
    one = call("projects", "get_projects_id", id=items[0].id)
    checks.that("a project is read with its usage", one.status_code == 200 and one.parsed.requests_24h >= 0 and str(one.parsed.env) == "prod", one)
    key = call("api_keys", "post_api_keys", {"name": "ci", "scope": ["read:projects"], "expires_at": "2030-12-31T23:59:59Z"})
    checks.that("a key is made", key.status_code == 201 and key.parsed.prefix == "pk_live_" and key.parsed.scope == ["read:projects"], key)
    own = made.AuthenticatedClient(base_url=base, token=key.parsed.key)
    checks.that("— and works at once", call("projects", "get_projects", using=own).status_code == 200)
    usage = call("accounts", "get_accounts_id_usage", id=credentials["account_id"], window=made.models.GetAccountsIdUsageWindow("5m"))
    checks.that("the account's usage is read in windows", usage.status_code == 200, usage)
    alert = call("alerts", "post_alerts", {"account_id": credentials["account_id"], "rule": "quota_percent > 85", "channel": "slack"})
    checks.that("an alert is made", alert.status_code == 201, alert)
    refused = call("users", "get_users", using=own)
    checks.that("a refusal is a problem with a code", refused.status_code == 403 and str(refused.parsed.code) == "insufficient_scope", refused)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, type=Path)
    options = parser.parse_args()
    within_venv(*PACKAGES)
    checks = Checks()
    with workspace() as folder:
        credentials = init(options.binary.resolve(), folder / "data")
        with Server(options.binary, folder / "data", folder / "server.log").start() as server:
            said = generate(server, folder)
            left_out = set(re.findall(r"WARNING parsing (\S+ \S+)", said)) - {"POST /v1/costs/imports"}  # it reads no CSV and no gzip
            checks.that("the generator leaves no call out", not left_out, left_out)
            sys.path.insert(0, str(folder))
            quick_start(f"http://127.0.0.1:{server.port}", credentials, checks)
    return checks.ended()


if __name__ == "__main__":
    sys.exit(main())
