#!/usr/bin/env python3
"""Walks costs, unit metrics and settings as somebody who pays for clouds does.

    costs.py --binary .build/debug/cloudapi [--shots .build/screenshots]

Begins a server with a year of bills, deploys and orders, and opens every page of them as a phone and as a desktop, light and dark. No page may
scroll sideways, tables within their own box aside; the console must hold no error, no warning and no violation of the policy.
"""
import argparse
import datetime
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Durability"))
import year
from server import BUILD, Checks, Server, init, within_venv, workspace

WINDOWS = {"phone": (360, 780), "desktop": (1280, 800)}
SCHEMES = ("light", "dark")
SETTINGS = ("api-keys", "tokens", "streams", "users", "teams", "tag-catalogs", "slack", "connections", "prices", "sessions", "workspace")


class Walk:
    def __init__(self, page, server, credentials, shots):
        self.page, self.server, self.credentials, self.shots = page, server, credentials, shots
        self.checks, self.today = Checks(), datetime.datetime.now(datetime.timezone.utc).date()

    def begin(self):
        with self.server.client(self.credentials["api_key"], timeout=120) as client:
            self.furnish(client)
        self.page.look(*WINDOWS["desktop"], "light")
        self.sign_in()
        self.costs()
        self.view()
        self.bill()
        self.units()
        self.settings()

    def furnish(self, client):
        year.bring(client, self.today)
        days = [self.today - datetime.timedelta(days=back) for back in range(60)]
        deploys = [{"timestamp": f"{self.today - datetime.timedelta(days=back)} 14:00:00",
                    "payload": {"type": kind, "description": about, "event_url": "https://ci.example/42"}}
                   for back, kind, about in ((3, "deploy", "checkout 2.4"), (4, "incident", "database failover"), (17, "deploy", "checkout 2.3"))]
        self.need(client.call("POST", "/events", {"data": deploys}))
        stream = self.need(client.call("POST", "/v1/streams", {"name": "shop"}))
        points = [{"timestamp": f"{day} 00:00:00", "metric_name": "orders", "metric_value": 4000 + 37 * number % 900} for number, day in enumerate(days)]
        self.need(client.call("POST", "/streams/ingest", {"data_stream_token": stream["data_stream_token"], "metric_agg_func": "Sum", "data": points}))
        self.metric = self.need(client.call("POST", "/v1/unit-metrics", {
            "name": "Cost per order", "numerator": {"source": "cost"},
            "denominator": {"source": "stream", "stream_id": stream["id"], "metric_name": "orders", "metric_agg_func": "Sum"}}))["id"]
        self.need(client.call("POST", "/teams", {"id": "7", "name": "Payments", "aws_services": ["Amazon CloudFront"], "aws_tags": [{"Key": "env", "Value": "prod"}]}))

    def need(self, reply):
        assert reply.status < 300, reply
        return reply.json

    def go(self, path):
        self.page.go(f"http://127.0.0.1:{self.server.port}{path}")

    def sign_in(self):
        self.go("/app/sign-in")
        self.page.fill("[name=email]", self.credentials["email"])
        self.page.fill("[name=password]", self.credentials["password"])
        with self.page.navigation():
            self.page.click("form [type=submit], form button")

    def costs(self):
        self.go("/app/costs?period=30d&group_by=service")
        self.checks.that("markers stand over the cost chart", self.drawn() == ("wide", 3), self.drawn())
        self.photograph("costs", lambda window: self.checks.that(
            f"a {window} sees one drawing of the chart", self.drawn()[0] == ("narrow" if window == "phone" else "wide"), self.drawn()))
        total = self.page.evaluate("document.querySelector('#total data').value")
        with self.server.client(self.credentials["api_key"]) as client:
            view = next(view["id"] for view in client.call("GET", "/v1/cost-views?limit=100").json["data"] if view["is_default"])
            span = f"start_date={self.today - datetime.timedelta(days=29)}&end_date={self.today}"
            api = client.call("GET", f"/v1/cost-views/{view}/data?{span}").json["total"]["cost"]
        self.checks.that("the page's total is the API's to the last digit", total == api, (total, api))
        self.page.follow("Amazon CloudFront")
        self.checks.that("a click on a service goes one step down", "service=Amazon%20CloudFront" in self.page.address, self.page.address)
        self.go("/app/costs?period=12m&cumulative=true&granularity=week")
        self.photograph("costs-added-up")
        self.go("/app/costs?period=12m&group_by=region")
        self.page.click("details.behind summary")
        self.photograph("costs-year")

    def drawn(self):
        return tuple(self.page.evaluate("""(() => {
            const shown = [...document.querySelectorAll('.chart svg')].filter(svg => svg.getBoundingClientRect().width > 0);
            return [shown.map(svg => svg.classList[0]).join(), shown[0].querySelectorAll('.marker').length];
        })()"""))

    def view(self):
        self.go("/app/costs/views/new")
        self.photograph("cost-view")
        self.page.fill("#name", "Compute")
        self.page.fill("#line-0-dimension", "service")
        self.page.fill("#line-0-values", "AWS Lambda")
        with self.page.navigation():
            self.page.click("#save-view")
        self.checks.that("a new view opens with its filter", "view=cv_" in self.page.address and self.page.text("#view option:checked") is not None, self.page.address)

    def bill(self):
        self.go("/app/costs/imports")
        file = self.shots / "bad.csv"
        file.write_bytes((year.HEAD + "\r\n" + year.row(self.today, "EC2", "eu", "much", "Usage") + "\r\n").encode())
        self.page.choose("#file", file)
        with self.page.navigation():
            self.page.click("#import-bill")
        self.checks.that("a bill with a mistake names line and column", "Line 2, column BilledCost" in self.page.evaluate("document.body.textContent"))
        self.photograph("cost-imports")

    def units(self):
        self.go("/app/unit-metrics")
        self.photograph("unit-metrics")
        self.go(f"/app/unit-metrics/{self.metric}")
        self.checks.that("the unit metric has a value", self.page.text("#total").startswith("$"), self.page.text("#total"))
        self.photograph("unit-metric")

    def settings(self):
        for part in SETTINGS:
            self.go(f"/app/settings/{part}")
            self.photograph(f"settings-{part}")
        self.go("/app/settings/teams/7")
        self.photograph("settings-team")
        self.go("/app/settings/tokens")
        self.page.fill("#name", "report")
        with self.page.navigation():
            self.page.click("#make-token")
        secret = self.page.text("#secret")
        self.photograph("settings-token-secret")
        self.page.reload()
        self.checks.that("after a reload the token is gone", secret.startswith("cap_") and secret not in self.page.evaluate("document.documentElement.outerHTML"))

    def photograph(self, name, each=lambda window: None):
        for window, size in WINDOWS.items():
            for scheme in SCHEMES:
                self.page.look(*size, scheme)
                self.page.shot(self.shots / f"{name}-{window}-{scheme}.png")
            each(window)
            width = self.page.evaluate("document.documentElement.scrollWidth")
            if width > size[0]:
                self.checks.that(f"{name} fits a {window}", False, f"it is {width} px wide")
        self.page.look(*WINDOWS["desktop"], "light")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--shots", type=Path, default=BUILD / "screenshots")
    options = parser.parse_args()
    within_venv("websocket-client")
    from chromium import chromium
    options.shots.mkdir(parents=True, exist_ok=True)
    with workspace() as folder:
        credentials = init(options.binary, folder / "data")
        with Server(options.binary, folder / "data", folder / "server.log").start() as server, chromium() as page:
            walk = Walk(page, server, credentials, options.shots)
            try:
                walk.begin()
            except (RuntimeError, AssertionError) as error:
                walk.checks.that("the walk came to its end", False, error)
                page.shot(options.shots / "failed-costs.png")
            walk.checks.that("nothing in the console, no violation of the content security policy", not page.faults, page.faults)
    return walk.checks.ended()


if __name__ == "__main__":
    sys.exit(main())
