#!/usr/bin/env python3
"""Bills as others write them, and our export as others read it.

    focus.py --binary .build/debug/cloudapi [--seed N] [--rows 1000]

`focus-data-toolkit` (PyPI) makes a bill of FOCUS 1.2 for each of its providers, afresh at every run; what the server says of them must differ by 0
from the computation in bills.py. Then `focus-validator` (PyPI, of the FinOps Foundation) reads what the server exports: these bills, and the
charges of the sandbox, which are our own. A bill that went through the server may raise no alarm that it did not raise before; our own charges
raise those of ALARMS and no others. docs/costs.md has the same table.
"""
import argparse
import os
import random
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "Durability"))
import costs
from server import BUILD, Checks, Client, Server, init, workspace

TOOLKIT = "focus-data-toolkit==0.14.1"
# An older pyarrow, since the validator keeps numpy below 2.
VALIDATOR = ["focus-validator==2.2.1", "pyarrow<21"]
PROVIDERS = ["aws", "azure", "gcp"]
# What the validator says of our own charges, and why it stands.
ALARMS = {
    "BilledCost-C-005-C": "A charge of another issuer is taken for one that a third party is paid for; ours are billed by CloudAPI itself.",
    "InvoiceId-C-005-C": "Every charge is taken for invoiced. CloudAPI writes no invoices, so there is no id to name.",
    "PricingQuantity-C-001-M": "CSV has no types: a column in which every quantity is whole is taken for one of integers.",
}


def environment():
    """An interpreter's folder with both packages. The validator asks for Python 3.12 for the sake of one line, which is written in the older way here."""
    folder = BUILD / "venv-focus"
    if not (folder / "installed").exists():
        print(f"installing {TOOLKIT}, {', '.join(VALIDATOR)} into {folder}", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--ignore-requires-python"]
        subprocess.run([*pip, TOOLKIT, *VALIDATOR], check=True)
        (folder / "installed").touch()
    if sys.version_info < (3, 12):
        source = packages(folder) / "focus_validator" / "config_objects" / "focus_to_duckdb_converter.py"
        newer = """f"'{k.replace('\\"', '\\"\\"')}'" for k"""
        source.write_text(source.read_text().replace(newer, """"'" + k.replace('"', '""') + "'" for k"""))
    return folder


def packages(folder):
    return next((folder / "lib").glob("python3.*")) / "site-packages"


def fresh_bills(folder, tools, seed, rows):
    """One bill for each provider."""
    found = []
    for provider in PROVIDERS:
        subprocess.run([tools / "bin" / "focus-toolkit", "generate", "--provider", provider, "--focus-version", "1.2", "--rows", str(rows),
                        "--seed", str(seed), "--out", folder], check=True, stdout=subprocess.DEVNULL, timeout=120)
        found.append(folder / f"focus_1_2_cost_and_usage_{provider}.csv")
    return found


def alarms(path, tools):
    """The validator's rules that a file breaks; rules that only gather others are left out. None when it did not come to an end."""
    report = path.with_suffix(".xml")
    run = subprocess.run([tools / "bin" / "focus-validator", "--data-file", path, "--validate-version", "1.2", "--block-download", "--output-type",
                          "unittest", "--output-destination", report], cwd=packages(tools), capture_output=True, text=True, timeout=300)
    if not report.exists():
        print(run.stderr[-2000:], file=sys.stderr)
        return None
    broken = set()
    for suite in ElementTree.parse(report).getroot():
        for case in suite:
            rule, _, kind = case.get("name").partition(" :: ")
            if case.find("failure") is not None and kind != "Composite":
                broken.add(rule)
    return broken


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, type=Path)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(3), "big"))
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--random", type=int, default=10, help="random views for each file")
    options = parser.parse_args()
    checks, dice, tools = Checks(), random.Random(options.seed), environment()
    print(f"seed {options.seed}")
    with workspace() as folder:
        made = init(options.binary.resolve(), folder / "data", rate_limit=100_000_000)
        with Server(options.binary, folder / "data", folder / "server.log").start() as server, \
                Client(server.port, made["api_key"], timeout=90) as client, Client(server.port, made["test_api_key"], timeout=90) as sandbox:
            for path in fresh_bills(folder, tools, options.seed, options.rows):
                view = costs.judge_file(path, client, checks, options, dice)
                if view is not None:
                    costs.round_trip(path, client, checks)
                    exported = folder / f"exported-{path.name}"
                    exported.write_bytes(client.call("GET", "/v1/costs/export?from=2000-01-01&to=2099-12-31").body)
                    before, after = alarms(path, tools), alarms(exported, tools)
                    holds = before is not None and after is not None and after <= before
                    checks.that(f"{path.name}: the validator has {len(after or ())} alarms of the export, all of which the file had", holds,
                                (after or set()) - (before or set()))
                costs.remove_imports(client)
            exported = folder / "sandbox.csv"
            # Enough of it to have every kind of charge; the whole is 90 days.
            exported.write_bytes(b"".join(sandbox.call("GET", "/v1/costs/export?from=2000-01-01&to=2099-12-31").body.splitlines(keepends=True)[:3000]))
            found = alarms(exported, tools)
            checks.that(f"own charges: the validator has the {len(ALARMS)} alarms that docs/costs.md explains", found == set(ALARMS), found)
            explained = (HERE.parents[1] / "docs" / "costs.md").read_text()
            checks.that("docs/costs.md names each of them", all(rule in explained for rule in ALARMS))
    return checks.ended()


if __name__ == "__main__":
    sys.exit(main())
