#!/usr/bin/env python3
"""What a primary and a standby, a pooler and a network can do to three servers under load, one fault after the other.

    failover.py --binary .build/debug/cloudapi

PostgreSQL replicates synchronously to a standby. Two servers name both in their `--database`; the third goes through PgBouncer, which pools by
session, and listens past it (`--database-listen`). Everything runs in network namespaces, whose links are cut (network.py). The faults:

  1. PgBouncer is killed (-9) and started again; meanwhile its server still listens;
  2. the primary is killed with all of its processes, and started again;
  3. the standby is killed: nothing is acknowledged until it is back, however long a commit waits, and reads go on;
  4. the server that does the background work is cut off from the databases, and so from the other servers;
  5. the primary is cut off from everyone, and comes back;
  6. the primary is killed, and the standby promoted.

Looked at for each: how long no write was acknowledged. Looked at afterwards: every acknowledged write is there once, on every server; every event
reached the webhook; every operation came to its end once; the limit was never exceeded; the chains verify. Before the load comes, the limit
alone: what was admitted a moment before the primary is killed counts when it is back.
"""
import argparse
import contextlib
import sys
import time

from bouncer import PROGRAM, Bouncer
from cluster import LIMIT, TROUBLE, Cluster, Receiver
from network import DATA, FRONT, HUB, Network, within_a_network
from postgres import Postgres
from server import workspace

HBA = f"local all all trust\nhost all all {DATA}.0/24 trust\nhost replication all {DATA}.0/24 trust\n"
# A statement may take two seconds here: less than the standby is away in the second fault.
PATIENCE = "options=-c%20statement_timeout%3D2s"


