#!/usr/bin/env python3
"""What we tell others to run, run on a real peer: the five commands of the README as they are printed there, and examples/ci-provision.sh as a
pipeline runs it, with each of its exit codes and nothing left after any.

    examples.py --binary .build/debug/cloudapi --home /tmp/x      with /tmp/x/docker as scripts/peers/docker.sh starts it
"""
import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Durability"))

from provisioned import IMAGES, SERVE, Provisioned  # noqa: E402
from server import HOST, ROOT, Checks, run, workspace  # noqa: E402

SCRIPT = ROOT / "examples/ci-provision.sh"


class Pipeline(Provisioned):
    def run(self):
        self.readme()
        self.succeeds()
        self.passes_on()
        self.refused()
        self.never_runs()
        self.unreachable()
        self.server.stop()

    def provision(self, *command, image=None, instance=SERVE, size="n-1", **environment):
        """Runs the script and answers (exit code, output), having looked that the peer has nothing of ours any more."""
        words = [SCRIPT, "job", size, image or IMAGES[self.name]]
        done = run([*words, "--", *command] if command else words, {
            "CLOUDAPI_URL": f"http://{HOST}:{self.server.port}", "CLOUDAPI_KEY": self.project_key,
            "INSTANCE_COMMAND": json.dumps(instance)} | environment)
        self.check("nothing is left on the peer", self.peer.ours() == (0, 0, 0), self.peer.ours())
        return done.returncode, done.stdout + done.stderr

    def readme(self):
        """The daemon's own socket and image take the place of the printed ones; its connection serves the rest."""
        printed = (ROOT / "README.md").read_text().split("in five commands", 1)[1].split("```sh\n", 1)[1].split("```", 1)[0]
        printed = printed.replace("unix:///var/run/docker.sock", self.peer.endpoint).replace("alpine-3", IMAGES[self.name])
        commands = printed.strip().split("\n\n")
        answers = [run(["bash", "-c", command], {
                       "CLOUDAPI_URL": f"http://{HOST}:{self.server.port}", "CLOUDAPI_KEY": self.key, "PROJECT": self.project})
                   for command in commands]
        connection, instance, metrics, logs, gone = (json.loads(answer.stdout) for answer in answers)
        self.check("README: the connection", connection.get("state") == "connected", connection)
        self.check("README: create until it runs, with what it costs", instance.get("status", {}).get("power") == "running"
                   and instance["estimate"]["hourly"] == "0.0018", instance)
        self.check("README: metrics", metrics.get("data") and metrics["data"][-1]["memory_bytes"] > 0, metrics)
        self.check("README: logs", "hello" in [line["message"] for line in logs.get("data", [])], logs)
        self.check("README: delete", gone.get("operation", {}).get("state") == "succeeded" and self.peer.ours() == (0, 0, 0), gone)

    def succeeds(self):
        code, output = self.provision("sh", "-c", 'echo "at $INSTANCE_ADDRESS is $INSTANCE_ID"')
        self.check("success: 0, and the command knew the instance", code == 0 and "is inst_" in output and "at 10." in output, (code, output))

    def passes_on(self):
        code, output = self.provision("sh", "-c", "exit 42")
        self.check("a command that fails: its own exit code", code == 42, (code, output))

    def refused(self):
        self.call("PUT", "/v1/quotas/instances", {"limit": 0, "project_id": self.project})
        code, output = self.provision("true")
        self.check("a quota that is used up: 3, and the problem", code == 3 and "quota_exceeded" in output, (code, output))
        self.call("DELETE", f"/v1/quotas/instances?project_id={self.project}")
        code, output = self.provision("true", size="huge")
        self.check("a size there is not: 3, and which there are", code == 3 and "n-1" in output, (code, output))
        code, output = self.provision()
        self.check("wrong use: 2", code == 2 and "NAME [SIZE] [IMAGE]" in output, (code, output))

    def never_runs(self):
        code, output = self.provision("true", instance=["sh", "-c", "exit 3"])
        self.check("an instance that ends at once: 4, and its operation", code == 4 and "not_stabilized" in output, (code, output))
        code, output = self.provision("true", image="no-such-image:1")
        self.check("an image there is not: 4, and its operation", code == 4 and "provider_rejected" in output, (code, output))

    def unreachable(self):
        code, output = self.provision("true", CLOUDAPI_KEY="sk_live_wrong")
        self.check("a key that is none: 3", code == 3 and "Refused (401)" in output, (code, output))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--home", required=True)
    options = parser.parse_args()
    checks = Checks()
    with workspace() as folder:
        pipeline = Pipeline(options.binary, options.home, "docker", folder, checks)
        with pipeline.server:
            pipeline.run()
    return checks.ended()


if __name__ == "__main__":
    sys.exit(main())
