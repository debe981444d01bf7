#!/usr/bin/env python3
"""Points in and points out: called by bench.py with `--only-ingest`, or by itself.

    ingest.py --binary .build/release/cloudapi [--points 1000000] [--big] [--no-peers] [--json]

20 metrics × 5 regions × 10 teams × 20 customers: 20,000 series over 90 days, in HTTP JSON batches of 10,000 of which every tenth point was
sent before and has a new value. CPU is that of the server's process, all threads, until the last point is folded; the client's is not in it.
Beside it FastAPI with orjson and SQLite takes the very same bodies (ingest_service.py). Then five questions over HTTP, and the same to DuckDB
and chdb in this process on the same points, and their answers must agree. `--big` adds ten times as many points.
"""
import argparse
import http.client
import json
import os
import statistics
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "Tests" / "Durability"))
import machine
from server import HOST, Process, Server, init, python_with, within_venv, workspace

SERVICE = ("fastapi", "uvicorn[standard]", "uvloop", "httptools", "orjson")
ENGINES = ("numpy", "pyarrow", "duckdb", "chdb")
METRICS, REGIONS, TEAMS, CUSTOMERS = 20, 5, 10, 20
SERIES = METRICS * REGIONS * TEAMS * CUSTOMERS
DAYS, START = 90, 455_832  # hours since 1970: 2022-01-01T00:00Z
BATCH, RESENT = 10_000, 10


