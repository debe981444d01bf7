"""Walks what somebody does on their first day: signs in, makes a first key and pastes the curl that is shown, keeps keys in the settings; and what
somebody does who was invited."""
import subprocess

PASSWORD = "a password of their own"


class Newcomer:
    def __init__(self, walk):
        self.walk, self.page, self.check, self.photograph = walk, walk.page, walk.check, walk.photograph

    def begin(self):
        self.sign_in()
        self.first_run()
        self.make_a_key()
        self.reload()
        self.rotate()
        self.revoke()

    def sign_in(self):
        self.walk.go("/app/projects")
        self.check("without a session a page leads to sign-in", "/app/sign-in" in self.page.address, self.page.address)
        self.photograph("sign-in")
        self.walk.sign_in()
        self.check("signing in leads to the projects", "sign-in" not in self.page.address and "Get started" in self.page.text("body"), self.page.address)
        cookies = self.page.cookies()
        self.check("the session's cookie is out of reach of scripts and other sites, and for /app only", cookies and all(
            cookie["httpOnly"] and cookie.get("sameSite") in ("Lax", "Strict") and cookie["path"] == "/app" for cookie in cookies), cookies)

    def first_run(self):
        self.walk.go("/app/overview")
        self.photograph("overview-first-run")
        self.page.click("#first-key")
        self.page.wait_for("#secret")
        secret, curl = self.page.text("#secret"), self.page.text("#curl")
        self.check("the first key comes with a curl of it", secret in curl and curl.startswith("curl "), curl)
        self.photograph("overview-first-key")
        self.check("no request has been counted yet", "Waiting" in self.page.text("#first-request"), self.page.text("#first-request"))
        pasted = subprocess.run(["bash", "--noprofile", "--norc", "-c", curl], capture_output=True, text=True, timeout=30)
        self.check("pasted into a shell as it stands, it says who asks", pasted.returncode == 0 and self.walk.credentials["workspace_id"] in pasted.stdout, pasted)
        self.page.wait_for("#first-request.arrived")
        self.check("the request appears by itself", "1 request" in self.page.text("#first-request"), self.page.text("#first-request"))
        self.check("and the secret is still there to be copied", self.page.text("#secret") == secret)
        self.photograph("overview-first-request")

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
        self.check("the key works", self.walk.status(self.first) == 200, self.walk.status(self.first))

    def reload(self):
        self.page.reload()
        self.check("after a reload the secret is gone", not self.page.has("#secret") and self.first not in self.page.evaluate("document.documentElement.outerHTML"))
        self.check("a reload makes no second key", len(self.rows()) == 1, self.rows())

    def rotate(self):
        self.page.click(f"{self.row()} [data-action=rotate]")
        self.page.wait_for("#secret")
        self.second = self.page.text("#secret")
        self.check("rotating shows a new secret", self.second.startswith("pk_live_") and self.second != self.first)
        self.check("the rotated key works", self.walk.status(self.second) == 200, self.walk.status(self.second))

    def revoke(self):
        self.page.reload()
        with self.page.navigation():
            self.page.click(f"{self.row()} [data-action=revoke]")
        self.photograph("api-keys-revoked")
        self.check("revoked, both secrets are refused", (self.walk.status(self.first), self.walk.status(self.second)) == (401, 401))

    def rows(self):
        """The ids of the rows that speak of our key."""
        return self.page.evaluate("[...document.querySelectorAll('[data-key-id]')].filter(row => row.textContent.includes('browser')).map(row => row.dataset.keyId)")

    def row(self):
        return f'[data-key-id="{self.rows()[0]}"]'


class Invited:
    """Somebody else: an admin invites them in the settings and hands them the link; they choose a password and are in."""

    def __init__(self, walk):
        self.walk, self.page, self.check, self.photograph = walk, walk.page, walk.check, walk.photograph

    def begin(self):
        link = self.invite()
        self.sign_out()
        self.accept(link)

    def invite(self):
        self.walk.go("/app/settings/users")
        self.page.fill("#email", "grace@example.com")
        with self.page.navigation():
            self.page.click("#invite")
        link = self.page.text("#secret")
        self.check("an invitation's link is shown once", link.startswith(self.walk.at("/app/invitation#inv_")), link[:40])
        self.photograph("invited")
        return link

    def sign_out(self):
        with self.page.navigation():
            self.page.click(".column .who button")
        self.walk.go("/app/overview")
        self.check("signed out, a page leads to sign-in", "/app/sign-in" in self.page.address, self.page.address)

    def accept(self, link):
        token = link.split("#")[1]
        self.page.go(link)
        self.check("the token of a link is filled in, and leaves the address", self.page.evaluate("document.querySelector('#token').value") == token
                   and token not in self.page.address, self.page.address)
        self.photograph("invitation")
        self.page.fill("#password", PASSWORD)
        with self.page.navigation():
            self.page.click("form [type=submit]")
        self.check("accepting it signs in", "grace@example.com" in self.page.text(".column .who"), self.page.address)
        self.photograph("overview-of-a-member")
        self.walk.go("/app/invitation")
        self.page.fill("#token", token)
        self.page.fill("#password", PASSWORD)
        with self.walk.refused(422), self.page.navigation():
            self.page.click("form [type=submit]")
        self.check("a second time the token is refused", "has been used" in self.page.text("[role=alert]"), self.page.text("main"))
        self.photograph("invitation-refused")
