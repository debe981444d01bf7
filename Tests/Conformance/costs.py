#!/usr/bin/env python3
"""Imports bills and compares what the server says they cost with a computation of its own (bills.py): the difference must be zero.

    costs.py --binary .build/debug/cloudapi [--shared ../shared] [--random 200] [--seed 1]

Bills: those of the shared folder where there is one (in CI it must be there when SHARED is set), and one that this script makes.
"""
import argparse
import csv
import datetime as dt
import gzip
import itertools
import json
import os
import random
import sys
import time
import urllib.parse
from decimal import Decimal
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "Durability"))
import bills
from server import Checks, Client, Server, every, init, workspace

EXCLUSIONS = ["taxes", "credits", "refunds", "fees", "discounts", "adjustments", "corrections", "support", "upfront", "recurring",
              "purchases", "unused", "marketplace"]
TYPES = list(bills.MEASURES) + ["Blended"]
GRANULARITIES = ["hour", "day", "week", "month", "quarter", "year"]
ZONES = ["UTC", "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]
FIXTURES = HERE / "fixtures"


def made_bill(path, seed):
    """A bill with everything a real one has and a few traps: 17 decimals, refunds, two currencies, daylight saving, quotes and line ends in texts."""
    dice = random.Random(seed)
    names = ["ProviderName", "PublisherName", "InvoiceIssuerName", "BillingAccountId", "BillingAccountName", "SubAccountId", "BillingPeriodStart",
             "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd", "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargeFrequency",
             "BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "PricingQuantity", "PricingUnit", "BillingCurrency", "ServiceName",
             "ServiceCategory", "ServiceSubcategory", "RegionId", "ResourceId", "SkuId", "CommitmentDiscountId", "CommitmentDiscountStatus",
             "Tags", "x_Team"]
    start = dt.datetime(2026, 3, 1, tzinfo=dt.timezone.utc)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for number in range(3000):
            hours = dice.choice([1, 1, 24])
            at = start + dt.timedelta(hours=dice.randrange(31 * 24 // hours) * hours)
            kind = dice.choices(["Usage", "Purchase", "Tax", "Credit", "Adjustment"], [20, 3, 1, 1, 1])[0]
            amount = Decimal(dice.randrange(-10**4, 10**17)).scaleb(-dice.choice([2, 9, 17]))
            billed, effective = dice.choice([(amount, amount), (amount, amount), (0, amount), (amount, 0)])
            writer.writerow([
                "AWS", dice.choice(["AWS", "AWS", "Acme"]), "AWS", dice.choice(["1", "2"]), "Main", dice.choice(["11", "12", "NULL"]),
                "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z", at.strftime("%Y-%m-%d %H:%M:%S"),
                (at + dt.timedelta(hours=hours)).isoformat().replace("+00:00", "Z"), kind, dice.choice(["NULL"] * 9 + ["Correction"]),
                dice.choice(["plain", "with, comma", 'with "quotes"', "with\nline"]), dice.choice(["Usage-Based", "One-Time", "Recurring"]),
                f"{billed:f}" if billed else "0", f"{effective:f}" if effective else "0.000", f"{amount * 2:f}", dice.choice([f"{amount:f}", "NULL"]),
                dice.choice(["1", "0", "3.7", "NULL", "1e-7"]), "Hours", dice.choices(["USD", "EUR"], [15, 1])[0],
                dice.choice(["Amazon EC2", "Amazon S3", "AWS Lambda"]), "Compute", dice.choice(["Support", "NULL"]),
                dice.choice(["eu-west-1", "us-east-1", ""]), f"i-{dice.randrange(200)}", dice.choice(["S1", "S2", "NULL"]),
                dice.choice(["NULL", "NULL", "c1"]), dice.choice(["NULL", "Used", "Unused"]),
                dice.choice(["NULL", "{}", '{"env":"dev"}', '{"env":"prod","n":3,"b":true}', '{" env":"odd"}']), dice.choice(["core", "NULL"])])
    return path


def files_of(options, folder, checks):
    found = [made_bill(folder / "made.csv", options.seed)]
    shared = options.shared / "data" / "focus"
    if shared.is_dir():
        found += [shared / "focus_sample.csv"] + sorted((shared / "synthetic-1.2").glob("*.csv"))
    else:
        print(f"skip  the bills of {shared}: there is none")
        if os.environ.get("CI") and os.environ.get("SHARED"):
            checks.that(f"the shared bills are there", False, shared)
    return found


def ask_for(dice, rows, values):
    """A random view definition over what stands in the rows."""
    days = sorted({row["at"].date() for row in rows})
    granularity = dice.choice(GRANULARITIES)
    first = dice.choice(days) - dt.timedelta(days=dice.randrange(3))
    last = first + dt.timedelta(days=dice.randrange(3) if granularity == "hour" else dice.randrange(70))
    return {
        "cost_type": dice.choice(TYPES), "amortization": dice.random() < 0.5, "exclude": dice.sample(EXCLUSIONS, dice.choice([0, 0, 1, 2, 4])),
        "granularity": granularity, "group_by": dice.sample(list(values), dice.choice([0, 1, 1, 2])), "zone": dice.choice(ZONES),
        "currency": dice.choice(["USD", "USD", "USD", "EUR"]), "first": first, "last": last, "spread": False,
        "filters": [[line_for(dice, values) for _ in range(dice.randrange(1, 3))] for _ in range(dice.choice([0, 0, 1, 2]))],
    }


def line_for(dice, values):
    name = dice.choice(list(values))
    known = sorted(value for value in values[name] if value is not None) or ["x"]
    kind = dice.choice(["in", "like", "regex"])
    line = {"dimension": name, "is_not": dice.random() < 0.3}
    if kind == "in":
        line["in"] = dice.sample(known, min(len(known), dice.randrange(1, 4))) + ([None] if dice.random() < 0.2 else [])
    elif kind == "like":
        text = dice.choice(known)
        line["like"] = "".join(letter if letter.isprintable() else "_" for letter in text[: dice.randrange(1, len(text) + 1)])[:60].replace("%", "_") + "%"
    else:
        line["regex"] = dice.choice(["^a", "[0-9]+$", "e.*s", "^(dev|prod)$", "o{2}"])
    return line


class Judge:
    def __init__(self, client, checks):
        self.client, self.checks = client, checks

    def data(self, view, ask, compare="previous_period"):
        query = {"spread": str(ask.get("spread", False)).lower(), "start_date": ask["first"], "end_date": ask["last"], "cost_type": ask["cost_type"],
                 "amortization": str(ask["amortization"]).lower(), "exclude": ",".join(ask["exclude"]), "granularity": ask["granularity"],
                 "group_by": ",".join(ask["group_by"]), "zone": ask["zone"], "currency": ask["currency"], "limit": 1000, "compare": compare}
        reply = self.client.call("GET", f"/v1/cost-views/{view}/data?{urllib.parse.urlencode(query)}")
        return reply.json if reply.status == 200 else {"refused": repr(reply)}

    def differences(self, seen, rows, ask):
        """What the server says otherwise; nothing when all is equal to the last digit."""
        if "refused" in seen:
            return [seen["refused"]]
        length = (ask["last"] - ask["first"]).days + 1
        current, counts = bills.costs(rows, ask, bills.buckets(ask["first"], ask["last"], ask["granularity"], ask["zone"]))
        previous, _ = bills.costs(rows, ask, bills.buckets(ask["first"], ask["last"], ask["granularity"], ask["zone"], length))
        wrong = [f"{name}: {seen[name]} not {count}" for name, count in counts.items() if seen[name] != count]
        for side, sums in (("cost", current), ("previous_cost", previous)):
            if Decimal(seen["total"][side]) != bills.total(itertools.chain(*sums.values())):
                wrong.append(f"total {side}: {seen['total'][side]} not {bills.total(itertools.chain(*sums.values()))}")
            points = [bills.total(group[index] for group in sums.values()) for index in range(len(seen["data"])) if index < len(next(iter(sums.values()), []))]
            for index, expected in enumerate(points):
                if Decimal(seen["data"][index][side]) != expected:
                    wrong.append(f"{seen['data'][index]['date']} {side}: {seen['data'][index][side]} not {expected}")
        if ask["group_by"] and seen["group_count"] <= 1000:
            shown = {tuple(group["key"][name] for name in ask["group_by"]): [Decimal(point["cost"]) for point in group["data"]] for group in seen["groups"]}
            for key, group in current.items():
                if shown.get(key, [])[: len(group)] != group:
                    wrong.append(f"group {key}")
            if set(shown) != set(current) | set(previous):
                wrong.append(f"groups {set(shown) ^ (set(current) | set(previous))}")
        return wrong


def judge_file(path, client, checks, options, dice):
    rows = bills.rows_of(path)
    body = path.read_bytes()
    packed = dice.random() < 0.5
    reply = client.call("POST", f"/v1/costs/imports?wait=60s&name={path.name}", gzip.compress(body) if packed else body,
                        {"Content-Type": "text/csv"} | ({"Content-Encoding": "gzip"} if packed else {}))
    if not checks.that(f"{path.name}: {len(rows)} rows are imported", reply.status == 202 and reply.json["rows"] == len(rows), reply):
        return None
    judge = Judge(client, checks)
    view = client.call("POST", "/v1/cost-views", {"name": path.name}).json["id"]
    names = ["account", "region", "service", "usage_type", "resource", "tag:env", "tag:environment", "ChargeCategory", "ServiceCategory", "x_Team"]
    values = {name: {bills.dimension(row, name) for row in rows} for name in names}
    days = sorted({row["at"].date() for row in rows})
    wrong, asked = [], 0
    for cost_type, amortized, exclusion in itertools.product(TYPES, (False, True), [[]] + [[word] for word in EXCLUSIONS]):
        ask = {"cost_type": cost_type, "amortization": amortized, "exclude": exclusion, "granularity": GRANULARITIES[asked % 6], "zone": "UTC",
               "group_by": [[], ["service"], ["region"], ["account"]][asked % 4], "currency": "USD", "filters": [],
               "first": max(days[0], days[-1] - dt.timedelta(days=8 if asked % 6 == 0 else 40)), "last": days[-1]}
        found = judge.differences(judge.data(view, ask), rows, ask)
        wrong, asked = wrong + [(ask, one) for one in found[:1]], asked + 1
    checks.that(f"{path.name}: {asked} combinations of type, amortization and exclusion differ by 0", not wrong, wrong[:2])
    wrong = []
    for number in range(2 * options.random):
        ask = ask_for(dice, rows, values)
        # Every other one is spread; blended costs cannot be.
        ask |= {"spread": number % 2 == 1, "cost_type": dice.choice(list(bills.MEASURES)) if number % 2 else ask["cost_type"]}
        changed = client.call("PATCH", f"/v1/cost-views/{view}", {"filters": ask["filters"]})
        found = judge.differences(judge.data(view, ask), rows, ask) if changed.status == 200 else [repr(changed)]
        wrong += [(ask, one) for one in found[:1]]
    checks.that(f"{path.name}: {2 * options.random} random views, half of them spread, differ by 0", not wrong, wrong[:2])
    return view


def remove_imports(client):
    for one in client.call("GET", "/v1/costs/imports?limit=100").json["data"]:
        client.call("DELETE", f"/v1/costs/imports/{one['id']}")


def round_trip(path, client, checks):
    """What goes in comes out, every digit of it."""
    reply = client.call("GET", "/v1/costs/export?from=2020-01-01&to=2030-12-31")
    out = list(csv.DictReader(reply.body.decode().splitlines(keepends=True)))
    into = bills.rows_of(path)
    same = len(out) == len(into)
    for name in ["BilledCost", "EffectiveCost", "ListCost", "ContractedCost"]:
        before = sorted("" if row[name] is None else f"{row[name].normalize():f}" for row in into)
        same = same and before == sorted("" if not row[name] else f"{Decimal(row[name]).normalize():f}" for row in out)
    checks.that(f"{path.name}: every amount survives import and export", same)


def golden(client, checks, view):
    client.call("PATCH", f"/v1/cost-views/{view}", {"filters": []})
    seen = client.call("GET", f"/v1/cost-views/{view}/data?start_date=2024-09-17&end_date=2024-09-24").json["total"]
    checks.that("the real file's week is 7.89465234773 against 5.17700554502",
                (seen["cost"], seen["previous_cost"], seen["pop_diff"]) == ("7.89465234773", "5.17700554502", "2.71764680271")
                and seen["pop_change"].startswith("0.5249457"), seen)


def spec_examples(client, checks, options):
    """Each of the specification's examples as the committed table says: imported, or refused at a line and a column."""
    folder = options.shared / "data" / "focus" / "spec-examples-1.2"
    if not folder.is_dir():
        return
    seen = {}
    for path in sorted(folder.glob("*.csv")):
        done = client.call("POST", "/v1/costs/imports?wait=60s", path.read_bytes(), {"Content-Type": "text/csv"}).json
        error = (done["errors"] or [{}])[0]
        seen[path.name] = [done["status"], error.get("line"), error.get("column")]
    table = FIXTURES / "spec-examples.json"
    if options.write:
        FIXTURES.mkdir(exist_ok=True)
        table.write_text(json.dumps(seen, indent=1, sort_keys=True) + "\n")
    checks.that(f"{len(seen)} examples of the specification end as the table says", json.loads(table.read_text()) == seen, seen)


def opportunities(server, key, files, checks):
    """All bills at once; the server looks for what could be saved soon after it starts, and again when they are gone."""
    def found(status, wanted):
        with server.client(key) as client:
            until = time.monotonic() + 60
            while True:
                seen = {(one["type"], one["record_id"]): Decimal(one["monthly_savings"])
                        for one in every(client, "/v1/opportunities") if one["status"] == status}
                if seen == wanted or time.monotonic() > until:
                    return seen
                time.sleep(0.2)
    rows = []
    with server.client(key, timeout=90) as client:
        for path in files:
            done = client.call("POST", f"/v1/costs/imports?wait=60s&name={path.name}", path.read_bytes(), {"Content-Type": "text/csv"}).json
            rows += bills.rows_of(path) if done["status"] == "succeeded" else []
    wanted = bills.opportunities(rows)
    kinds = {kind: sum(1 for one, _ in wanted if one == kind) for kind, _ in wanted}
    server.stop()
    server.start()
    seen = found("Open", wanted)
    checks.that(f"what could be saved in {len(files)} bills, {kinds}, differs by 0", seen == wanted, set(seen.items()) ^ set(wanted.items()))
    with server.client(key) as client:
        proven = [one for one in every(client, "/v1/opportunities")][:20]
        wrong = [one["record_id"] for one in proven if evidence(client, one) != Decimal(one["monthly_savings"])]
        checks.that(f"the evidence of {len(proven)} of them comes to the same in a cost view", not wrong, wrong)
        remove_imports(client)
    server.stop()
    server.start()
    gone = found("Done", wanted)
    checks.that("what is found no more is done", gone == wanted, len(gone))


def evidence(client, one):
    asked = one["details"]["evidence"]
    view = client.call("POST", "/v1/cost-views", {"name": f"Evidence {one['id']}", "filters": asked["filters"]}).json["id"]
    query = urllib.parse.urlencode({name: asked[name] for name in ("start_date", "end_date", "cost_type", "currency")} | {"compare": "none"})
    return Decimal(client.call("GET", f"/v1/cost-views/{view}/data?granularity=year&{query}").json["total"]["cost"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, type=Path)
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("SHARED", HERE.parents[2] / "shared")))
    parser.add_argument("--random", type=int, default=10, help="random views for each file; five files make two hundred")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="write the table of the specification's examples anew")
    options = parser.parse_args()
    checks, dice = Checks(), random.Random(options.seed)
    with workspace() as folder:
        key = init(options.binary.resolve(), folder / "data", rate_limit=100_000_000)["api_key"]
        files = files_of(options, folder, checks)
        with Server(options.binary, folder / "data", folder / "server.log").start() as server, Client(server.port, key, timeout=90) as client:
            for path in files:
                view = judge_file(path, client, checks, options, dice)
                if view is not None:
                    round_trip(path, client, checks)
                    if path.name == "focus_sample.csv":
                        golden(client, checks, view)
                remove_imports(client)
            spec_examples(client, checks, options)
            remove_imports(client)
            opportunities(server, key, files, checks)
            stopped = server.stop()
    checks.that("SIGTERM ends the server", stopped == 0, stopped)
    return checks.ended()


if __name__ == "__main__":
    sys.exit(main())