class Workload:
    """The same for everybody: batches of bodies, and at the end what must be there."""

    def __init__(self, points, seed=1):
        import numpy
        self.random = numpy.random.default_rng(seed)
        self.ticks = max(1, points // SERIES)
        self.hours = [START + tick * DAYS * 24 // self.ticks for tick in range(self.ticks)]
        self.values = numpy.zeros((self.ticks, SERIES))
        self.fragments = []
        for series in range(SERIES):
            metric, region, team, customer = coordinates(series)
            self.fragments.append(f'"metric_name":"metric_{metric}","custom_dimensions":{{"region":"region-{region}","team":"team-{team}",'
                                  f'"customer":"customer-{customer}"}}')
        self.total = self.created = 0

    def batches(self, token):
        """Bodies, and how many of the points in each are new."""
        head = f'{{"data_stream_token":"{token}","metric_agg_func":"Sum","data":['.encode()
        chance = self.random
        fresh = BATCH - BATCH // RESENT
        done = 0
        while done < self.ticks * SERIES:
            count = min(fresh, self.ticks * SERIES - done)
            places = list(range(done, done + count))
            again = [] if done == 0 else sorted(set(chance.integers(max(0, done - 50 * BATCH), done, BATCH // RESENT).tolist()))
            values = (chance.integers(0, 10_000_000, len(places) + len(again)) / 1000).tolist()
            parts = []
            for place, value in zip(places + again, values):
                tick, series = divmod(place, SERIES)
                self.values[tick, series] = value
                parts.append(f'{{"timestamp":"{text(self.hours[tick])}","metric_value":{value},{self.fragments[series]}}}')
            done += count
            self.total += len(parts)
            self.created += count
            yield head + ",".join(parts).encode() + b"]}", count, len(again)


def coordinates(series):
    rest, metric = divmod(series, METRICS)
    rest, region = divmod(rest, REGIONS)
    customer, team = divmod(rest, TEAMS)
    return metric, region, team, customer


TEXTS = {}


def text(hour):
    if hour not in TEXTS:
        TEXTS[hour] = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(hour * 3600))
    return TEXTS[hour]


def send(process, key, stream, workload):
    """Sends everything over one connection; seconds of the clock that were spent on answers."""
    connection = http.client.HTTPConnection(HOST, process.port, timeout=120)
    waited = 0.0
    for body, created, updated in workload.batches(stream):
        begun = time.perf_counter()
        connection.request("POST", "/streams/ingest", body, {"x-api-key": key, "content-type": "application/json"})
        answer = connection.getresponse()
        counts = json.loads(answer.read())
        waited += time.perf_counter() - begun
        assert answer.status == 201 and counts == {"created": created, "updated": updated}, (answer.status, counts, created, updated)
    return waited


def settled(process):
    """Waits until it has used next to no CPU for a while: everything is folded. The seconds of CPU it had used when that began."""
    busy = last = machine.cpu_seconds(process.pid)
    quiet = 0
    for _ in range(240):
        time.sleep(1)
        now = machine.cpu_seconds(process.pid)
        quiet = quiet + 1 if now - last < 0.05 else 0
        if quiet == 0:
            busy = now
        last = now
        if quiet >= 25:
            break
    return busy


def size(folder):
    return sum(path.stat().st_size for path in Path(folder).glob("*.db*"))


# questions

def questions(stream):
    first, last = text(START).replace(" ", "T") + "Z", text(START + DAYS * 24).replace(" ", "T") + "Z"
    middle = text(START + 30 * 24).replace(" ", "T") + "Z"
    late = text(START + 60 * 24).replace(" ", "T") + "Z"
    base = f"/v1/streams/{stream}/data?function=sum&metric="
    return {
        "Q1 a metric, a team, by region, per day": [f"{base}metric_3&filter=team:team-4&group_by=region&granularity=day&from={first}&to={last}"],
        "Q2 a metric, all teams, by region, per day": [f"{base}metric_3&group_by=region&granularity=day&from={first}&to={last}"],
        "Q3 30 days against the 30 before": [f"{base}metric_3&granularity=year&from={late}&to={last}", f"{base}metric_3&granularity=year&from={middle}&to={late}"],
        "Q4 the ten largest customers": [f"{base}metric_3&group_by=customer&granularity=year&from={first}&to={last}"],
        "Q5 the ratio of two metrics per day": [f"{base}metric_{number}&granularity=day&from={first}&to={last}" for number in (3, 4)],
    }


def statements(day):
    """The same in SQL; `day` makes a day of an hour."""
    metric = "FROM points WHERE metric = 'metric_3'"
    return {
        "Q1 a metric, a team, by region, per day": f"SELECT region, {day} AS d, SUM(value) {metric} AND team = 'team-4' GROUP BY region, d",
        "Q2 a metric, all teams, by region, per day": f"SELECT region, {day} AS d, SUM(value) {metric} GROUP BY region, d",
        "Q3 30 days against the 30 before": f"SELECT hour >= {START + 60 * 24} AS late, SUM(value) {metric} AND hour >= {START + 30 * 24} GROUP BY late",
        "Q4 the ten largest customers": f"SELECT customer, SUM(value) AS s {metric} GROUP BY customer ORDER BY s DESC LIMIT 10",
        "Q5 the ratio of two metrics per day": f"SELECT {day} AS d, SUM(CASE WHEN metric = 'metric_3' THEN value ELSE 0 END) / "
                                               "SUM(CASE WHEN metric = 'metric_4' THEN value ELSE 0 END) "
                                               "FROM points WHERE metric IN ('metric_3', 'metric_4') GROUP BY d",
    }


def milliseconds(ask, times=7):
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        ask()
        taken.append((time.perf_counter() - begun) * 1e3)
    return statistics.median(taken)


def ours(server, key, stream):
    with server.client(key, timeout=120) as client:
        def ask(paths):
            replies = [client.call("GET", path) for path in paths]
            assert all(reply.status == 200 for reply in replies), replies
            return [reply.json["data"] for reply in replies]
        return {name: (milliseconds(lambda paths=paths: ask(paths)), ask(paths)) for name, paths in questions(stream).items()}


def year_against_week(server, key):
    """Milliseconds of the same chart, by region and day, over a year and over a week of hourly points of 100 series."""
    with server.client(key, timeout=120) as client:
        stream = client.call("POST", "/v1/streams", {"name": "year"}).json
        fragments = [f'"metric_name":"orders","custom_dimensions":{{"region":"region-{place % REGIONS}","customer":"customer-{place // REGIONS}"}}'
                     for place in range(100)]
        head = f'{{"data_stream_token":"{stream["data_stream_token"]}","metric_agg_func":"Sum","data":['
        for first in range(0, 365 * 24, BATCH // 100):
            hours = range(START + first, START + min(first + BATCH // 100, 365 * 24))
            points = ",".join(f'{{"timestamp":"{text(hour)}","metric_value":{place + hour % 24},{part}}}' for hour in hours for place, part in enumerate(fragments))
            sent = client.call("POST", "/streams/ingest", f"{head}{points}]}}".encode())
            assert sent.status == 201, sent
    settled(server)
    # By a connection of its own: the server closes one that says nothing for a minute.
    with server.client(key, timeout=120) as client:
        at = lambda day: text(START + day * 24).replace(" ", "T") + "Z"

        def chart(first, last):
            return client.call("GET", f"/v1/streams/{stream['id']}/data?function=sum&metric=orders&group_by=region&granularity=day&from={at(first)}&to={at(last)}")

        for first, last in ((0, 365), (358, 365)):
            reply = chart(first, last)
            assert reply.status == 200 and len(reply.json["data"]) == REGIONS and len(reply.json["data"][0]["buckets"]) == last - first, reply
        # Until the last byte is here: what the reader then does with it is the reader's time.
        return milliseconds(lambda: chart(0, 365), 15), milliseconds(lambda: chart(358, 365), 15)


def table(workload, folder):
    """The points as they must be, in a Parquet file."""
    import numpy
    import pyarrow
    import pyarrow.parquet
    parts = [coordinates(series) for series in range(SERIES)]
    columns = {}
    for place, name in enumerate(("metric", "region", "team", "customer")):
        words = [f"{name}_{part[place]}" if name == "metric" else f"{name}-{part[place]}" for part in parts]
        columns[name] = pyarrow.array(words * workload.ticks).dictionary_encode()
    columns["hour"] = pyarrow.array(numpy.repeat(numpy.array(workload.hours, dtype=numpy.int32), SERIES))
    columns["value"] = pyarrow.array(workload.values.reshape(-1))
    path = Path(folder) / "points.parquet"
    pyarrow.parquet.write_table(pyarrow.table(columns), path)
    return path


def duck(path, folder):
    import duckdb
    database = duckdb.connect(str(Path(folder) / "duck.db"))
    database.execute(f"CREATE TABLE points AS SELECT * FROM '{path}' ORDER BY metric, hour")
    found = {name: (milliseconds(lambda sql=sql: database.execute(sql).fetchall()), database.execute(sql).fetchall())
             for name, sql in statements("hour // 24").items()}
    database.close()
    return found


def chdb_times(path, folder):
    from chdb import session
    database = session.Session(str(Path(folder) / "chdb"))
    database.query("CREATE DATABASE IF NOT EXISTS bench ENGINE = Atomic")
    database.query("CREATE TABLE bench.points (metric LowCardinality(String), region LowCardinality(String), team LowCardinality(String), "
                   "customer LowCardinality(String), hour Int32, value Float64) ENGINE = MergeTree ORDER BY (metric, hour)")
    database.query(f"INSERT INTO bench.points SELECT * FROM file('{path}', Parquet)")
    return {name: (milliseconds(lambda sql=sql: database.query(sql.replace("FROM points", "FROM bench.points"), "CSV")), None)
            for name, sql in statements("intDiv(hour, 24)").items()}


def agree(mine, theirs):
    """The first question's cells, ours against DuckDB's."""
    name = next(iter(theirs))
    wanted = {(region, day): value for region, day, value in theirs[name][1]}
    seen = {}
    for line in mine[name][1][0]:
        for number, bucket in enumerate(line["buckets"]):
            if bucket["points"]:
                seen[line["group"], START // 24 + number] = bucket["value"]
    assert seen.keys() == wanted.keys(), (len(seen), len(wanted))
    assert all(abs(seen[key] - wanted[key]) <= 1e-9 * abs(wanted[key]) for key in wanted)


def measure(options, points, folder, rows):
    label = f"{points:,} points"
    workload = Workload(points)
    credentials = init(options.binary, folder / "data")
    base = size(folder / "data")
    with Server(options.binary, folder / "data", folder / "server.log").start() as server:
        with server.client(credentials["api_key"]) as client:
            stream = client.call("POST", "/v1/streams", {"name": "bench"}).json
        before = machine.cpu_seconds(server.pid)
        waited = send(server, credentials["api_key"], stream["data_stream_token"], workload)
        direct = machine.cpu_seconds(server.pid) - before
        whole = settled(server) - before
        rows.append((f"ingest, {label}, CPU a point sent", f"{whole / workload.total * 1e6:.2f} µs ({direct / workload.total * 1e6:.2f} until the last answer)",
                     "≤ 2.5 µs", whole / workload.total * 1e6 <= 2.5))
        rows.append((f"ingest, {label}, clock", f"{workload.total / waited:,.0f} points/s over one connection", "", None))
        mine = ours(server, credentials["api_key"], stream["id"])
    # Stopped: nothing waits in a log beside the database any more.
    held = size(folder / "data") - base
    rows.append((f"points on disk, {label}", f"{held / workload.created:.1f} bytes a point", "≤ 12", held / workload.created <= 12))
    if points <= 1_000_000:
        with server.start():
            year, week = year_against_week(server, credentials["api_key"])
        rows.append(("a chart by day, a year ÷ a week", f"{year / week:.1f} ({year:.1f} ÷ {week:.1f} ms)", "≤ 3", year <= 3 * week))
    engines = {"ours": mine}
    if not options.no_peers:
        path = table(workload, folder)
        engines["DuckDB"] = duck(path, folder)
        agree(mine, engines["DuckDB"])
        engines["chdb"] = chdb_times(path, folder)
    for name in mine:
        rows.append((f"{name}, {label}", ", ".join(f"{engine} {found[name][0]:.1f} ms" for engine, found in engines.items()), "", None))
    if not options.no_peers and points <= 1_000_000:
        rows.append(service(points, folder, whole / workload.total * 1e6))
    return whole / workload.total


def service(points, folder, own):
    workload = Workload(points)
    command = [python_with(*SERVICE), "-m", "uvicorn", "ingest_service:app", "--app-dir", HERE, "--host", HOST, "--port", "PORT", "--loop", "uvloop",
               "--http", "httptools", "--no-access-log", "--log-level", "warning"]
    database = folder / "service.db"
    with Process(command, folder / "service.log", {"DATABASE": str(database), "KEY": "key"}).start("/healthz") as process:
        before = machine.cpu_seconds(process.pid)
        waited = send(process, "key", "stream", workload)
        each = (machine.cpu_seconds(process.pid) - before) / workload.total * 1e6
    held = size(folder)
    return (f"the same by FastAPI, orjson and SQLite, {points:,} points",
            f"{each:.2f} µs a point ({each / own:.1f} times ours), {workload.total / waited:,.0f} points/s, {held / workload.created:.1f} bytes a point",
            "≥ 4 times ours", each >= 4 * own)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--big", action="store_true", help="ten times as many as well")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--json", action="store_true", help="rows for bench.py")
    options = parser.parse_args()
    within_venv(*(("numpy",) if options.no_peers else ENGINES + SERVICE))
    rows = []
    with workspace() as folder:
        (folder / "small").mkdir()
        small = measure(options, options.points, folder / "small", rows)
    if options.big:
        with workspace() as folder:
            big = measure(options, options.points * 10, folder, rows)
        rows.append(("ingest, ten times as many points", f"{big / small:.2f} times the CPU a point", "≤ 1.3", big / small <= 1.3))
    print(json.dumps(rows) if options.json else "\n".join(f"{name}: {measured}" + ("" if holds is None else "  pass" if holds else "  MISS")
                                                         for name, measured, _, holds in rows))


if __name__ == "__main__":
    main()
