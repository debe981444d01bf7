#!/usr/bin/env python3
"""Bills in and costs out: called by bench.py with `--only-bills`, or by itself.

    bills.py --binary .build/release/cloudapi [--rows 1000000] [--json]

A FOCUS 1.2 bill of a month, made by DuckDB: 57 columns, 60 services, 20 regions, 200 accounts, 50,000 resources, four tags, amounts of up to
eleven places. Ours imports it over HTTP; DuckDB, with all its threads, reads the very same file with `read_csv` into a table on disk. Then one
question, costs by service and day, cold (after a restart, the first one) and warm, and the answers must agree to the last digit.
"""
import argparse
import json
import statistics
import sys
import time
from decimal import Decimal
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "Tests" / "Durability"))
import machine
from server import Server, init, within_venv, workspace

MONEY = "DECIMAL(28,12)"
COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")


def columns():
    """What each column is in SQL, of row `i`; `h` is a number without pattern."""
    pick = lambda word, count, shift: f"'{word}-' || ((h >> {shift}) % {count})"
    cost = lambda factor: f"(CAST((h >> 7) % 100000000000 AS {MONEY}) * CAST({factor} AS DECIMAL(3,2)) / 1000000000)::{MONEY}"
    day = "(TIMESTAMP '2026-05-01' + INTERVAL 1 HOUR * ((i * 744) // {rows}))"
    iso = lambda moment: f"strftime({moment}, '%Y-%m-%dT%H:%M:%SZ')"
    text = {name: "NULL" for name in ("CapacityReservationId", "CapacityReservationStatus", "ChargeClass", "CommitmentDiscountCategory",
            "CommitmentDiscountId", "CommitmentDiscountName", "CommitmentDiscountQuantity", "CommitmentDiscountStatus", "CommitmentDiscountType",
            "CommitmentDiscountUnit", "SkuPriceDetails")}
    return text | {
        "AvailabilityZone": pick("zone", 60, 3), "BilledCost": cost(1), "BillingAccountId": "'100000000001'", "BillingAccountName": "'Payer'",
        "BillingAccountType": "'Billing Account'", "BillingCurrency": "'USD'", "BillingPeriodEnd": "'2026-06-01T00:00:00Z'",
        "BillingPeriodStart": "'2026-05-01T00:00:00Z'", "ChargeCategory": "'Usage'", "ChargeDescription": f"'Usage of ' || {pick('meter', 400, 11)}",
        "ChargeFrequency": "'Usage-Based'", "ChargePeriodEnd": iso(day + " + INTERVAL 1 HOUR"), "ChargePeriodStart": iso(day),
        "ConsumedQuantity": "(h >> 5) % 1000", "ConsumedUnit": "'Hours'", "ContractedCost": cost(0.9), "ContractedUnitPrice": "0.045",
        "EffectiveCost": cost(0.8), "InvoiceId": "'INV-2026-05'", "InvoiceIssuerName": "'AWS'", "ListCost": cost(1.2), "ListUnitPrice": "0.05",
        "PricingCategory": "'Standard'", "PricingCurrency": "'USD'", "PricingCurrencyContractedUnitPrice": "0.045",
        "PricingCurrencyEffectiveCost": cost(0.8), "PricingCurrencyListUnitPrice": "0.05", "PricingQuantity": "(h >> 5) % 1000",
        "PricingUnit": "'Hours'", "ProviderName": "'AWS'", "PublisherName": "'AWS'", "RegionId": pick("region", 20, 3),
        "RegionName": f"'Region ' || {pick('region', 20, 3)}", "ResourceId": f"'arn:aws:ec2:region:instance/i-' || ((h >> 13) % 50000)",
        "ResourceName": pick("host", 50_000, 13), "ResourceType": "'Instance'", "ServiceCategory": "'Compute'", "ServiceName": pick("service", 60, 17),
        "ServiceSubcategory": "'Virtual Machines'", "SkuId": pick("SKU", 400, 11), "SkuMeter": pick("meter", 400, 11),
        "SkuPriceId": pick("PRICE", 400, 11), "SubAccountId": pick("account", 200, 19), "SubAccountName": pick("team", 200, 19),
        "SubAccountType": "'Account'",
        "Tags": "'{\"env\":\"' || (CASE (h >> 23) % 3 WHEN 0 THEN 'prod' WHEN 1 THEN 'dev' ELSE 'test' END) || '\",\"team\":\"team-' || ((h >> 19) % 200)"
                " || '\",\"app\":\"app-' || ((h >> 29) % 40) || '\",\"owner\":\"o-' || ((h >> 31) % 90) || '\"}'",
    }


def make(path, rows):
    import duckdb
    named = ", ".join(f"{what.replace('{rows}', str(rows))} AS {name}" for name, what in sorted(columns().items()))
    duckdb.connect().execute(f"COPY (SELECT {named} FROM (SELECT i, hash(i) >> 2 AS h FROM range({rows}) t(i)) ORDER BY i) TO '{path}' (HEADER, DELIMITER ',')")