class Trial(Cluster):
    def __init__(self, options, folder, network, primary, standby, bouncer, nodes):
        self.primary, self.standby, self.bouncer, self.nodes = primary, standby, bouncer, nodes
        both = f"postgres://postgres@{primary.host}:{primary.port},{standby.host}:{standby.port}/shared?target_session_attrs=read-write&connect_timeout=2&{PATIENCE}"
        direct = {"CLOUDAPI_DATABASE": both}
        pooled = {"CLOUDAPI_DATABASE": bouncer.address("shared"), "CLOUDAPI_DATABASE_LISTEN": both}
        environments = [chosen | {"CLOUDAPI_ALLOW_EGRESS": f"{FRONT}.0/24"} for chosen in (direct, direct, pooled)]
        super().__init__(options, folder, primary, environments, nodes, Receiver(HUB))
        self.patience, self.figures = 5, []

    def run(self):
        self.begin()
        self.limit_of_a_moment()
        self.under_load(self.faults_in_turn, writers=2)
        self.servers[0].environment = {"CLOUDAPI_DATABASE": self.standby.socket_address("shared")}
        self.afterwards()
        print("\n| fault | no write acknowledged for | all servers writing again after |\n|---|---|---|")
        for name, silence, whole in self.figures:
            print(f"| {name} | {silence:.1f} s | {whole:.1f} s |")

    def faults_in_turn(self):
        time.sleep(4)
        self.fault_of("PgBouncer killed, started again 1 s later", self.lose_bouncer)
        self.fault_of("primary killed, started again 1 s later", self.restart_primary)
        self.fault_of("standby killed, back after 6 s", self.lose_standby)
        silence = self.fault_of("the working server cut off from the databases for 12 s", self.cut_worker)
        self.that("a server that is cut off holds up the others for less than that", silence < 11, silence)
        self.fault_of("primary cut off for 5 s", self.cut_primary)
        self.fault_of("primary killed, standby promoted 2 s later", self.lose_primary)

    def fault_of(self, name, happens):
        """Lets it happen, waits until every server writes again, and notes for how long, in seconds, no write was answered; answers that too."""
        begun = time.monotonic()
        happens()
        recovered = self.writing_everywhere(begun + 60)
        time.sleep(1)
        answers = [begun, *(moment for moment in self.acknowledged if moment > begun)]
        silence = max(after - before for before, after in zip(answers, answers[1:]))
        self.figures.append((name, silence, recovered - begun))
        self.that(f"{name}: no write was acknowledged for {silence:.1f} s, all servers wrote again after {recovered - begun:.1f} s", not self.silent, f"not servers {self.silent}")
        return silence

    def limit_of_a_moment(self):
        """In the quiet, where no other commit takes those of the limiter to the disk."""
        with self.client(0, self.credentials["session_token"]) as admin:
            key = admin.call("POST", "/v1/api-keys", {"name": "burst", "scope": ["read:projects"], "mode": "live", "rate_limit_per_minute": LIMIT}).json["key"]
        before = self.spend(key, LIMIT - 20)
        self.primary.kill()
        self.primary.start()
        self.writing_everywhere(time.monotonic() + 30)
        after = self.spend(key, LIMIT)
        self.that(f"of {LIMIT} in a minute, {before} were admitted before the primary was killed and {after} after it was back",
                  before == LIMIT - 20 and 0 < after and before + after <= LIMIT)

    def spend(self, key, count):
        """How many of so many requests, one after the other, are admitted."""
        with self.client(0, key) as client:
            return sum(client.call("GET", "/v1/ping").status == 200 for _ in range(count))

    def writing_everywhere(self, deadline):
        """When each server has answered a write; the last of those moments."""
        left = set(range(len(self.servers)))
        while left and time.monotonic() < deadline:
            for number in list(left):
                with contextlib.suppress(*TROUBLE), self.client(number, timeout=3) as client:
                    if client.call("PATCH", f"/v1/projects/{self.credentials['project_id']}", {"description": f"{time.monotonic()}"}).status == 200:
                        left.discard(number)
            time.sleep(0.05)
        self.silent = sorted(left)
        return time.monotonic()

    # the faults

    def lose_bouncer(self):
        self.bouncer.kill()
        time.sleep(1)
        listening = self.listening(self.primary)
        self.bouncer.start()
        self.that("all three servers listen, the one behind PgBouncer past it", listening == 3, listening)

    def listening(self, postgres):
        return int(postgres.sql("SELECT COUNT(DISTINCT client_addr) FROM pg_stat_activity WHERE query LIKE 'LISTEN %'"))

    def restart_primary(self):
        self.primary.kill()
        time.sleep(1)
        self.primary.start()

    def lose_standby(self):
        self.standby.kill()
        time.sleep(1)  # what it had confirmed may still be on its way
        before, reads, until = len(self.acknowledged), [], time.monotonic() + 5
        while time.monotonic() < until:
            for number in range(len(self.servers)):
                with contextlib.suppress(*TROUBLE), self.client(number, timeout=2) as client:
                    reads.append(client.call("GET", "/v1/projects?limit=1").status)
            time.sleep(0.1)
        unconfirmed = len(self.acknowledged) - before
        self.standby.start()
        self.that("while the standby was away nothing was acknowledged", unconfirmed == 0, f"{unconfirmed} writes")
        self.that(f"and every server answered reads: {len(reads)}", len(reads) >= 15 and set(reads) == {200}, (len(reads), set(reads)))

    def cut_worker(self):
        number, begun = self.leader(), time.monotonic()
        self.nodes[number].cut()
        while self.leader(besides=number) is None and time.monotonic() < begun + 15:
            time.sleep(0.2)
        self.that(f"another took the background work over after {time.monotonic() - begun:.1f} s", time.monotonic() - begun < 15)
        time.sleep(max(0, begun + 12 - time.monotonic()))
        self.nodes[number].heal()

    def cut_primary(self):
        self.primary_node.cut()
        time.sleep(5)
        self.primary_node.heal()

    def lose_primary(self):
        self.primary.kill()
        time.sleep(2)
        self.standby.sql("SELECT pg_promote()")
        self.bouncer.point_at(self.standby)
        self.postgres = self.standby

    def afterwards(self):
        listening = self.listening(self.standby)
        self.that("all three servers listen at the promoted standby", listening == 3, listening)
        super().afterwards()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    options = parser.parse_args()
    if not PROGRAM.exists():
        sys.exit("PgBouncer is missing: apt-get install pgbouncer")
    within_a_network()
    network = Network()
    nodes, first, second = [network.server(number) for number in range(3)], network.database(0), network.database(1)
    # What is not flushed by a commit that waits for it would stay in memory for long.
    primary = Postgres(node=first, hba=HBA, wal_keep_size="256MB", wal_writer_delay="10s")
    standby = Postgres(node=second, hba=HBA, wal_retrieve_retry_interval="200ms")
    with workspace() as folder, primary, contextlib.ExitStack() as stack:
        stack.callback(standby.__exit__)
        standby.follow(primary, "standby").start()
        primary.database("shared")
        primary.sql("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
        primary.sql("SELECT pg_reload_conf()")
        bouncer = stack.enter_context(Bouncer(nodes[2])).point_at(primary).start()
        trial = Trial(options, folder, network, primary, standby, bouncer, nodes)
        trial.primary_node = first
        for server in trial.servers:
            stack.enter_context(server)
        trial.run()
        return trial.ended()


if __name__ == "__main__":
    sys.exit(main())
