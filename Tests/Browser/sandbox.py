"""Walks the test side of the dashboard as somebody who operates things does: every page of it, an instance made and stopped, an alert tried, the log
verified and a report made, the menu of a phone."""
from inspection import WINDOWS

PAGES = ("overview", "projects", "resources", "resources/new", "resources/new/volume", "resources/new/network", "resources/new/bucket", "resources/new/ip", "resources/new/firewall", "resources/new/snapshot",
         "resources/stacks", "resources/schedules", "resources/policies", "usage", "usage/budgets", "usage/alerts", "webhooks", "events", "audit")

# What is opened from a list: where the list is, and the link.
DETAILS = {"resource": ("resources?kind=instance", "[data-resource-id^=inst_] a.name"), "budget": ("usage/budgets", "[data-budget-id] a.name"),
           "alert": ("usage/alerts", "[data-alert-id] a.name"), "webhook": ("webhooks", "[data-webhook-id] a.name"),
           "event": ("events", "[data-event-id] a"), "operation": ("events?type=instance.*", "main [href^='/app/operations/']"), "project": ("projects", "main a.name")}


class Sandbox:
    def __init__(self, walk):
        self.walk, self.page, self.check, self.photograph = walk, walk.page, walk.check, walk.photograph

    def begin(self):
        self.enter()
        self.look_around()
        self.make_an_instance()
        self.try_an_alert()
        self.stop_an_instance()
        self.prove()
        self.lose_the_way()
        self.use_the_menu()

    def client(self):
        return self.walk.client("test_api_key")

    def enter(self):
        with self.client() as client:
            client.call("POST", "/v1/alerts", {"name": "Nearly used up", "rule": "quota_percent > 85", "account_id": self.walk.credentials["account_id"]})
            client.call("POST", "/v1/webhooks", {"url": "http://127.0.0.1:9/closed", "events": ["budget.*"], "description": "Somewhere that is closed"})
        self.walk.go("/app/overview")
        with self.page.navigation():
            self.page.click(".column .mode [value=test]")

    def look_around(self):
        """Every page of the test side, which has something on each."""
        for name in PAGES:
            self.walk.go(f"/app/{name}")
            self.photograph(name.replace("/", "-"))
        for name, (place, selector) in DETAILS.items():
            self.walk.go(f"/app/{place}")
            if self.check(f"there is a {name} to open", self.page.has(selector)):
                with self.page.navigation():
                    self.page.click(selector)
                self.photograph(name)

    def make_an_instance(self):
        """With its price before, kept out by a budget, and made."""
        with self.client() as client:
            project = client.call("GET", "/v1/projects?limit=1").json
            project = (project.get("items") or project.get("data"))[0]["id"]
            budget = client.call("POST", "/v1/budgets", {"name": "Tight", "amount": "100000", "scope": {"project_id": project}}).json["id"]
        self.walk.go("/app/resources")
        with self.page.navigation():
            self.page.click("#new-resource")
        self.page.fill("#name", "walked")
        with self.page.navigation():
            self.page.click("[name=preview]")
        self.check("the price is told before anything is made", "A month of 730 hours" in self.page.text("main"))
        self.photograph("resource-price")
        with self.client() as client:
            self.check("and nothing is made", client.call("GET", "/v1/instances/walked").status == 404)
            spent = client.call("GET", f"/v1/budgets/{budget}").json
            client.call("PATCH", f"/v1/budgets/{budget}", {"amount": str(float(spent["spent"]) + float(spent["reserved"]) + 1)})
        self.page.evaluate("document.querySelector('#size').value = 's-16'")
        with self.walk.refused(402), self.page.navigation():
            self.page.click("#make-resource")
        self.check("a budget keeps it out and says what would fit", "The largest size that fits is" in self.page.text("main"), self.page.text("main [role=alert]"))
        self.photograph("resource-refused")
        with self.client() as client:
            client.call("DELETE", f"/v1/budgets/{budget}")
        with self.page.navigation():
            self.page.click("#make-resource")
        self.check("it is made, and its page opens", "/app/resources/inst_" in self.page.address, self.page.address)

    def try_an_alert(self):
        self.walk.go("/app/usage/alerts")
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
        with self.client() as client:
            found = client.call("GET", "/v1/instances?power=running&limit=1").json
        instance = (found.get("items") or found.get("data"))[0]["id"]
        self.walk.go(f"/app/resources/{instance}")
        with self.page.navigation():
            self.page.click("[data-action=stop]")
        self.page.wait_for("[data-action=stop], #resource")
        self.page.wait_until("document.querySelector('#resource .badges').textContent.includes('Stopped')")
        self.check("an instance is stopped, and the page says so by itself", True)
        self.photograph("resource-stopped")
        with self.client() as client:
            power = client.call("GET", f"/v1/instances/{instance}").json["status"]["power"]
        self.check("the API says the same", power == "stopped", power)

    def prove(self):
        self.walk.go("/app/audit")
        with self.page.navigation():
            self.page.click("[data-action=verify]")
        self.check("the log is verified", "are as they were written" in (self.page.text("#verdict") or ""), self.page.text("main"))
        self.photograph("audit-verified")
        self.walk.go("/app/audit")
        with self.page.navigation():
            self.page.click("[data-action=checkpoint]")
        with self.page.navigation():
            self.page.click("[data-action=report]")
        self.check("its end is signed, and a report of it is made", self.page.has("[href^='/app/audit/checkpoints/']") and self.page.has("[href*='/reports/'][href$=html]"))
        self.photograph("audit-report")

    def lose_the_way(self):
        with self.walk.refused(404):
            self.walk.go("/app/nowhere")
        self.check("a page that is not there says so, and leads back", self.page.text(".status-code") == "404" and self.page.has("main a.button"))
        self.photograph("not-found")

    def use_the_menu(self):
        """On a phone the navigation opens without a script, and by the keyboard."""
        self.page.look(*WINDOWS["phone"], "light")
        self.walk.go("/app/events")
        self.check("on a phone the navigation is closed", not self.page.sees(".menu .main-nav"))
        self.page.click(".menu > summary")
        self.check("and opens", self.page.sees(".menu .main-nav a[aria-current=page]"))
        self.page.shot(self.walk.shots / "menu-phone-light.png")
        self.page.look(*WINDOWS["desktop"], "light")
        self.walk.go("/app/events")
        self.page.press("Tab")
        self.check("the first stop of the keyboard leads past the navigation", self.page.evaluate("document.activeElement.className") == "skip")
