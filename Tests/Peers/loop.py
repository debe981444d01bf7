#!/usr/bin/env python3
"""The examples that close the loop, on real containers: examples/loop.sh, examples/usage-monitor.sh and examples/compliance.sh as they are
printed, against a server of their own on a real dockerd. PyPI's `svix` judges the webhook; the rows of the chain come from the server alone.

    loop.py --binary .build/debug/cloudapi --home /tmp/x      with /tmp/x/docker as scripts/peers/docker.sh starts it
"""
import argparse
import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Durability"))

from provisioned import IMAGES, SERVE, Provisioned  # noqa: E402
from server import HOST, ROOT, Checks, run, within_venv, workspace  # noqa: E402

within_venv("svix>=1,<2")


class Loop(Provisioned):
    egress = "127.0.0.0/8"

    def example(self, name, *arguments, **environment):
        """Runs the script with an interpreter that has svix first in its path; answers (exit code, output, seconds)."""
        started = time.monotonic()
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        done = run([ROOT / "examples" / name, *arguments],
                   {"CLOUDAPI_URL": f"http://{HOST}:{self.server.port}", "CLOUDAPI_KEY": self.key, "PATH": path} | environment, within=180)
        return done.returncode, done.stdout + done.stderr, time.monotonic() - started

    def run(self):
        self.connect()
        self.loop()
        self.usage_monitor()
        self.compliance()
        self.check("SIGTERM ends the server", self.server.stop() == 0, self.server.tail())

    def loop(self):
        code, output, took = self.example(
            "loop.sh", PROVIDER=self.name, SIZE="n-1", IMAGE=IMAGES[self.name], COMMAND_JSON=json.dumps(SERVE),
            CLOUDAPI_BINARY=str(self.server.binary), CLOUDAPI_DATA=str(self.server.data))
        print("".join(f"      {line}\n" for line in output.splitlines()), end="")
        self.check(f"loop.sh closes the loop, in {took:.0f} s", code == 0 and "The loop is closed." in output, (code, output, self.server.tail()))
        self.check("svix has verified the webhook", '"verified": true, "by": "svix"' in output, output)
        self.check("the log was proved", "proved" in output, output)
        self.check("nothing is left on the peer", self.peer.ours() == (0, 0, 0), self.peer.ours())

    def usage_monitor(self):
        account = self.made["account_id"]
        code, output, _ = self.example("usage-monitor.sh", ONCE="1")
        self.check("usage-monitor.sh: below the threshold", code == 0 and "requests in this window" in output, (code, output))
        used = self.call("GET", f"/v1/accounts/{account}/usage?window=5m").json["quota_used"]
        self.call("PATCH", f"/v1/accounts/{account}", {"quota_requests": used})
        code, output, _ = self.example("usage-monitor.sh", account, "85", ONCE="1")
        self.check("usage-monitor.sh: past it, 1 and how far", code == 1 and "of its quota" in output, (code, output))
        code, output, _ = self.example("usage-monitor.sh", account, "85", ALERT="1")
        made = json.loads(output) if code == 0 else {}
        self.check("usage-monitor.sh: leaves the watching to an alert", made.get("id", "").startswith("alr_"), (code, output))
        seen = self.until(f"/v1/alerts/{made.get('id')}", lambda alert: alert["state"] == "firing", within=10)
        self.check("and that one fires", seen["state"] == "firing", seen)
        self.call("PATCH", f"/v1/accounts/{account}", {"quota_requests": None})

    def compliance(self):
        folder = self.data.parent / "report"
        public = self.call("GET", "/v1/audit/keys").json["data"][0]["public_key"]
        code, output, took = self.example("compliance.sh", folder, NOTE="Reviewed.", CLOUDAPI_BINARY=str(self.server.binary), PUBLIC_KEY=public)
        self.check(f"compliance.sh: a report, signed off and checked, in {took:.0f} s",
                   code == 0 and "ok    " in output and "signed off by" in output, (code, output))
        self.check("it names its gaps", "failed_access: no data" in output, output)
        files = {path.suffix: path for path in folder.iterdir()}
        self.check("as JSON, CSV and HTML", set(files) == {".json", ".csv", ".html"}, files)
        rows = {section["name"]: section["rows"] for section in json.loads(files[".json"].read_text())["sections"]}
        self.check("the loop stands in it: the change, the incident and what was done", {"alert.firing", "alert.acted", "instance.stopped"} <= {
            row["type"] for row in rows["change_log"]} and any(row["actions"] == 1 for row in rows["incidents"]), rows)
        files[".json"].write_text(files[".json"].read_text().replace('"alert.firing"', '"alert.silent"', 1))
        done = run([self.server.binary, "audit", "verify", "--report", files[".json"]])
        self.check("a changed row is found", done.returncode == 1 and "change_log" in done.stdout, done)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--home", required=True)
    options = parser.parse_args()
    checks = Checks()
    with workspace() as folder:
        loop = Loop(options.binary, options.home, "docker", folder, checks)
        with loop.server:
            loop.run()
    return checks.ended()


if __name__ == "__main__":
    sys.exit(main())
