"""A private PostgreSQL server, made for a suite and gone after it; its port stays the same over every restart."""
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from server import HOST, die_with_parent, free_port

BIN = Path(os.environ.get("POSTGRES_BIN", "/usr/lib/postgresql/15/bin"))


class Postgres:
    """`settings` are lines of postgresql.conf; `durable` False leaves out fsync, where a loss of power is not the question. `node` is the place in a
    network where it runs (network.py)."""

    def __init__(self, folder=None, durable=False, hba=None, node=None, **settings):
        self.home = Path(folder or tempfile.mkdtemp(prefix="cloudapi-postgres."))
        self.data, self.port, self.running = self.home / "data", free_port(), None
        self.hba, self.host, self.enter = hba, node.address if node else HOST, node.enter if node else []
        self.settings = {"listen_addresses": self.host, "port": self.port, "unix_socket_directories": str(self.home), "max_connections": 200,
                         "fsync": "on" if durable else "off", "full_page_writes": "on" if durable else "off"} | settings

    def create(self):
        self.own(self.home)
        self.tool("initdb", "--pgdata", self.data, "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8",
                  "--locale-provider=icu", "--icu-locale=en-US")
        return self

    def follow(self, primary, name):
        """Becomes a standby of `primary`, which knows it by that name."""
        self.own(self.home)
        self.tool("pg_basebackup", "--pgdata", self.data, "--checkpoint=fast", "--no-sync", "--write-recovery-conf",
                  "--dbname", f"host={primary.host} port={primary.port} user=postgres application_name={name}")
        return self

    def tool(self, name, *arguments, check=True):
        done = subprocess.run(self.enter + as_postgres([BIN / name, *arguments]), capture_output=True, text=True, timeout=120)
        if check and done.returncode:
            raise RuntimeError(f"{name}: {done.stderr}{done.stdout}")
        return done

    def own(self, path):
        if os.getuid() == 0:
            shutil.chown(path, "postgres", "postgres")

    def start(self, within=30):
        if self.hba:
            (self.data / "pg_hba.conf").write_text(self.hba)
        with (self.home / "server.log").open("ab") as log:
            flags = [part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")]
            self.running = subprocess.Popen(self.enter + as_postgres([BIN / "postgres", "-D", self.data, *flags]), stdout=log, stderr=log, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            if subprocess.run([str(BIN / "pg_isready"), "-q", "-h", str(self.home), "-p", str(self.port)]).returncode == 0:
                return self
            if self.running.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError("PostgreSQL did not start:\n" + (self.home / "server.log").read_text()[-2000:])

    def stop(self, how=signal.SIGINT):
        """SIGINT is a fast stop; SIGQUIT leaves as a crash does."""
        if self.running and self.running.poll() is None:
            self.running.send_signal(how)
            self.running.wait(60)

    def kill(self):
        """All of its processes at once, as a machine that fails takes them with it; returns when they are gone."""
        self.running.send_signal(signal.SIGSTOP)  # so that it starts no more of them
        those = children(self.running.pid)
        self.running.kill()
        for pid in those:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.running.wait(60)
        while any(Path(f"/proc/{pid}").exists() for pid in those):
            time.sleep(0.01)

    def sql(self, statement, database="postgres"):
        done = subprocess.run([str(BIN / "psql"), "-X", "-q", "-At", "-h", str(self.home), "-p", str(self.port), "-U", "postgres", "-d", database, "-c", statement],
                              capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise RuntimeError(f"{statement}: {done.stderr}")
        return done.stdout.strip()

    def database(self, name):
        """Makes a database and answers its address."""
        self.sql(f"CREATE DATABASE {name}")
        return self.address(name)

    def address(self, name, user="postgres", password=None, **parameters):
        query = "&".join(f"{key}={value}" for key, value in parameters.items())
        return f"postgres://{user}{':' + password if password else ''}@{self.host}:{self.port}/{name}" + (f"?{query}" if query else "")

    def socket_address(self, name):
        """The address for who runs on this machine but not in the same network."""
        return f"postgres://postgres@/{name}?host={self.home}&port={self.port}"

    def __enter__(self):
        return self.create().start()

    def __exit__(self, *_):
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.stop()
        shutil.rmtree(self.home, ignore_errors=True)


def as_postgres(command):
    """initdb and postgres refuse root. setpriv becomes the command, so the process id stays that of the server."""
    prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--pdeathsig=SIGKILL"] if os.getuid() == 0 else []
    return [str(part) for part in prefix + command]


def children(pid):
    """The processes that this one has started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
    return found
