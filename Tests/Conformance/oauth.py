#!/usr/bin/env python3
"""The authorization server as other people's OAuth software sees it: Authlib and requests-oauthlib, which know nothing of us, complete every flow
against a server process of its own, with a person's browser in between; Apache's mod_auth_openidc asks it about tokens.

    oauth.py --binary .build/debug/cloudapi
"""
import argparse
import html.parser
import os
import sys
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Durability"))
from server import Checks, Server, init, within_venv, workspace

from introspection import behind_tls

PACKAGES = ("Authlib>=1.6,<2", "requests-oauthlib>=2,<3", "requests>=2.32,<3")
REDIRECT = "http://127.0.0.1:49152/callback"


class Inputs(html.parser.HTMLParser):
    """The hidden fields of a page."""

    def __init__(self, page):
        super().__init__()
        self.found = {}
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "input" and attributes.get("type") == "hidden":
            self.found[attributes["name"]] = attributes.get("value", "")


class Person:
    """A browser with a person before it: signs in where asked, and decides."""

    def __init__(self, base, credentials):
        import requests
        self.base, self.credentials, self.browser = base, credentials, requests.Session()

    def visit(self, address, decision="allow"):
        """Follows the address through signing in and the question; answers the address outside ours that it leads to."""
        reply = self.browser.get(address, allow_redirects=False, timeout=20)
        for _ in range(10):
            if reply.is_redirect:
                where = urllib.parse.urljoin(reply.url, reply.headers["Location"])
                if not where.startswith(self.base):
                    return where
                reply = self.browser.get(where, allow_redirects=False, timeout=20)
                continue
            path = urllib.parse.urlsplit(reply.url).path
            fields = Inputs(reply.text).found
            if path == "/app/sign-in":
                fields |= {"email": self.credentials["email"], "password": self.credentials["password"]}
            elif path == "/app/oauth/authorize" and reply.status_code == 200:
                fields["decision"] = decision
            else:
                return reply
            reply = self.browser.post(self.base + path, data=fields, allow_redirects=False, timeout=20)
        raise RuntimeError(f"no end at {reply.url}")


