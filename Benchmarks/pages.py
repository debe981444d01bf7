"""The figures of pages for bench.py: what a page costs beside the call of the API it makes."""
import datetime
import http.client
import statistics
import sys
import time
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Tests" / "Browser"))
import year  # noqa: E402


def measure(bench):
    """The costs page over a year of days by service, and the page of a unit metric by day, each in turns with the very call it makes."""
    with bench.ours("pages") as server:
        today = datetime.datetime.now(datetime.timezone.utc).date()
        with server.client(server.token, timeout=600) as client:
            rows = year.bring(client, today, days=364, rows_a_day=24 if bench.options.quick else 300)
            view = next(view["id"] for view in client.call("GET", "/v1/cost-views?limit=100").json["data"] if view["is_default"])
            span = f"start_date={today - datetime.timedelta(days=364)}&end_date={today}&group_by=service"
            visitor = Visitor(server)
            compare(bench, client, visitor, f"costs page on a year of days, {rows:,} rows",
                    f"/v1/cost-views/{view}/data?{span}&compare=previous_period&limit=20", f"/app/costs?{span}")
            metric = orders(client, today)
            days = f"start_date={today - datetime.timedelta(days=364)}&end_date={today}&granularity=day"
            compare(bench, client, visitor, "unit metric page on a year of days", f"/unit/metric/{metric}?{days}", f"/app/unit-metrics/{metric}?{days}")


def compare(bench, client, visitor, name, call, page):
    """A page and its call in turns: the median of each, and how they are to each other."""
    calls, visits = [], []
    for _ in range(10 if bench.options.quick else 40):
        calls.append(timed(lambda: client.call("GET", call).status))
        visits.append(timed(lambda: visitor.get(page)))
    took, visit = statistics.median(calls), statistics.median(visits)
    bench.table.add(name, f"{visit:.1f} ms = {visit / took:.2f} × its call ({took:.1f} ms)", "≤ 2 ×", visit <= 2 * took)


def orders(client, today):
    """A unit metric of the bill's cost by orders, one point a day."""
    stream = client.call("POST", "/v1/streams", {"name": "shop"}).json
    points = [{"timestamp": f"{today - datetime.timedelta(days=back)} 00:00:00", "metric_name": "orders", "metric_value": 4000 + 37 * back % 900} for back in range(365)]
    for first in range(0, len(points), 100):
        taken = client.call("POST", "/streams/ingest", {"data_stream_token": stream["data_stream_token"], "metric_agg_func": "Sum", "data": points[first:first + 100]})
        assert taken.status < 300, taken
    made = client.call("POST", "/v1/unit-metrics", {
        "name": "Cost per order", "numerator": {"source": "cost"},
        "denominator": {"source": "stream", "stream_id": stream["id"], "metric_name": "orders", "metric_agg_func": "Sum"}})
    assert made.status < 300, made
    return made.json["id"]


def timed(action):
    """Milliseconds of what must answer 200."""
    begun = time.perf_counter()
    status = action()
    assert status == 200, status
    return (time.perf_counter() - begun) * 1000


class Visitor:
    """Somebody who is signed in, on a kept-alive connection."""

    def __init__(self, server):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        form = urllib.parse.urlencode({"email": server.credentials["email"], "password": server.credentials["password"]})
        self.connection.request("POST", "/app/sign-in", form, {"Content-Type": "application/x-www-form-urlencoded"})
        answer = self.connection.getresponse()
        answer.read()
        self.cookie = answer.getheader("Set-Cookie").split(";")[0]

    def get(self, path):
        self.connection.request("GET", path, headers={"Cookie": self.cookie, "Accept": "text/html"})
        answer = self.connection.getresponse()
        answer.read()
        return answer.status
