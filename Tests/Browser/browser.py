#!/usr/bin/env python3
"""Walks the dashboard as a newcomer does: sign in, make a key, copy it once, use it, rotate it, revoke it.

    browser.py --binary .build/debug/cloudapi [--shots .build/screenshots]

A headless Chromium against a server begun for it. Along the way every page is photographed as a phone and as a desktop, light and dark,
and must not scroll sideways. At the end the console must hold no error, no warning and no violation of the content security policy.
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Durability"))
from server import BUILD, Server, init, within_venv, workspace

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
        self.make_a_key()
        self.reload()
        self.rotate()
        self.revoke()

    def sign_in(self):
        self.page.go(f"http://127.0.0.1:{self.server.port}/app/projects")
        self.check("without a session a page leads to sign-in", "/app/sign-in" in self.page.address, self.page.address)
        self.page.go(f"http://127.0.0.1:{self.server.port}/app/sign-in")
        self.photograph("sign-in")
        self.page.fill("[name=email]", self.credentials["email"])
        self.page.fill("[name=password]", self.credentials["password"])
        with self.page.navigation():
            self.page.click("form [type=submit], form button")
        self.check("signing in leads to the projects", "sign-in" not in self.page.address and "Default" in self.page.text("body"), self.page.address)
        self.photograph("projects")
        cookies = self.page.cookies()
        self.check("the session's cookie is out of reach of scripts and other sites, and for /app only", cookies and all(
            cookie["httpOnly"] and cookie.get("sameSite") in ("Lax", "Strict") and cookie["path"] == "/app" for cookie in cookies), cookies)

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

    def status(self, secret):
        with self.server.client(secret) as client:
            return client.call("GET", "/v1/projects").status

    def photograph(self, name):
        for window, size in WINDOWS.items():
            for scheme in SCHEMES:
                self.page.look(*size, scheme)
                self.page.shot(self.shots / f"{name}-{window}-{scheme}.png")
            width = self.page.evaluate("document.documentElement.scrollWidth")
            if width > size[0]:
                self.check(f"{name} fits a {window}", False, f"it is {width} px wide")
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
            except RuntimeError as error:
                walk.check("the walk came to its end", False, error)
                page.shot(options.shots / "failed.png")
            walk.check("nothing in the console, no violation of the content security policy", not page.faults, page.faults)
    print(f"{walk.passed} passed, {walk.failed} failed")
    return 1 if walk.failed else 0


if __name__ == "__main__":
    sys.exit(main())
