"""What the walks have in common: a server begun for one of them, a browser, what was found, and the last look at the console."""
import argparse
import contextlib
import sys
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Durability"))
from inspection import WINDOWS, Inspection
from server import BUILD, Checks, Server, init, within_venv, workspace

PACKAGES = ("websocket-client", "standardwebhooks>=1,<2")


class Walk:
    """A person before a browser: `page` is what they look at, `check` what they expect, `photograph` what is done on every page."""

    def __init__(self, page, server, credentials, shots):
        self.page, self.server, self.credentials, self.shots = page, server, credentials, shots
        self.checks = Checks()
        self.check, self.photograph = self.checks.that, Inspection(page, self.checks, shots).photograph
        self.page.look(*WINDOWS["desktop"], "light")

    def at(self, path):
        return f"http://127.0.0.1:{self.server.port}{path}"

    def go(self, path):
        self.page.go(self.at(path))

    def sign_in(self, email=None, password=None):
        self.go("/app/sign-in")
        self.page.fill("[name=email]", email or self.credentials["email"])
        self.page.fill("[name=password]", password or self.credentials["password"])
        with self.page.navigation():
            self.page.click("form [type=submit], form button")

    def client(self, name="api_key", **options):
        return self.server.client(self.credentials[name], **options)

    def status(self, secret, path="/v1/projects"):
        with self.server.client(secret) as client:
            return client.call("GET", path).status

    @contextlib.contextmanager
    def refused(self, status):
        """What is done inside is answered with that status, of which the browser's console speaks."""
        yield
        self.page.evaluate("0")
        self.page.faults[:] = [fault for fault in self.page.faults if f"status of {status}" not in fault]


def run(kind, about, environment=None):
    """Runs the walk `kind` from its start to its end, or to what stopped it, and answers the exit status."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--shots", type=Path, default=BUILD / "screenshots")
    options = parser.parse_args()
    within_venv(*PACKAGES)
    from chromium import chromium
    options.shots.mkdir(parents=True, exist_ok=True)
    with workspace() as folder:
        credentials = init(options.binary, folder / "data")
        with Server(options.binary, folder / "data", folder / "server.log", environment).start() as server, chromium() as page:
            walk = kind(page, server, credentials, options.shots)
            try:
                walk.begin()
            except Exception as error:  # whatever stopped it: told with where, and with a last photograph where the browser still answers
                walk.check("the walk came to its end", False, f"{error}\n{''.join(traceback.format_tb(error.__traceback__)[-4:])}")
                with contextlib.suppress(Exception):
                    page.shot(options.shots / f"stopped-{kind.__name__.lower()}.png")
            walk.check("nothing in the console, no violation of the content security policy", not page.faults, page.faults)
    return walk.checks.ended()