def peak(pid):
    """The most that was ever resident, in MB (10⁶ bytes)."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e6


def stored(folder):
    return sum(path.stat().st_size for path in folder.glob("*.db*"))


def bring_in(server, key, bill):
    """Seconds from the first byte sent until every row can be asked for."""
    with server.client(key, timeout=900) as client:
        begun = time.perf_counter()
        with open(bill, "rb") as file:
            client.connection.request("POST", "/v1/costs/imports?wait=60s", file, {
                "Authorization": f"Bearer {key}", "Content-Type": "text/csv", "Content-Length": str(bill.stat().st_size)})
            answer = client.connection.getresponse()
        made = json.loads(answer.read())
        assert answer.status == 202, made
        while made["status"] not in ("succeeded", "failed"):
            time.sleep(0.05)
            made = client.call("GET", f"/v1/costs/imports/{made['id']}").json
        assert made["status"] == "succeeded", made
        return time.perf_counter() - begun, made["rows"]


def ask(server, key, times):
    """Milliseconds of each time, and the costs by service and day."""
    path = "/v1/cost-views/{}/data?group_by=service&granularity=day&start_date=2026-05-01&end_date=2026-05-31&limit=100&compare=none"
    with server.client(key, timeout=120) as client:
        view = next(view["id"] for view in client.call("GET", "/v1/cost-views?limit=100").json["data"] if view["is_default"])
        taken = []
        for _ in range(times):
            begun = time.perf_counter()
            reply = client.call("GET", path.format(view))
            taken.append((time.perf_counter() - begun) * 1e3)
            assert reply.status == 200, reply
    return taken, reply.json


def duck(bill, folder):
    import duckdb
    database = duckdb.connect(str(folder / "duck.db"))
    types = ", ".join(f"'{name}': '{MONEY}'" for name in COSTS) + ", 'ChargePeriodStart': 'TIMESTAMP'"
    begun = time.perf_counter()
    database.execute(f"CREATE TABLE bill AS SELECT * FROM read_csv('{bill}', types = {{{types}}})")
    database.execute("CHECKPOINT")
    brought = time.perf_counter() - begun
    database.close()
    question = "SELECT ServiceName, date_trunc('day', ChargePeriodStart) AS d, SUM(BilledCost) FROM bill GROUP BY ALL"
    database, taken = duckdb.connect(str(folder / "duck.db")), []
    for _ in range(8):
        begun = time.perf_counter()
        found = database.execute(question).fetchall()
        taken.append((time.perf_counter() - begun) * 1e3)
    database.close()
    return brought, taken, {(service, day.day): cost for service, day, cost in found}


def agree(ours, theirs):
    seen = {(group["key"]["service"], number + 1): Decimal(bucket["cost"]) for group in ours["groups"] for number, bucket in enumerate(group["data"])}
    seen = {place: cost for place, cost in seen.items() if cost}
    wanted = {place: cost for place, cost in theirs.items() if cost}
    assert seen == wanted, f"{len(seen)} cells of ours, {len(wanted)} of DuckDB's"


def measure(options, folder, rows):
    bill = folder / "bill.csv"
    make(bill, options.rows)
    credentials = init(options.binary, folder / "data")
    empty = stored(folder / "data")
    server = Server(options.binary, folder / "data", folder / "server.log").start()
    with server:
        idle = machine.resident(server.pid)
        cpu = machine.cpu_seconds(server.pid)
        took, count = bring_in(server, credentials["api_key"], bill)
        cpu = machine.cpu_seconds(server.pid) - cpu
        most = peak(server.pid)
    assert count == options.rows, count
    brought, theirs, wanted = duck(bill, folder)
    with server.start():
        cold, _ = ask(server, credentials["api_key"], 1)
        warm, found = ask(server, credentials["api_key"], 7)
    agree(found, wanted)
    size = bill.stat().st_size / 1e6
    rows.append((f"bill of {options.rows:,} rows, {size:,.0f} MB, imported", f"{took:.1f} s ({cpu:.1f} s CPU), {took / brought:.2f} × DuckDB's read_csv ({brought:.1f} s)",
                 "≤ 1.5 ×", took <= 1.5 * brought))
    rows.append(("— memory at most", f"{most:.0f} MB resident ({idle:.0f} MB before)", "≤ 250 MB", most <= 250))
    held = (stored(folder / "data") - empty) / options.rows
    rows.append(("— on disk", f"{held:.0f} bytes a row, DuckDB {(folder / 'duck.db').stat().st_size / options.rows:.0f}", "", None))
    for name, mine, other in (("cold", cold[0], theirs[0]), ("warm", statistics.median(warm), statistics.median(theirs[1:]))):
        rows.append((f"cost view by service and day, {options.rows:,} rows, {name}", f"{mine:.0f} ms, DuckDB {other:.0f} ms", "ahead of DuckDB", mine < other))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true", help="rows for bench.py")
    options = parser.parse_args()
    within_venv("duckdb")
    rows = []
    with workspace() as folder:
        measure(options, folder, rows)
    print(json.dumps(rows) if options.json else "\n".join(f"{name}: {measured}" + ("" if holds is None else "  pass" if holds else "  MISS")
                                                         for name, measured, _, holds in rows))


if __name__ == "__main__":
    main()
