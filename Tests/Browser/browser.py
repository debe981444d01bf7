#!/usr/bin/env python3
"""Walks the dashboard as a newcomer does: sign in, make a first key and see its first request arrive; make a key in the settings, copy it
once, use it, rotate it, revoke it; and as somebody who operates things does: stop an instance, send a webhook's events again, read every page.

    browser.py --binary .build/debug/cloudapi [--shots .build/screenshots]

A headless Chromium against a server begun for it. Along the way every page is photographed as a phone and as a desktop, light and dark,
and must not scroll sideways. At the end the console must hold no error, no warning and no violation of the content security policy.
"""
import argparse
import contextlib
import http.server
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Durability"))
from applications import Applications
from server import BUILD, Server, init, within_venv, workspace

PAGES = ("overview", "projects", "resources", "resources/new", "resources/new/volume", "resources/new/network", "resources/new/bucket", "resources/new/ip", "resources/new/firewall", "resources/new/snapshot",
         "resources/stacks", "resources/schedules", "resources/policies", "usage", "usage/budgets", "usage/alerts", "webhooks", "events", "audit")

# What nobody should meet on a page: a field without a name, a button that says nothing, an id given twice, headings out of order, an order of
# the keyboard other than that of the page, text of too little contrast (WCAG 2.2, 1.4.3).
INSPECTION = """(() => {
    const wrong = [], seen = e => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && e.getClientRects().length;
    const name = e => e.getAttribute("aria-label") || e.labels?.[0]?.textContent.trim() || e.textContent.trim() || e.title ||
        (e.getAttribute("aria-labelledby") || "").split(" ").map(id => document.getElementById(id)?.textContent).join("");
    const say = (what, e) => wrong.push(what + ": " + e.outerHTML.slice(0, 120));
    for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea, button, a[href]")) {
        if (seen(e) && !(e.matches("input") ? e.labels?.[0]?.textContent.trim() || e.getAttribute("aria-label") : name(e))) say("no name", e);
    }
    for (const e of document.querySelectorAll("[tabindex]")) if (e.tabIndex > 0) say("order of its own", e);
    const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
    for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) wrong.push("id twice: " + id);
    let level = 0;
    for (const e of document.querySelectorAll("h1, h2, h3, h4")) {
        if (!seen(e)) continue;
        const own = Number(e.tagName[1]);
        if (own > level + 1) say("heading after level " + level, e);
        level = own;
    }
    if (document.querySelectorAll("main").length !== 1 || [...document.querySelectorAll("h1")].filter(seen).length !== 1) wrong.push("one main and one h1");
    const rgb = text => (text.match(/[0-9.]+/g) || []).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
    const ground = e => {
        for (; e; e = e.parentElement) {
            const colour = rgb(getComputedStyle(e).backgroundColor);
            if (colour.length === 3 || colour[3] > 0.5) return colour;
        }
        return matchMedia("(prefers-color-scheme: dark)").matches ? [13, 16, 23] : [255, 255, 255];
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node; (node = walker.nextNode());) {
        const e = node.parentElement;
        if (!node.textContent.trim() || !seen(e) || e.closest(".sr, .skip, progress, option, script")) continue;
        const [one, two] = [light(rgb(getComputedStyle(e).color)), light(ground(e))].sort((a, b) => b - a);
        const ratio = (one + 0.05) / (two + 0.05), size = parseFloat(getComputedStyle(e).fontSize);
        if (ratio < (size >= 24 ? 3 : 4.5)) say("contrast " + ratio.toFixed(2), e);
    }
    return [...new Set(wrong)].slice(0, 5).join(" | ");
})()"""

WINDOWS = {"phone": (390, 844), "desktop": (1280, 800)}
SCHEMES = ("light", "dark")