class Suite:
    def __init__(self, server, credentials, checks):
        self.server, self.credentials, self.checks = server, credentials, checks
        self.base = f"http://127.0.0.1:{server.port}"

    def register(self, **body):
        with self.server.client(self.credentials["session_token"]) as client:
            reply = client.call("POST", "/v1/oauth/clients", body)
        assert reply.status == 201, reply
        return reply.json

    def works(self, token):
        with self.server.client(token) as client:
            return client.call("GET", "/v1/projects").status

    def everything(self):
        self.metadata()
        self.authlib()
        self.requests_oauthlib()

    def metadata(self):
        import requests
        from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url
        address = get_well_known_url(self.base, external=True)
        self.found = AuthorizationServerMetadata(requests.get(address, timeout=20).json())
        self.checks.that("Authlib finds the metadata where it looks for them", self.found["issuer"] == self.base, self.found)

    def authlib(self):
        from authlib.common.errors import AuthlibBaseError
        from authlib.integrations.requests_client import OAuth2Session
        bot = self.register(name="Bot", scopes=["projects:read", "usage:read"])
        for method in ("client_secret_basic", "client_secret_post"):
            session = OAuth2Session(bot["id"], bot["client_secret"], token_endpoint_auth_method=method, scope="projects:read")
            token = session.fetch_token(self.found["token_endpoint"], grant_type="client_credentials")
            self.checks.that(f"Authlib gets a token for itself by {method}", token["scope"] == "projects:read" and self.works(token["access_token"]) == 200, token)
            seen = session.introspect_token(self.found["introspection_endpoint"], token=token["access_token"]).json()
            self.checks.that("— and looks into it", seen["active"] and seen["client_id"] == bot["id"], seen)
            status = session.revoke_token(self.found["revocation_endpoint"], token=token["access_token"]).status_code
            self.checks.that("— and takes it back, at once", status == 200 and self.works(token["access_token"]) == 401, status)
            seen = session.introspect_token(self.found["introspection_endpoint"], token=token["access_token"]).json()
            self.checks.that("— after which it is inactive", seen == {"active": False}, seen)
        wrong = OAuth2Session(bot["id"], "ocs_wrong")
        try:
            error = wrong.fetch_token(self.found["token_endpoint"], grant_type="client_credentials")
        except AuthlibBaseError as raised:
            error = raised.error
        self.checks.that("Authlib understands why a wrong secret is refused", error == "invalid_client", error)

        for kind in ("public", "confidential"):
            app = self.register(name=f"{kind} app", type=kind, scopes=["projects:read", "projects:write"], redirect_uris=["http://127.0.0.1/callback"])
            session = OAuth2Session(app["id"], app.get("client_secret"), scope="projects:read", redirect_uri=REDIRECT, code_challenge_method="S256",
                                    token_endpoint_auth_method="none" if kind == "public" else "client_secret_basic")
            verifier = "authlib" * 8
            address, state = session.create_authorization_url(self.found["authorization_endpoint"], code_verifier=verifier)
            answer = Person(self.base, self.credentials).visit(address)
            parameters = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer).query))
            self.checks.that(f"Authlib's {kind} client gets its code, its state and who answered (RFC 9207)",
                             answer.startswith(REDIRECT) and parameters.get("state") == state and parameters.get("iss") == self.found["issuer"], answer)
            token = session.fetch_token(self.found["token_endpoint"], authorization_response=answer, code_verifier=verifier, state=state)
            self.checks.that("— and tokens for it", self.works(token["access_token"]) == 200, token)
            fresh = session.refresh_token(self.found["token_endpoint"], refresh_token=token["refresh_token"])
            self.checks.that("— and the next ones", fresh["refresh_token"] != token["refresh_token"] and self.works(fresh["access_token"]) == 200, fresh)
            session.revoke_token(self.found["revocation_endpoint"], token=fresh["refresh_token"])
            self.checks.that("— and gives all of them back", self.works(fresh["access_token"]) == 401)
            try:
                error = session.fetch_token(self.found["token_endpoint"], authorization_response=answer, code_verifier=verifier, state=state)
            except AuthlibBaseError as raised:
                error = raised.error
            self.checks.that("— and its code is good no more", error == "invalid_grant", error)

    def requests_oauthlib(self):
        from oauthlib.oauth2 import BackendApplicationClient, OAuth2Error
        from requests_oauthlib import OAuth2Session
        bot = self.register(name="Other bot", scopes=["projects:read"])
        session = OAuth2Session(client=BackendApplicationClient(client_id=bot["id"]))
        token = session.fetch_token(self.found["token_endpoint"], client_id=bot["id"], client_secret=bot["client_secret"])
        reply = session.get(f"{self.base}/v1/projects")
        self.checks.that("requests-oauthlib gets a token for itself and reads the projects with it", reply.status_code == 200 and token["scope"] == ["projects:read"], reply.text)

        app = self.register(name="Their app", type="public", scopes=["projects:read"], redirect_uris=[REDIRECT])
        session = OAuth2Session(app["id"], redirect_uri=REDIRECT, scope=["projects:read"], pkce="S256", auto_refresh_url=self.found["token_endpoint"],
                                auto_refresh_kwargs={"client_id": app["id"]}, token_updater=lambda token: None)
        address, _ = session.authorization_url(self.found["authorization_endpoint"])
        person = Person(self.base, self.credentials)
        answer = person.visit(address)
        token = session.fetch_token(self.found["token_endpoint"], authorization_response=answer, include_client_id=True)
        self.checks.that("requests-oauthlib completes the code flow with PKCE", session.get(f"{self.base}/v1/projects").status_code == 200, token)
        fresh = session.refresh_token(self.found["token_endpoint"], client_id=app["id"])
        self.checks.that("— and refreshes", fresh["refresh_token"] != token["refresh_token"] and session.get(f"{self.base}/v1/projects").status_code == 200, fresh)

        denied = OAuth2Session(app["id"], redirect_uri=REDIRECT, scope=["projects:read"], pkce="S256")
        address, _ = denied.authorization_url(self.found["authorization_endpoint"])
        try:
            error = denied.fetch_token(self.found["token_endpoint"], authorization_response=person.visit(address, "deny"), include_client_id=True)
        except OAuth2Error as raised:
            error = raised.error
        self.checks.that("— and learns that a person said no", error == "access_denied", error)
        plain = OAuth2Session(app["id"], redirect_uri=REDIRECT, scope=["projects:read"])
        address, _ = plain.authorization_url(self.found["authorization_endpoint"])
        answer = person.visit(address)
        self.checks.that("— and gets nowhere without PKCE", isinstance(answer, str) and "error=invalid_request" in answer, answer)
        elsewhere = OAuth2Session(app["id"], redirect_uri="https://evil.example/", scope=["projects:read"], pkce="S256")
        address, _ = elsewhere.authorization_url(self.found["authorization_endpoint"])
        answer = person.visit(address)
        self.checks.that("— and nobody is sent to an address that is not registered", not isinstance(answer, str) and answer.status_code == 400, answer)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, type=Path)
    options = parser.parse_args()
    within_venv(*PACKAGES)
    checks = Checks()
    with workspace() as folder:
        credentials = init(options.binary.resolve(), folder / "data")
        server = Server(options.binary, folder / "data", folder / "server.log")
        behind_tls(server, credentials, folder, checks)
        # From here on without TLS, which these libraries refuse unless told otherwise.
        os.environ |= {"AUTHLIB_INSECURE_TRANSPORT": "1", "OAUTHLIB_INSECURE_TRANSPORT": "1"}
        with server.start():
            Suite(server, credentials, checks).everything()
            log = server.log.read_text(errors="replace")
            checks.that("no token, code or secret stands in the server's log", not any(prefix in log for prefix in ("oat_", "ort_", "oac_", "ocs_")))
    return checks.ended()


if __name__ == "__main__":
    sys.exit(main())
