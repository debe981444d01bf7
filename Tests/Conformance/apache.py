"""Apache with Debian's mod_auth_openidc in front of a page of its own: a resource server that asks ours about every token it is shown (RFC 7662),
and knows nothing else of us. It runs from a temporary folder on a port of loopback and is ended by its id."""
import contextlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Durability"))
from server import HOST, Client, die_with_parent, free_port

APACHE = "/usr/sbin/apache2"
MODULES = "/usr/lib/apache2/modules"
PAGE = "behind the door\n"

# An interval of -1 asks about a token anew whenever it comes.
CONFIGURATION = """
ServerRoot {folder}
ServerName {host}
Listen {host}:{port}
PidFile {folder}/pid
ErrorLog {folder}/error.log
User www-data
Group www-data
{modules}
DocumentRoot {folder}/site
OIDCOAuthIntrospectionEndpoint {endpoint}
OIDCOAuthClientID {client}
OIDCOAuthClientSecret {secret}
OIDCOAuthIntrospectionEndpointAuth {method}
OIDCOAuthRemoteUserClaim client_id
OIDCCABundlePath {certificate}
<Location "/">
    AuthType oauth20
    OIDCOAuthTokenIntrospectionInterval -1
    Require valid-user
</Location>
<Location "/narrow.txt">
    AuthType oauth20
    Require claim "scope~(^| )usage:read( |$)"
</Location>
"""


class ResourceServer:
    """`endpoint`, `client`, `secret` and `method` are for asking about tokens; `certificate` is of who is asked."""

    def __init__(self, **asking):
        self.asking, self.port = asking, free_port()

    def get(self, path="/page.txt", token=None):
        with Client(self.port, token) as client:
            return client.call("GET", path)

    @contextlib.contextmanager
    def running(self):
        with tempfile.TemporaryDirectory(prefix="cloudapi-apache-") as folder:
            self.furnish(Path(folder))
            with (Path(folder) / "error.log").open("ab") as log:
                process = subprocess.Popen([APACHE, "-f", f"{folder}/apache.conf", "-D", "FOREGROUND"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                           preexec_fn=die_with_parent)
            try:
                self.wait(process, Path(folder) / "error.log")
                yield self
            finally:
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()

    def furnish(self, folder):
        folder.chmod(0o755)  # Apache's workers are not who started it
        (folder / "site").mkdir()
        certificate = folder / "certificate.pem"
        certificate.write_bytes(self.asking.pop("certificate").read_bytes())
        certificate.chmod(0o644)
        for name in ("page.txt", "narrow.txt"):
            (folder / "site" / name).write_text(PAGE)
        modules = "\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in ("mpm_event", "authn_core", "authz_core", "authz_user", "auth_openidc"))
        (folder / "apache.conf").write_text(CONFIGURATION.format(folder=folder, host=HOST, port=self.port, modules=modules, certificate=certificate, **self.asking))
        (folder / "apache.conf").chmod(0o600)

    def wait(self, process, log):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(OSError):
                if self.get().status == 401:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"Apache did not start: {log.read_text(errors='replace')[-800:]}")
