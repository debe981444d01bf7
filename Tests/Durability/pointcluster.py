#!/usr/bin/env python3
"""Points in a replicated and sharded ClickHouse: a ZooKeeper and four servers, two shards of two replicas, with the tables that docs/operations.md
defines, word for word. Each answer is compared, byte for byte, with that of a server that has the embedded store alone.

    pointcluster.py --binary .build/debug/cloudapi [--seed 1]

  1. points are taken in, many of them twice and some again with another value; answers from the shards, and from one pair of replicas, are the same;
  2. a replica of each shard is killed (-9): nothing that is asked or sent fails, and what comes meanwhile is copied;
  3. they are started again: the two of each shard come to have the same rows;
  4. the one that is named is killed: the database answers, the same;
  5. a stream is deleted while a replica is down: its rows go from all of them, once it is back.
"""
import argparse
import random
import re
import shutil
import sys
import time

from clickhouse import ClickHouseCluster
from server import ROOT, Checks, Server, audit, init, workspace

FIRST = 463_008  # 2022-10-27T00:00Z in hours since 1970; clocks change in Berlin three days later
DAYS = 6
LATER = FIRST + 24 * 28
FUNCTIONS = ("Sum", "Average", "Minimum", "Maximum")
TABLES = ("cloudapi_points", "cloudapi_point_sums")
LOCAL = [f"{table}_local" for table in TABLES]


def text(hour):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(hour * 3600))


def definitions(title):
    """The statements of the first block of SQL behind a bold word of docs/operations.md."""
    page = (ROOT / "docs/operations.md").read_text()
    block = re.search(r"```sql\n(.*?)```", page[page.index(f"**{title}**"):], re.DOTALL).group(1)
    return [statement.strip() for statement in block.split(";") if statement.strip()]


def queries(first):
    """What a chart may be asked for: buckets, zones, groups, filters."""
    for begin, end in ((first, first + 24 * DAYS), (first + 5, first + 24 * DAYS - 15)):
        for granularity in ("hour", "day", "week", "month"):
            for zone in ("UTC", "Europe/Berlin", "Asia/Kolkata"):
                for part in ("", "&group_by=id", "&filter=n:3,n:5,n:8", "&group_by=n&filter=id:s1,id:s3", "&filter=n:none"):
                    yield f"from={text(begin)}&to={text(end)}&granularity={granularity}&timezone={zone}{part}"


