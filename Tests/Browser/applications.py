"""Walks what belongs to OAuth: Settings → Applications, and the page where a person says whether an application may act for them."""
import base64
import contextlib
import hashlib
import http.server
import threading
import urllib.parse

VERIFIER = "a-verifier-of-at-least-forty-three-characters.~_"


class Applications:
    path = "/app/settings/applications"

    def __init__(self, walk):
        self.walk, self.page, self.check, self.photograph = walk, walk.page, walk.check, walk.photograph

    def begin(self):
        with application() as (address, answers):
            self.page.go(self.walk.at(self.path))
            self.photograph("applications-none")
            client = self.register_public(address)
            self.register_confidential()
            self.refuse(client, address, answers)
            token = self.allow(client, address, answers)
            self.take_back(token)
            self.delete()

    def register(self, name, kind, address=""):
        self.page.fill("#name", name)
        self.page.click(f"label:has([name=type][value={kind}])")
        self.page.fill("#scopes", "projects:read usage:read")
        if address:
            self.page.fill("#redirect_uris", address)
        with self.page.navigation():
            self.page.click("#register")

    def register_public(self, address):
        self.register("Desk", "public", address)
        client = self.page.text("#secret")
        self.check("a public client is registered with an id and no secret", client.startswith("ocl_") and not self.page.has("#other"), client)
        return client

    def register_confidential(self):
        self.page.go(self.walk.at(self.path))
        self.register("Deploy bot", "confidential")
        secret = self.page.text("#secret")
        self.check("a confidential one with both", secret.startswith("ocs_") and self.page.text("#other").startswith("ocl_"), secret[:4])
        self.photograph("applications-secret")
        self.page.reload()
        self.check("after a reload the secret is gone", secret not in self.page.evaluate("document.documentElement.outerHTML"))
        with self.page.navigation():
            self.page.click(f"{self.row('Deploy bot')} [formaction$=rotation]")
        other = self.page.text("#secret")
        self.check("rotating shows a new secret", other.startswith("ocs_") and other != secret, other[:4])

    def ask(self, client, address):
        challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
        query = {"response_type": "code", "client_id": client, "redirect_uri": address, "scope": "projects:read usage:read", "state": "st & te",
                 "code_challenge": challenge, "code_challenge_method": "S256"}
        self.page.go(self.walk.at("/oauth/authorize?" + urllib.parse.urlencode(query)))

    def refuse(self, client, address, answers):
        self.ask(client, address)
        asked = self.page.text("main")
        self.check("the page says who asks, for whom and for what", all(
            words in asked for words in ("Desk", self.walk.credentials["email"], "Read projects", "Read usage", address.split("/callback")[0])), asked)
        self.photograph("consent")
        with self.page.navigation():
            self.page.click("[value=deny]")
        self.check("a no goes to the application", answers[-1].get("error") == ["access_denied"] and answers[-1].get("state") == ["st & te"], answers)

    def allow(self, client, address, answers):
        self.ask(client, address)
        with self.page.navigation():
            self.page.click("[value=allow]")
        self.check("a yes brings it a code", "code" in answers[-1] and "error" not in answers[-1], answers[-1].keys())
        form = urllib.parse.urlencode({"grant_type": "authorization_code", "client_id": client, "redirect_uri": address,
                                       "code": answers[-1].get("code", [""])[0], "code_verifier": VERIFIER})
        with self.walk.server.client(None) as caller:
            token = caller.call("POST", "/oauth/token", form.encode(), {"Content-Type": "application/x-www-form-urlencoded"}).json["access_token"]
        self.check("and a token that works", self.walk.status(token) == 200)
        return token

    def take_back(self, token):
        self.page.go(self.walk.at(self.path))
        self.check("who acts for one is listed", self.page.has("[data-row^=ogr_]"))
        self.photograph("applications")
        with self.page.navigation():
            self.page.click("[data-row^=ogr_] [formaction$=revocation]")
        self.check("taken back, its token is refused", self.walk.status(token) == 401)

    def delete(self):
        # As without a script: then a page asks.
        with self.page.navigation():
            self.page.evaluate(f"(button => button.form.requestSubmit(button))(document.querySelector('{self.row('Deploy bot')} [formaction$=deletion]'))")
        self.check("deleting asks first", "Deploy bot" in self.page.text("h1"), self.page.text("h1"))
        self.photograph("ask")
        with self.page.navigation():
            self.page.click("#confirm")
        self.check("then the client is gone", "Deploy bot" not in self.page.text("main"))

    def row(self, words):
        found = self.page.evaluate(f"[...document.querySelectorAll('[data-row^=ocl_]')].find(row => row.textContent.includes('{words}')).dataset.row")
        return f'[data-row="{found}"]'


@contextlib.contextmanager
def application():
    """An application on this machine that waits for its answers: its address, and what it was told."""
    answers = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path.startswith("/callback"):
                answers.append(urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query))
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><link rel=icon href=data:,><title>Desk</title><p>Thank you.")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/callback", answers
    finally:
        server.shutdown()
