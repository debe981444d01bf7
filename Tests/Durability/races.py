#!/usr/bin/env python3
"""Sixty-four creates at once for the last place of a quota, and for the last dollar of a budget; one gets it.

    races.py --binary .build/debug/cloudapi --rounds 1000

Each round sends 64 requests on 64 open connections before it reads the first answer. Exactly one may be a 201; every other one must be
the refusal of its race, with the right figures in it: 409 quota_exceeded, 402 budget_exceeded. The simulator is the provider.
Each round's winner of a quota stays and the next round raises the limit by one. The winner of a budget is deleted and purged, and the
budget has to give all it held back; only the milliseconds it ran stay spent.
"""
import argparse
import collections
import decimal
import json
import socket
import sys
import time

from server import HOST, Checks, Client, Server, audit, init, workspace

RACERS = 64
PATIENCE = 60


class Racer:
    """An open connection that sends now and reads later."""

    def __init__(self, port, key):
        self.socket = socket.create_connection((HOST, port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader, self.key = self.socket.makefile("rb"), key

    def send(self, path, body):
        text = json.dumps(body).encode()
        head = (f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {self.key}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(text)}\r\n\r\n")
        self.socket.sendall(head.encode() + text)

    def read(self):
        """(status, what the body says)."""
        status, length = int(self.reader.readline().split()[1]), 0
        while (line := self.reader.readline()) != b"\r\n":
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        return status, json.loads(self.reader.read(length))

    def close(self):
        self.socket.close()


class Races:
    def __init__(self, options, folder):
        self.options, self.checks, self.data = options, Checks(), folder / "data"
        made = init(options.binary, self.data)
        self.key, self.log = made["api_key"], folder / "server.log"
        self.server = Server(options.binary, self.data, self.log).start()
        self.client = Client(self.server.port, self.key, timeout=PATIENCE)
        connected = self.call("POST", "/v1/connections", {"name": "cloud", "provider": "simulator", "settings": {"latency_ms": 0}}, 201)
        if connected["state"] != "connected":
            raise RuntimeError(f"the simulator cannot be used: {connected}")
        self.racers = [Racer(self.server.port, self.key) for _ in range(RACERS)]

    def call(self, method, path, body, expected):
        answer = self.client.call(method, path, body)
        if answer.status != expected:
            raise RuntimeError(f"{method} {path}: {answer}")
        return answer.json

    def run(self):
        for race in (self.quota, self.budget):
            began = time.monotonic()
            wrong = race()
            words = f"{self.options.rounds} rounds of {RACERS} for the last of a {race.__name__}: one 201 each"
            self.checks.that(f"{words}, {time.monotonic() - began:.0f} s", not wrong, wrong[:3])
        for racer in self.racers:
            racer.close()
        self.client.close()
        self.server.stop()
        verified, words = audit(self.options.binary, self.data)
        self.checks.that("the audit chains verify", verified, words)
        return self.checks.ended()

    def project(self, name):
        return self.call("POST", "/v1/projects", {"name": name}, 201)["id"]

    def race(self, project, number, size):
        """The answers of all, the created first."""
        for place, racer in enumerate(self.racers):
            racer.send("/v1/instances", {"name": f"r{number}-{place}", "project_id": project, "spec": {"size": size}})
        return sorted((racer.read() for racer in self.racers), key=lambda answer: answer[0])

    def quota(self):
        project, wrong = self.project("Quota"), []
        for number in range(1, self.options.rounds + 1):
            self.call("PUT", "/v1/quotas/instances", {"project_id": project, "limit": number}, 200)
            answers = self.race(project, number, "n-1")
            refused = [body for status, body in answers[1:] if status == 409 and body["code"] == "quota_exceeded"
                       and body["limit"] == body["used"] == number]
            if answers[0][0] != 201 or len(refused) != RACERS - 1:
                wrong.append((number, summary(answers)))
        return wrong

    def budget(self):
        project, wrong, number = self.project("Budget"), [], 0
        budget = self.call("POST", "/v1/budgets", {
            "name": "month", "scope": {"project_id": project}, "amount": "0", "enforced": True}, 201)["id"]
        while number < self.options.rounds:
            month = time.gmtime().tm_mon
            amount = self.room_for_one(project, budget)
            answers = self.race(project, number, "s-4")
            if time.gmtime().tm_mon == month:
                number += 1
                refused = [body for status, body in answers[1:] if status == 402 and body["code"] == "budget_exceeded"
                           and 0 <= decimal.Decimal(body["remaining"]) < decimal.Decimal(body["estimate"])]
                if answers[0][0] != 201 or len(refused) != RACERS - 1:
                    wrong.append((number, summary(answers)))
                standing = self.call("GET", f"/v1/budgets/{budget}", None, 200)
                if decimal.Decimal(standing["remaining"]) < 0 or decimal.Decimal(standing["amount"]) != amount:
                    wrong.append((number, standing))
            for status, body in answers:
                if status == 201:
                    self.delete(body["id"])
        return wrong

    def room_for_one(self, project, budget):
        """Sets the budget to what is committed and one and a half of what is asked for."""
        self.call("PATCH", f"/v1/budgets/{budget}", {"enforced": False}, 200)
        dry = self.call("POST", "/v1/instances?dry_run=true", {"name": "dry", "project_id": project, "spec": {"size": "s-4"}}, 200)
        standing = self.call("GET", f"/v1/budgets/{budget}", None, 200)
        committed = decimal.Decimal(standing["amount"]) - decimal.Decimal(standing["remaining"])
        amount = (committed + decimal.Decimal(dry["estimate"]["period_amount"]) * decimal.Decimal("1.5")).quantize(decimal.Decimal("1e-12"))
        self.call("PATCH", f"/v1/budgets/{budget}", {"amount": str(amount), "enforced": True}, 200)
        return amount

    def delete(self, instance):
        answer = self.call("DELETE", f"/v1/instances/{instance}?purge=true&wait=30s", None, 202)
        if answer["operation"]["state"] != "succeeded":
            raise RuntimeError(f"{instance} was not deleted: {answer}\n{self.server.tail()}")


def summary(answers):
    return dict(collections.Counter(f"{status} {body.get('code', '')}".strip() for status, body in answers))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--rounds", type=int, default=1000, help="of each race")
    options = parser.parse_args()
    with workspace() as folder:
        return Races(options, folder).run()


if __name__ == "__main__":
    sys.exit(main())
