#!/usr/bin/env python3
"""Walks costs, unit metrics and settings as somebody who pays for clouds does.

    costs.py --binary .build/debug/cloudapi [--shots .build/screenshots]

Begins a server with a year of bills, deploys and orders, and opens every page of them; each is photographed and looked through (inspection.py).
The console must hold no error, no warning and no violation of the policy.
"""
import datetime
import sys

import year
from walk import Walk, run

SETTINGS = ("api-keys", "tokens", "streams", "users", "teams", "tag-catalogs", "slack", "connections", "prices", "sessions", "workspace")


class Costs(Walk):
    def begin(self):
        self.today = datetime.datetime.now(datetime.timezone.utc).date()
        with self.client(timeout=120) as client:
            self.furnish(client)
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

    def costs(self):
        self.go("/app/costs?period=30d&group_by=service")
        self.check("markers stand over the cost chart", self.drawn() == ("wide", 3), self.drawn())
        self.photograph("costs", lambda window: self.check(
            f"a {window} sees one drawing of the chart", self.drawn()[0] == ("narrow" if window == "phone" else "wide"), self.drawn()))
        total = self.page.evaluate("document.querySelector('#total data').value")
        with self.client() as client:
            view = next(view["id"] for view in client.call("GET", "/v1/cost-views?limit=100").json["data"] if view["is_default"])
            span = f"start_date={self.today - datetime.timedelta(days=29)}&end_date={self.today}"
            api = client.call("GET", f"/v1/cost-views/{view}/data?{span}").json["total"]["cost"]
        self.check("the page's total is the API's to the last digit", total == api, (total, api))
        self.page.follow("Amazon CloudFront")
        self.check("a click on a service goes one step down", "service=Amazon%20CloudFront" in self.page.address, self.page.address)
        self.photograph("costs-of-a-service")
        with self.page.navigation():
            self.page.click("td.name a")
        self.check("and the next down another", "service=Amazon%20CloudFront" in self.page.address and self.page.address.count("=") > 2, self.page.address)
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
        self.check("a new view opens with its filter", "view=cv_" in self.page.address and self.page.text("#view option:checked") is not None, self.page.address)
        self.page.follow("Edit this view")
        self.check("its form has what was chosen", self.page.evaluate("document.querySelector('#line-0-values').value") == "AWS Lambda", self.page.address)
        self.photograph("cost-view-edit")
        self.page.fill("#line-0-values", "AWS Lambda\nAmazon CloudFront")
        with self.page.navigation():
            self.page.click("#save-view")
        self.page.follow("Edit this view")
        kept = self.page.evaluate("document.querySelector('#line-0-values').value")
        self.check("edited, it counts both", kept.split("\n") == ["AWS Lambda", "Amazon CloudFront"], kept)
        with self.page.navigation():
            self.page.click("#save-view")
        self.photograph("cost-view-edited")

    def bill(self):
        self.go("/app/costs/imports")
        file = self.shots / "bad.csv"
        file.write_bytes((year.HEAD + "\r\n" + year.row(self.today, "EC2", "eu", "much", "Usage") + "\r\n").encode())
        self.page.choose("#file", file)
        with self.page.navigation():
            self.page.click("#import-bill")
        self.check("a bill with a mistake names line and column", "Line 2, column BilledCost" in self.page.evaluate("document.body.textContent"))
        self.photograph("cost-imports")

    def units(self):
        self.go("/app/unit-metrics")
        self.photograph("unit-metrics")
        self.go(f"/app/unit-metrics/{self.metric}")
        self.check("the unit metric has a value", self.page.text("#total").startswith("$"), self.page.text("#total"))
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
        self.check("after a reload the token is gone", secret.startswith("cap_") and secret not in self.page.evaluate("document.documentElement.outerHTML"))


if __name__ == "__main__":
    sys.exit(run(Costs, __doc__))
