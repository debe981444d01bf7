"""The figures of OAuth for bench.py: how many tokens a client gets for itself in a second, each durable before it is answered, and how fast the
API takes them beside a key."""
import statistics
import urllib.parse

import load


def measure(bench):
    with bench.ours("oauth") as server:
        client = register(server)
        secrets = {"CLIENT": client["id"], "SECRET": client["client_secret"]}
        load.measured(server, "token.lua", "", 1, 64, 2, secrets)
        runs = [load.measured(server, "token.lua", "", bench.seconds, 64, 2, secrets) for _ in range(bench.rounds)]
        rate = statistics.median(run.rate for run in runs)
        bench.table.add("tokens by client credentials", f"{rate:,.0f}/s, p50 {statistics.median(run.p50 for run in runs):.1f} ms, "
                        f"p99 {statistics.median(run.p99 for run in runs):.1f} ms, {statistics.median(run.cpu for run in runs):.0f} µs CPU", "≥ 5,000/s", rate >= 5000)
        reads(bench, server, token(server, client))


def register(server):
    with server.client(server.token) as client:
        made = client.call("POST", "/v1/oauth/clients", {"name": "Bench", "rate_limit_per_minute": 100_000_000})
    assert made.status == 201, made
    return made.json


def token(server, client):
    form = urllib.parse.urlencode({"grant_type": "client_credentials", "client_id": client["id"], "client_secret": client["client_secret"]})
    with server.client() as connection:
        reply = connection.call("POST", "/oauth/token", form.encode(), {"Content-Type": "application/x-www-form-urlencoded"})
    assert reply.status == 200, reply
    return reply.json["access_token"]


def reads(bench, server, oauth):
    """Authenticated reads with an OAuth token, in turns with a key."""
    for credential in (server.token, oauth):
        load.read(server, credential, 1)
    ratios = []
    for _ in range(bench.rounds):
        key = load.read(server, server.token, bench.seconds)
        ratios.append(load.read(server, oauth, bench.seconds).rate / key.rate)
    ratio = statistics.median(ratios)
    bench.table.add("reads with an OAuth token ÷ with a key", f"{ratio:.2f}", "≥ 0.9", ratio >= 0.9)
