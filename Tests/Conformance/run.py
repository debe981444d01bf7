#!/usr/bin/env python3
"""Replays the seed documents' promises (seeds.py) against a server of its own, as `init` makes it, and stops it again.

    run.py --binary .build/debug/cloudapi [--only cloudapi,cloudplatform,alerts,limits]
"""
import argparse
import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "Durability"))
from server import Server, init, workspace


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, type=Path)
    parser.add_argument("--only", default="cloudapi,cloudplatform,cloudthread,alerts,limits")
    options = parser.parse_args()
    with workspace() as folder:
        credentials = folder / "credentials.json"
        credentials.write_text(json.dumps(init(options.binary.resolve(), folder / "data", rate_limit=None)))
        with Server(options.binary, folder / "data", folder / "server.log").start() as server:
            command = [sys.executable, HERE / "seeds.py", "--base", f"http://127.0.0.1:{server.port}", "--credentials", credentials, "--only", options.only]
            failed = subprocess.run([str(part) for part in command], timeout=600).returncode
            stopped = server.stop()
    if stopped:
        print(f"FAIL  SIGTERM ended the server with {stopped}")
    return 1 if failed or stopped else 0


if __name__ == "__main__":
    sys.exit(main())
