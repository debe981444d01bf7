"""PgBouncer, pooling by session, in front of a PostgreSQL. Debian's package of that name."""
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from postgres import as_postgres
from server import HOST, die_with_parent, free_port

PROGRAM = Path("/usr/sbin/pgbouncer")


class Bouncer:
    def __init__(self, node=None):
        self.home, self.port, self.running = Path(tempfile.mkdtemp(prefix="cloudapi-bouncer.")), free_port(), None
        self.enter = node.enter if node else []
        if self.home.owner() == "root":
            shutil.chown(self.home, "postgres", "postgres")

    def point_at(self, postgres):
        """Writes where the databases are; one that runs reads it anew."""
        (self.home / "pgbouncer.ini").write_text(f"""[databases]
* = host={postgres.host} port={postgres.port} user=postgres
[pgbouncer]
listen_addr = {HOST}
listen_port = {self.port}
unix_socket_dir =
auth_type = any
pool_mode = session
server_login_retry = 1
query_wait_timeout = 10
tcp_user_timeout = 30000
tcp_keepidle = 15
tcp_keepintvl = 5
tcp_keepcnt = 3
ignore_startup_parameters = extra_float_digits
""")
        if self.running:
            self.running.send_signal(signal.SIGHUP)
        return self

    def start(self):
        with (self.home / "bouncer.log").open("ab") as log:
            self.running = subprocess.Popen(self.enter + as_postgres([PROGRAM, self.home / "pgbouncer.ini"]), stdout=log, stderr=log, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)
        return self

    def kill(self):
        self.running.kill()
        self.running.wait(10)

    def address(self, name):
        return f"postgres://postgres@{HOST}:{self.port}/{name}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.running and self.running.poll() is None:
            self.kill()
        shutil.rmtree(self.home, ignore_errors=True)