class Walk:
    def __init__(self, page, server, credentials, shots):
        self.page, self.server, self.credentials, self.shots = page, server, credentials, shots
        self.passed = self.failed = 0

    def check(self, name, holds, seen=""):
        self.passed, self.failed = self.passed + bool(holds), self.failed + (not holds)
        print(f"ok    {name}" if holds else f"FAIL  {name}   {str(seen)[:500]}", flush=True)
        return holds

    def begin(self):
        self.page.look(*WINDOWS["desktop"], "light")
        self.sign_in()
        self.first_run()
        self.make_a_key()
        self.reload()
        self.rotate()
        self.revoke()
        Applications(self).begin()
        self.look_around()
        self.make_an_instance()
        self.try_an_alert()
        self.stop_an_instance()
        self.send_again()
        self.use_the_menu()

    def sign_in(self):
        self.page.go(f"http://127.0.0.1:{self.server.port}/app/projects")
        self.check("without a session a page leads to sign-in", "/app/sign-in" in self.page.address, self.page.address)
        self.page.go(f"http://127.0.0.1:{self.server.port}/app/sign-in")
        self.photograph("sign-in")
        self.page.fill("[name=email]", self.credentials["email"])
        self.page.fill("[name=password]", self.credentials["password"])
        with self.page.navigation():
            self.page.click("form [type=submit], form button")
        self.check("signing in leads to the projects", "sign-in" not in self.page.address and "Get started" in self.page.text("body"), self.page.address)
        cookies = self.page.cookies()
        self.check("the session's cookie is out of reach of scripts and other sites, and for /app only", cookies and all(
            cookie["httpOnly"] and cookie.get("sameSite") in ("Lax", "Strict") and cookie["path"] == "/app" for cookie in cookies), cookies)

    def first_run(self):
        self.page.go(self.at("/app/overview"))
        self.photograph("overview-first-run")
        self.page.click("#first-key")
        self.page.wait_for("#secret")
        secret = self.page.text("#secret")
        self.check("the first key comes with a curl of it", secret in (self.page.text("#curl") or ""), self.page.text("#curl"))
        self.photograph("overview-first-key")
        self.check("no request has been counted yet", "Waiting" in self.page.text("#first-request"), self.page.text("#first-request"))
        self.check("the first key works", self.status(secret, "/v1/ping") == 200)
        self.page.wait_for("#first-request.arrived")
        self.check("the request appears by itself", "1 request" in self.page.text("#first-request"), self.page.text("#first-request"))
        self.check("and the secret is still there to be copied", self.page.text("#secret") == secret)
        self.photograph("overview-first-request")

    def look_around(self):
        """Every page of the test side, which has something on each."""
        with self.server.client(self.credentials["test_api_key"]) as client:
            client.call("POST", "/v1/alerts", {"name": "Nearly used up", "rule": "quota_percent > 85", "account_id": self.credentials["account_id"]})
            client.call("POST", "/v1/webhooks", {"url": "http://127.0.0.1:9/closed", "events": ["budget.*"], "description": "Somewhere that is closed"})
        self.page.go(self.at("/app/overview"))
        with self.page.navigation():
            self.page.click(".column .mode [value=test]")
        for name in PAGES:
            self.page.go(self.at("/app/" + name))
            self.photograph(name.replace("/", "-"))
        for name, selector in (("resource", "[data-resource-id^=inst_] a.name"), ("budget", "[data-budget-id] a.name"), ("alert", "[data-alert-id] a.name"),
                               ("webhook", "[data-webhook-id] a.name"), ("event", "[data-event-id] a"), ("project", "main a.name")):
            self.page.go(self.at({"resource": "/app/resources?kind=instance", "budget": "/app/usage/budgets", "alert": "/app/usage/alerts",
                                  "webhook": "/app/webhooks", "event": "/app/events", "project": "/app/projects"}[name]))
            if self.check(f"there is a {name} to open", self.page.has(selector)):
                with self.page.navigation():
                    self.page.click(selector)
                self.photograph(name)

    def make_an_instance(self):
        """With its price before, kept out by a budget, and made."""
        with self.server.client(self.credentials["test_api_key"]) as client:
            project = client.call("GET", "/v1/projects?limit=1").json
            project = (project.get("items") or project.get("data"))[0]["id"]
            budget = client.call("POST", "/v1/budgets", {"name": "Tight", "amount": "100000", "scope": {"project_id": project}}).json["id"]
        self.page.go(self.at("/app/resources"))
        with self.page.navigation():
            self.page.click("#new-resource")
        self.page.fill("#name", "walked")
        with self.page.navigation():
            self.page.click("[name=preview]")
        self.check("the price is told before anything is made", "A month of 730 hours" in self.page.text("main"))
        self.photograph("resource-price")
        with self.server.client(self.credentials["test_api_key"]) as client:
            self.check("and nothing is made", client.call("GET", "/v1/instances/walked").status == 404)
            spent = client.call("GET", f"/v1/budgets/{budget}").json
            client.call("PATCH", f"/v1/budgets/{budget}", {"amount": str(float(spent["spent"]) + float(spent["reserved"]) + 1)})
        self.page.evaluate("document.querySelector('#size').value = 's-16'")
        with self.page.navigation():
            self.page.click("#make-resource")
        self.check("a budget keeps it out and says what would fit", "The largest size that fits is" in self.page.text("main"), self.page.text("main [role=alert]"))
        self.photograph("resource-refused")
        # The browser's console speaks of every answer that refuses.
        self.page.faults[:] = [fault for fault in self.page.faults if "402 (Payment Required)" not in fault]
        with self.server.client(self.credentials["test_api_key"]) as client:
            client.call("DELETE", f"/v1/budgets/{budget}")
        with self.page.navigation():
            self.page.click("#make-resource")
        self.check("it is made, and its page opens", "/app/resources/inst_" in self.page.address, self.page.address)

    def try_an_alert(self):
        self.page.go(self.at("/app/usage/alerts"))
        self.page.click("details.new > summary")
        self.page.evaluate("document.querySelector('#subject').value = ''")
        self.page.fill("#rule", "resource_count > 3")
        self.page.fill("#group_by", "label:team")
        self.photograph("alert-new")
        with self.page.navigation():
            self.page.click("#create-alert")
        self.page.click("details.filters > summary")
        with self.page.navigation():
            self.page.click("#try-alert")
        self.check("an alert is tried, and says what it would do", self.page.sees("details.filters .notice dt") and "It holds now" in self.page.text("details.filters .notice"))
        self.photograph("alert-tried")

    def stop_an_instance(self):
        with self.server.client(self.credentials["test_api_key"]) as client:
            found = client.call("GET", "/v1/instances?power=running&limit=1").json
        instance = (found.get("items") or found.get("data"))[0]["id"]
        self.page.go(self.at(f"/app/resources/{instance}"))
        with self.page.navigation():
            self.page.click("[data-action=stop]")
        self.page.wait_for("[data-action=stop], #resource")
        self.page.wait_until("document.querySelector('#resource .badges').textContent.includes('Stopped')")
        self.check("an instance is stopped, and the page says so by itself", True)
        self.photograph("resource-stopped")
        with self.server.client(self.credentials["test_api_key"]) as client:
            power = client.call("GET", f"/v1/instances/{instance}").json["status"]["power"]
        self.check("the API says the same", power == "stopped", power)

    def send_again(self):
        with receiver() as (address, received):
            self.page.go(self.at("/app/webhooks"))
            self.page.click("details.new > summary")
            self.page.fill("#url", address)
            # A test comes whatever the filters; what else happens meanwhile is not to come.
            self.page.fill("#events", "webhook.test")
            with self.page.navigation():
                self.page.click("#create-webhook")
            self.check("a webhook's secret is shown once", (self.page.text("#secret") or "").startswith("whsec_"))
            with self.page.navigation():
                self.page.click("[data-action=test]")
            self.page.wait_for("[data-delivery-id] .badge.good")
            self.check("a test arrives, and the page says so by itself", len(received) == 1, received)
            with self.page.navigation():
                self.page.click("[data-delivery-id] a")
            self.check("the request and the answer are shown", "webhook-id" in self.page.text("main") and "thank you" in self.page.text("main"))
            self.photograph("delivery")
            with self.page.navigation():
                self.page.click("[data-action=retry]")
            self.page.wait_until("document.querySelectorAll('#delivery > section.card').length > 3")
            self.check("sent again, it arrives again under the same id", len(received) == 2 and received[0] == received[1], received)
            self.photograph("delivery-again")

    def use_the_menu(self):
        """On a phone the navigation opens without a script, and by the keyboard."""
        self.page.look(*WINDOWS["phone"], "light")
        self.page.go(self.at("/app/events"))
        self.check("on a phone the navigation is closed", not self.page.sees(".menu .main-nav"))
        self.page.click(".menu > summary")
        self.check("and opens", self.page.sees(".menu .main-nav a[aria-current=page]"))
        self.page.shot(self.shots / "menu-phone-light.png")
        self.page.look(*WINDOWS["desktop"], "light")
        self.page.go(self.at("/app/events"))
        self.page.press("Tab")
        self.check("the first stop of the keyboard leads past the navigation", self.page.evaluate("document.activeElement.className") == "skip")
        self.page.press("Tab")
        ring = self.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        self.check("what has the focus shows it", ring == "solid", ring)

    def at(self, path):
        return f"http://127.0.0.1:{self.server.port}{path}"

    def make_a_key(self):
        self.page.follow("Settings")
        if not self.page.has("#create-key"):
            self.page.follow("API Keys")
        self.photograph("api-keys")
        self.page.fill("[name=name]", "browser")
        self.page.click("#create-key")
        self.page.wait_for("#secret")
        self.first = self.page.text("#secret")
        self.check("the new key's secret is shown", self.first.startswith("pk_live_"), self.first[:12])
        self.photograph("api-keys-secret")
        self.check("the key works", self.status(self.first) == 200, self.status(self.first))

    def reload(self):
        self.page.reload()
        self.check("after a reload the secret is gone", not self.page.has("#secret") and self.first not in self.page.evaluate("document.documentElement.outerHTML"))
        self.check("a reload makes no second key", len(self.rows()) == 1, self.rows())

    def rotate(self):
        self.page.click(f"{self.row()} [data-action=rotate]")
        self.page.wait_for("#secret")
        self.second = self.page.text("#secret")
        self.check("rotating shows a new secret", self.second.startswith("pk_live_") and self.second != self.first)
        self.check("the rotated key works", self.status(self.second) == 200, self.status(self.second))

    def revoke(self):
        self.page.reload()
        with self.page.navigation():
            self.page.click(f"{self.row()} [data-action=revoke]")
        self.photograph("api-keys-revoked")
        self.check("revoked, both secrets are refused", (self.status(self.first), self.status(self.second)) == (401, 401))

    def rows(self):
        """The ids of the rows that speak of our key."""
        return self.page.evaluate("[...document.querySelectorAll('[data-key-id]')].filter(row => row.textContent.includes('browser')).map(row => row.dataset.keyId)")

    def row(self):
        return f'[data-key-id="{self.rows()[0]}"]'

    def status(self, secret, path="/v1/projects"):
        with self.server.client(secret) as client:
            return client.call("GET", path).status

    def photograph(self, name):
        for window, size in WINDOWS.items():
            for scheme in SCHEMES:
                self.page.look(*size, scheme)
                self.page.shot(self.shots / f"{name}-{window}-{scheme}.png")
                found = self.page.evaluate(INSPECTION)
                if found:
                    self.check(f"{name} can be read and used by everybody, {window}, {scheme}", False, found)
            width = self.page.evaluate("document.documentElement.scrollWidth")
            if width > size[0]:
                self.check(f"{name} fits a {window}", False, f"it is {width} px wide")
        self.page.look(*WINDOWS["desktop"], "light")


@contextlib.contextmanager
def receiver():
    """Somebody's own server that webhooks are sent to; answers its address and the ids it was sent."""
    received = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers.get("content-length", 0)))
            received.append(self.headers["webhook-id"])
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"thank you")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/hooks", received
    finally:
        server.shutdown()


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
        with Server(options.binary, folder / "data", folder / "server.log", {"CLOUDAPI_ALLOW_EGRESS": "127.0.0.0/8"}).start() as server, chromium() as page:
            walk = Walk(page, server, credentials, options.shots)
            try:
                walk.begin()
            except RuntimeError as error:
                walk.check("the walk came to its end", False, error)
                page.shot(options.shots / "failed.png")
            walk.check("nothing in the console, no violation of the content security policy", not page.faults, page.faults)
    print(f"{walk.passed} passed, {walk.failed} failed")
    return 1 if walk.failed else 0


if __name__ == "__main__":
    sys.exit(main())
