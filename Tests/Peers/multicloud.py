#!/usr/bin/env python3
"""examples/multi-cloud-sync.sh on a real dockerd and an emulator of AWS at once: an instance on each is stopped past the server, and put right.

    multicloud.py --binary .build/debug/cloudapi --home /tmp/x      with /tmp/x/docker, and the variables of moto.env
"""
import argparse
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Durability"))

from aws import IMAGE  # noqa: E402
from motopeer import REGION, MotoPeer  # noqa: E402
from provisioned import IMAGES, SERVE, Provisioned  # noqa: E402
from server import HOST, ROOT, Checks, run, within_venv, workspace  # noqa: E402

STOP = """
import os, sys
if os.environ["CONNECTION"] == "aws":
    import boto3
    boto3.client("ec2", endpoint_url=os.environ["MOTO"], region_name=%r, aws_access_key_id=os.environ["MOTO_KEY"],
                 aws_secret_access_key=os.environ["MOTO_SECRET"]).stop_instances(InstanceIds=[os.environ["PROVIDER_REF"]])
else:
    sys.path.insert(0, os.environ["SUITES"])
    from peer import VERSION, UnixConnection
    connection = UnixConnection(os.environ["SOCKET"])
    connection.request("POST", VERSION + "/containers/" + os.environ["PROVIDER_REF"] + "/stop?t=2")
    assert connection.getresponse().status == 204
""" % REGION


class Clouds(Provisioned):
    egress = "127.0.0.0/8"

    def run(self, folder):
        self.connect()
        moto = MotoPeer(os.environ["CLOUDAPI_TEST_MOTO"])
        made = self.call("POST", "/v1/connections", {"name": "aws", "provider": "aws", "settings": moto.settings, "secret": moto.secret})
        self.check("two clouds are connected", made.status == 201 and made.json["state"] == "connected", made)
        before = set(moto.left())
        stop = folder / "stop.py"
        stop.write_text(STOP)
        done = run([ROOT / "examples/multi-cloud-sync.sh", f"{self.name}={IMAGES[self.name]}={json.dumps(SERVE)}", f"aws={IMAGE}"], {
            "CLOUDAPI_URL": f"http://{HOST}:{self.server.port}", "CLOUDAPI_KEY": self.key, "PROJECT": self.project,
            "CHANGE": f"{sys.executable} {stop}", "MOTO": os.environ["CLOUDAPI_TEST_MOTO"], "MOTO_KEY": moto.secret["access_key_id"],
            "MOTO_SECRET": moto.secret["secret_access_key"], "SOCKET": self.peer.path, "SUITES": str(ROOT / "Tests/Durability")}, 400)
        said = done.stdout + done.stderr
        for name in (self.name, "aws"):
            self.check(f"{name}: found, shown, reverted", f"{name}: state_drift: power is stopped, wanted running" in said
                       and f"{name}: reverted" in said, said)
        self.check("exit code 0", done.returncode == 0, (done.returncode, said))
        self.check("nothing is left", set(moto.left()) <= before and self.peer.ours() == (0, 0, 0), (moto.left(), self.peer.ours()))
        self.server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--home", required=True)
    options = parser.parse_args()
    within_venv("boto3")
    checks = Checks()
    with workspace() as folder:
        clouds = Clouds(options.binary, options.home, "docker", folder, checks)
        with clouds.server:
            clouds.run(folder)
    return checks.ended()


if __name__ == "__main__":
    sys.exit(main())