class Suite(Checks):
    def __init__(self, options, folder, cluster):
        self.options, self.folder, self.cluster = options, folder, cluster
        self.chance, self.model = random.Random(options.seed), {}
        self.one, self.other, self.two, self.second = cluster.replicas
        self.credentials = init(options.binary, folder / "data")
        self.server = None

    def run(self):
        self.serve()
        self.stream, self.token = self.make("shop")
        self.send(FIRST, DAYS, 2000)
        self.wanted, self.before = self.ask(FIRST), {function: set(found) for function, found in self.model.items()}
        self.server.stop()
        shutil.copytree(self.folder / "data", self.folder / "pair")
        self.sharded()
        self.killed()
        self.named()
        self.deleted()
        self.server.stop()
        self.that("the log verifies", *audit(self.options.binary, self.folder / "data"))
        self.pair()

    # the server

    def serve(self, points=None, data="data"):
        """In place of the one before."""
        if self.server:
            self.server.stop()
        environment = {"CLOUDAPI_POINTS_URL": points} if points else {}
        self.server = Server(self.options.binary, self.folder / data, self.folder / f"{data}.log", environment).start()

    def call(self, *arguments):
        with self.server.client(self.credentials["api_key"], timeout=60) as client:
            return client.call(*arguments)

    def make(self, name):
        made = self.call("POST", "/v1/streams", {"name": name}).json
        return made["id"], made["data_stream_token"]

    def send(self, first, days, count):
        """Points of very different sizes, whose sum depends on its order, each batch twice; in few batches, so that a day is folded, and copied, once."""
        for function in FUNCTIONS * 3:
            points = {}
            for _ in range(count):
                series, hour = self.chance.randrange(12), first + self.chance.randrange(days * 24)
                points[series, hour] = self.chance.uniform(-1, 1) * 10 ** self.chance.randrange(-12, 13)
            data = [{"timestamp": hour * 3600, "metric_name": "orders", "metric_value": repr(value)} | ({"custom_dimensions": {"id": f"s{series % 7}", "n": str(series)}} if series else {})
                    for (series, hour), value in points.items()]
            known = self.model.setdefault(function, set())
            for fresh in (len(points.keys() - known), 0):
                reply = self.call("POST", "/streams/ingest", {"data_stream_token": self.token, "metric_agg_func": function, "data": data})
                if reply.status != 201 or (reply.json["created"], reply.json["updated"]) != (fresh, len(points) - fresh):
                    raise RuntimeError(f"a batch of {len(points)} points, {fresh} of them new, was answered {reply}")
            known.update(points)

    @property
    def points(self):
        return sum(len(found) for found in self.model.values())

    def ask(self, first):
        answers = {}
        with self.server.client(self.credentials["api_key"], timeout=60) as client:
            for function in FUNCTIONS:
                for query in queries(first):
                    reply = client.call("GET", f"/v1/streams/{self.stream}/data?metric=orders&function={function}&{query}")
                    if reply.status != 200:
                        raise RuntimeError(f"{query} was answered {reply}")
                    answers[function, query] = re.sub(rb'"request_id":"[^"]*"', b"", reply.body)
        return answers

    def same(self, name, first, wanted, copied=True):
        """Asks all there is to ask; where the points are `copied`, ClickHouse must have been asked too."""
        begun, before = time.monotonic(), self.asked()
        found = self.ask(first)
        different, asked = [key for key in wanted if found[key] != wanted[key]], self.asked() - before
        self.that(f"{name}: {len(wanted)} answers, the same byte for byte ({time.monotonic() - begun:.1f} s, ClickHouse asked {asked} times)",
                  not different and (not copied or asked > len(wanted) / 2), different[:2])

    def asked(self):
        """How often the replica that is named was asked for something."""
        try:
            return int(self.one.sql("SELECT sum(value) FROM system.events WHERE event = 'SelectQuery'") or 0)
        except OSError:
            return 0

    # ClickHouse

    def define(self, database, statements):
        self.one.sql(f"CREATE DATABASE {database} ON CLUSTER points")
        for statement in statements:
            self.one.sql(statement, database)

    def copied(self, database, replica=None, within=90):
        """Waits until all points can be read, and a moment more, until the ledger knows."""
        replica, deadline, found = replica or self.one, time.monotonic() + within, None
        while time.monotonic() < deadline:
            # The newest copy of a day counts, whether or not it was merged with those before.
            found = (replica.sql("SELECT uniqExact(metric, series, day, hour) FROM cloudapi_points", database),
                     replica.sql("SELECT sum(points) FROM (SELECT argMax(points, copy) AS points FROM cloudapi_point_sums GROUP BY metric, day, series)", database))
            if found == (str(self.points), str(self.points)):
                break
            time.sleep(0.5)
        time.sleep(1)
        self.that(f"{self.points} points are copied", found == (str(self.points), str(self.points)), found)

    def alike(self, name, database, pairs, tables, within=60):
        """Waits until both of each pair have the same rows."""
        deadline, seen = time.monotonic() + within, []
        while time.monotonic() < deadline:
            seen = [[each.sql(f"SELECT count(), sum(cityHash64(*)) FROM {table} FINAL", database) for each in pair] for pair in pairs for table in tables]
            if all(one == other for one, other in seen):
                break
            time.sleep(0.2)
        self.that(f"{name}: {', '.join(one.split()[0] for one, _ in seen)} rows", all(one == other and one.split()[0] != "0" for one, other in seen), seen)

    # what is tried

    def sharded(self):
        self.define("cloudapi", definitions("Sharded"))
        made = [each.sql("SELECT count() FROM system.tables WHERE database = 'cloudapi'") for each in self.cluster.replicas]
        self.that("the tables of docs/operations.md are made on all four", made == ["4"] * 4, made)
        self.serve(self.one.url("cloudapi"))
        self.copied("cloudapi")
        self.same("two shards of two replicas", FIRST, self.wanted)
        held = [each.sql("SELECT count() FROM cloudapi_points_local", "cloudapi") for each in (self.one, self.two)]
        self.that(f"each shard has its part: {' and '.join(held)} rows", all(int(rows) > 0 for rows in held))
        self.alike("both replicas of each have the same", "cloudapi", self.cluster.pairs, LOCAL)

    def killed(self):
        self.other.kill()
        self.two.kill()
        self.same("a replica of each shard killed", FIRST, self.wanted)
        self.send(LATER, DAYS, 1000)
        self.copied("cloudapi")
        self.since = self.ask(LATER)
        begun = time.monotonic()
        self.other.start()
        self.two.start()
        started = time.monotonic()
        self.alike("started again they have caught up", "cloudapi", self.cluster.pairs, LOCAL)
        self.that(f"— {time.monotonic() - started:.1f} s after they answered, {time.monotonic() - begun:.1f} s after their start", True)
        self.same("all of them again, what came before", FIRST, self.wanted)
        self.same("and what came meanwhile", LATER, self.since)

    def named(self):
        self.one.kill()
        self.same("the one killed that is named: the database answers", FIRST, self.wanted, copied=False)
        self.one.start()
        time.sleep(10)  # what has failed is left alone for so long
        self.same("it is back", FIRST, self.wanted)
        self.serve()
        self.that("the embedded store alone answers the same of what came while replicas were down", self.ask(LATER) == self.since)
        self.serve(self.one.url("cloudapi"))

    def deleted(self):
        self.second.kill()
        begun = time.monotonic()
        self.that("the stream is deleted while a replica is down", self.call("DELETE", f"/v1/streams/{self.stream}").status < 300)
        left = []
        while left != ["0", "0"] and time.monotonic() < begun + 90:
            time.sleep(0.5)
            left = [self.one.sql(f"SELECT count() FROM {table}", "cloudapi") for table in TABLES]
        self.that(f"its rows are gone from both shards, {time.monotonic() - begun:.0f} s later", left == ["0", "0"], left)
        self.second.start()
        begun = time.monotonic()
        while left != ["0"] * 8 and time.monotonic() < begun + 60:
            time.sleep(0.2)
            left = [each.sql(f"SELECT count() FROM {table}", "cloudapi") for each in self.cluster.replicas for table in LOCAL]
        self.that("and from the replica that was down, once it is back", left == ["0"] * 8, left)

    def pair(self):
        """The tables without shards, on the first two."""
        self.define("pair", [statement.replace("/cloudapi/", "/pair/") for statement in definitions("Replicated")])
        self.model = self.before
        self.serve(self.one.url("pair"), "pair")
        self.copied("pair", self.other)
        self.same("a pair of replicas", FIRST, self.wanted)
        self.alike("both have the same", "pair", [(self.one, self.other)], TABLES)
        # Else all the answers before could be the database's.
        self.one.sql("ALTER TABLE cloudapi_point_sums UPDATE amount = 1e15 WHERE points > 0", "pair")
        time.sleep(2)
        found = self.ask(FIRST)
        self.that(f"what somebody changes there is answered: {sum(found[key] != self.wanted[key] for key in found)} of {len(found)}", found != self.wanted)
        self.server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with workspace() as folder, ClickHouseCluster(folder / "clickhouse") as cluster:
        suite = Suite(options, folder, cluster)
        try:
            suite.run()
        finally:
            if suite.server:
                suite.server.__exit__()
        return suite.ended()


if __name__ == "__main__":
    sys.exit(main())
