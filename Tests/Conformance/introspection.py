"""Our server behind TLS under a public address, as a resource server of somebody else's sees it: Apache with mod_auth_openidc, which takes https only."""
import subprocess
import time

from apache import PAGE, ResourceServer
from server import HOST

PUBLIC = "https://cloud.example.com"


def behind_tls(server, credentials, folder, checks):
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=IP:{HOST}",
                    "-keyout", key, "-out", certificate], check=True, capture_output=True)
    server.start(ready=None, CLOUDAPI_PUBLIC_URL=PUBLIC, CLOUDAPI_TLS_CERTIFICATE=str(certificate), CLOUDAPI_TLS_KEY=str(key))
    with server:
        public = Public(server, credentials, certificate, checks)
        public.metadata()
        public.introspection()


class Public:
    def __init__(self, server, credentials, certificate, checks):
        import requests
        self.base, self.credentials, self.certificate, self.checks = f"https://{HOST}:{server.port}", credentials, certificate, checks
        self.browser = self.trusting(requests.Session())
        deadline = time.monotonic() + 20
        while True:
            try:
                self.browser.get(f"{self.base}/readyz", timeout=5).raise_for_status()
                return
            except requests.RequestException as error:
                if time.monotonic() > deadline:
                    raise RuntimeError(f"no answer behind TLS:\n{server.tail()}") from error
            time.sleep(0.02)

    def trusting(self, session):
        """Our certificate and no other, whatever this machine's environment says."""
        session.trust_env, session.verify = False, str(self.certificate)
        return session

    def metadata(self):
        from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url
        found = self.browser.get(get_well_known_url(self.base, external=True), timeout=20).json()
        complaint = None
        try:
            AuthorizationServerMetadata(found).validate()
        except ValueError as error:
            complaint = error
        self.checks.that("Authlib's validator takes the metadata as they are", complaint is None and found["issuer"] == PUBLIC, (complaint, found))

    def register(self, name, *scopes):
        made = self.browser.post(f"{self.base}/v1/oauth/clients", json={"name": name, "scopes": scopes}, timeout=20,
                                 headers={"Authorization": f"Bearer {self.credentials['session_token']}"})
        assert made.status_code == 201, made.text
        return made.json()

    def introspection(self):
        from authlib.integrations.requests_client import OAuth2Session
        bot = self.register("Caller", "projects:read", "usage:read")
        session = self.trusting(OAuth2Session(bot["id"], bot["client_secret"]))
        door = self.register("Door", "projects:read")
        for method in ("client_secret_basic", "client_secret_post"):
            wide, narrow = (session.fetch_token(f"{self.base}/oauth/token", grant_type="client_credentials", scope=scope)["access_token"]
                            for scope in ("projects:read usage:read", "projects:read"))
            with ResourceServer(endpoint=f"{self.base}/oauth/introspect", client=door["id"], secret=door["client_secret"], method=method,
                                certificate=self.certificate).running() as apache:
                reply = apache.get(token=wide)
                self.checks.that(f"Apache asks by {method} and lets a live token in", reply.status == 200 and reply.body.decode() == PAGE, reply)
                seen = apache.get("/narrow.txt", wide).status, apache.get("/narrow.txt", narrow).status
                self.checks.that("— by its scopes, where it is told to", seen == (200, 401), seen)
                seen = apache.get(token="oat_unknown").status, apache.get().status
                self.checks.that("— neither an unknown one nor nobody", seen == (401, 401), seen)
                session.revoke_token(f"{self.base}/oauth/revoke", token=wide)
                seen = apache.get(token=wide).status, apache.get(token=narrow).status
                self.checks.that("— a revoked one no more at its very next request, while another still is", seen == (401, 200), seen)
