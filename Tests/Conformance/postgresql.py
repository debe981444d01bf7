#!/usr/bin/env python3
"""What an operator meets with PostgreSQL: bad addresses and bad servers, each told in a sentence and exit status 1; TLS; a database that goes
away and comes back under a running server; the move from SQLite.

    postgresql.py --binary .build/debug/cloudapi
"""
import argparse
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "Durability"))
from postgres import Postgres
from server import HOST, Checks, Client, Server, audit, every, free_port, init, run, workspace

HBA = f"""
local all all trust
hostnossl tls all {HOST}/32 reject
host secret all {HOST}/32 scram-sha-256
host all all {HOST}/32 trust
host replication all {HOST}/32 trust
"""


class Suite(Checks):
    def __init__(self, binary, folder, postgres):
        self.binary, self.folder, self.postgres = Path(binary).resolve(), folder, postgres

    def doctor(self, address, environment=None, data="doctor"):
        return run([self.binary, "doctor", "--data", self.folder / data, "--database", address], environment)

    def refuses(self, name, address, *words, environment=None):
        """`serve` and `doctor` both end with 1 and one sentence with these words in it, no trace and no password."""
        try:
            served = run([self.binary, "serve", "--data", self.folder / "refused", "--listen", f"{HOST}:0", "--database", address], environment, within=20)
        except subprocess.TimeoutExpired:
            self.that(f"{name}: serve ends with 1 and says why", False, "it serves")
            return
        line = served.stderr.strip()
        self.that(f"{name}: serve ends with 1 and says why", served.returncode == 1 and all(word in line for word in words) and "sw0rd" not in line and line.count("\n") == 0, line)
        looked = self.doctor(address, environment)
        bad = [line for line in looked.stdout.splitlines() if line.startswith("BAD")]
        self.that(f"{name}: doctor says it too", looked.returncode == 1 and any(all(word in line for word in words) for line in bad), looked.stdout + looked.stderr)

    def accepts(self, name, address, environment=None):
        made = run([self.binary, "migrate", "--data", self.folder / "accepted", "--database", address], environment)
        self.that(name, made.returncode == 0, made.stderr + made.stdout)

    # bad addresses, bad servers

    def bad_configurations(self):
        postgres = self.postgres
        self.refuses("nobody listens there", f"postgres://postgres@{HOST}:{free_port()}/x", "Connection refused", "Check that PostgreSQL runs there")
        self.refuses("a host nobody knows", "postgres://postgres@nowhere.invalid/x", "could not translate host name", "check the URL")
        self.refuses("no such database", postgres.address("absent"), 'database "absent" does not exist', "Make the database")
        self.refuses("no such role", postgres.address("secret", user="nobody", password="sw0rd"), "password authentication failed", "PGPASSWORD")
        self.refuses("a wrong password", postgres.address("secret", user="ada", password="wr0ng-sw0rd"), "password authentication failed", "Check the user and the password")
        self.accepts("the right password", postgres.address("secret", user="ada", password="right-sw0rd"))
        self.accepts("the right password from PGPASSWORD, and all else from PG*", "postgres://",
                     {"PGHOST": HOST, "PGPORT": str(postgres.port), "PGUSER": "ada", "PGPASSWORD": "right-sw0rd", "PGDATABASE": "secret"})
        self.refuses("a database that is set to read only", postgres.address("frozen"), "read only")
        self.refuses("somebody else's database", postgres.address("foreign"), "it has a table customers")
        self.refuses("a role that may make no tables", postgres.address("plain", user="guest"), "permission denied for schema public", "GRANT CREATE ON SCHEMA public")
        newer = postgres.database("newer")
        self.accepts("an empty database", newer)
        postgres.sql("INSERT INTO migrations (id, applied_at) VALUES ('9999-future', 0)", "newer")
        self.refuses("a database of a newer version", newer, "made by a newer version", "9999-future")
        postgres.sql("UPDATE migrations SET id = 'move-in-progress' WHERE id = '9999-future'", "newer")
        self.refuses("a database that is half moved", newer, "half moved")
        older = postgres.database("older")
        postgres.sql("CREATE TABLE migrations (id TEXT PRIMARY KEY, applied_at BIGINT NOT NULL)", "older")
        looked = self.doctor(older)
        self.that("a database that is half migrated: doctor says which command mends it", looked.returncode == 1 and "Run cloudapi migrate" in looked.stdout, looked.stdout)
        self.accepts("and that command mends it", older)
        self.refuses("an address to listen at where nobody is", older, "Connection refused", environment={"CLOUDAPI_DATABASE_LISTEN": f"postgres://postgres@{HOST}:{free_port()}/older"})
        plain = run([self.binary, "serve", "--data", self.folder / "x", "--database", "mysql://x"])
        self.that("an address that is none", plain.returncode == 1 and "postgres://user@host/name" in plain.stderr, plain.stderr)

    def standby(self):
        with workspace() as folder:
            standby = Postgres(folder / "standby")
            standby.home.mkdir()
            standby.own(folder)
            standby.own(standby.home)
            folder.chmod(0o755)
            self.postgres.tool("pg_basebackup", "-h", HOST, "-p", self.postgres.port, "-U", "postgres", "-D", standby.data, "--write-recovery-conf", "--checkpoint=fast")
            try:
                standby.start()
                self.refuses("a standby", standby.address("plain"), "standby that only reads", "name the primary")
            finally:
                standby.stop()

    def tls(self):
        postgres = self.postgres
        self.refuses("TLS is asked for by the server, and switched off here", postgres.address("tls", sslmode="disable"), "pg_hba.conf rejects", "sslmode=require")
        self.accepts("TLS without a look at the certificate", postgres.address("tls", sslmode="require"))
        self.accepts("TLS by PGSSLMODE", postgres.address("tls"), {"PGSSLMODE": "require"})
        self.accepts("TLS with the authority named", postgres.address("tls", sslmode="verify-ca", sslrootcert=postgres.home / "ca.pem"))
        self.accepts("TLS with the name checked", postgres.address("tls", sslmode="verify-full", sslrootcert=postgres.home / "ca.pem").replace(HOST, "localhost"))
        self.refuses("an authority that is another", postgres.address("tls", sslmode="verify-ca", sslrootcert=postgres.home / "other.pem"), "certificate verify failed", "sslrootcert=")
        self.refuses("a certificate for another name", postgres.address("tls", sslmode="verify-full", sslrootcert=postgres.home / "ca.pem"), "does not match host name", "use that name")

    # a database that goes away

    def interruptions(self):
        address = self.postgres.database("going")
        environment = {"CLOUDAPI_DATABASE": address}
        credentials = init(self.binary, self.folder / "going", environment)
        with Server(self.binary, self.folder / "going", self.folder / "going.log", environment).start() as server:
            with server.client(credentials["api_key"]) as client:
                self.that("it serves", client.call("POST", "/v1/projects", {"name": "before"}).status == 201)
                self.postgres.stop()
                replies = [client.call("GET", "/v1/projects") for _ in range(20)]
                self.that("without the database every answer is 503, retryable, with Retry-After",
                          all(reply.status == 503 and reply.json["retryable"] and "retry-after" in reply.headers for reply in replies), replies[-1])
                begun = time.monotonic()
                for _ in range(20):
                    client.call("GET", "/v1/projects")
                self.that("and comes at once", time.monotonic() - begun < 5, time.monotonic() - begun)
                self.that("it lives", client.call("GET", "/healthz").status == 200)
                self.that("and is not ready", client.call("GET", "/readyz").status == 503)
                self.postgres.start()
                begun = time.monotonic()
                while client.call("GET", "/v1/projects").status != 200 and time.monotonic() - begun < 20:
                    time.sleep(0.05)
                self.that("when the database is back it serves within 6 s", time.monotonic() - begun < 6, time.monotonic() - begun)
                self.that("what was written is there", [p["name"] for p in every(client, "/v1/projects")].count("before") == 1)
                self.postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'going' AND pid <> pg_backend_pid()")
                reply = client.call("POST", "/v1/projects", {"name": "after"})
                self.that("connections that the server cuts are made anew unseen", reply.status == 201, reply)
            self.that("it stops gracefully", server.stop() == 0)
        verified, said = audit_on(self.binary, self.folder / "going", environment)
        self.that("its chains verify", verified, said)

    # the move

    def move(self):
        data = self.folder / "moving"
        credentials = init(self.binary, data)
        with Server(self.binary, data, self.folder / "moving.log").start() as server, server.client(credentials["api_key"]) as client:
            for number in range(50):
                client.call("POST", "/v1/projects", {"name": f"project {number}"}, {"Idempotency-Key": f"key-{number}"})
            webhook = client.call("POST", "/v1/webhooks", {"url": "https://hooks.example.com/x", "events": ["*"]})
            before = {path: every(client, path) for path in ("/v1/projects", "/v1/webhooks", "/v1/api-keys", "/v1/alerts") if client.call("GET", path).status == 200}
            target = self.postgres.database("moved")
            running = run([self.binary, "migrate", "--from", data, "--to", target])
            self.that("a running server is not moved", running.returncode == 1 and "Another server runs" in running.stderr, running.stderr)
            server.stop()
        begun = time.monotonic()
        cut = subprocess.Popen([str(self.binary), "migrate", "--from", str(data), "--to", target], stdout=subprocess.PIPE, text=True)
        for line in cut.stdout:
            if line.startswith("events:"):
                break
        cut.kill()
        cut.wait()
        served = run([self.binary, "serve", "--data", data, "--database", target, "--listen", f"{HOST}:0"])
        self.that("a move that was killed leaves nothing that is served", served.returncode == 1 and "half moved" in served.stderr, served.stderr)
        moved = run([self.binary, "migrate", "--from", data, "--to", target])
        self.that("and begins anew", moved.returncode == 0 and "the same on both sides" in moved.stdout, moved.stderr + moved.stdout)
        print(f"      moved twice in {time.monotonic() - begun:.1f} s: {[line for line in moved.stdout.splitlines() if 'tables,' in line]}")
        again = run([self.binary, "migrate", "--from", data, "--to", target])
        self.that("a target that is not empty is refused", again.returncode == 1 and "not empty" in again.stderr, again.stderr)
        environment = {"CLOUDAPI_DATABASE": target}
        with Server(self.binary, data, self.folder / "moved.log", environment).start() as server, server.client(credentials["api_key"]) as client:
            after = {path: every(client, path) for path in before}
            for path in before:
                self.that(f"{path} is as it was", [o.get("id", o.get("key_id")) for o in before[path]] == [o.get("id", o.get("key_id")) for o in after[path]], (before[path], after[path]))
            again = client.call("POST", "/v1/projects", {"name": "project 7"}, {"Idempotency-Key": "key-7"})
            self.that("idempotency keys are remembered", again.headers.get("idempotent-replayed") == "true", again)
            secret = client.call("GET", f"/v1/webhooks/{webhook.json['id']}")
            self.that("what was sealed opens", secret.status == 200, secret)
            self.that("it goes on", client.call("POST", "/v1/projects", {"name": "new"}).status == 201)
        verified, said = audit_on(self.binary, data, environment)
        self.that(f"the chains verify: {said}", verified, said)
        self.drill(credentials, data, {path: len(objects) for path, objects in after.items()})
        stranger = run([self.binary, "serve", "--data", self.folder / "stranger", "--listen", f"{HOST}:0"], environment)
        self.that("a server with another vault key is refused", stranger.returncode == 1 and "vault key" in stranger.stderr, stranger.stderr)


    def drill(self, credentials, data, counts):
        """The restore that docs/operations.md tells people to practise: a dump, an empty database, the vault key."""
        postgres, dump = self.postgres, self.postgres.home / "moved.dump"
        where = ["--host", postgres.home, "--port", postgres.port, "--username", "postgres"]
        postgres.tool("pg_dump", *where, "--format=custom", "--file", dump, "moved")
        fresh = self.folder / "fresh"
        fresh.mkdir(mode=0o700)
        shutil.copy2(data / "key", fresh / "key")
        environment = {"CLOUDAPI_DATABASE": postgres.database("restored")}
        postgres.tool("pg_restore", *where, "--exit-on-error", "--dbname", "restored", dump)
        verified, said = audit_on(self.binary, fresh, environment)
        self.that(f"a dump, restored: the chains verify: {said}", verified, said)
        looked = run([self.binary, "doctor", "--data", fresh], environment)
        self.that("doctor finds nothing", looked.returncode == 0, looked.stdout + looked.stderr)
        with Server(self.binary, fresh, self.folder / "restored.log", environment).start() as server, server.client(credentials["api_key"]) as client:
            found = {path: len(every(client, path)) for path in counts}
            self.that("it serves the same to the same key", found["/v1/projects"] == counts["/v1/projects"] + 1 and found["/v1/webhooks"] == counts["/v1/webhooks"], (found, counts))


def audit_on(binary, data, environment):
    verified = run([binary, "audit", "verify", "--data", data, "--json"], environment)
    if verified.returncode:
        return False, (verified.stdout + verified.stderr).strip()
    return True, f"{sum(chain['rows'] for chain in json.loads(verified.stdout)['chains'])} rows of the log verified"


def certificates(home):
    """An authority, a certificate of it for localhost, and another authority."""
    def openssl(*arguments):
        subprocess.run(["openssl", *[str(part) for part in arguments]], check=True, capture_output=True)
    for name in ("ca", "other"):
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 2, "-subj", f"/CN={name}", "-keyout", home / f"{name}.key", "-out", home / f"{name}.pem")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", home / "server.key", "-out", home / "server.csr")
    (home / "names").write_text("subjectAltName=DNS:localhost")
    openssl("x509", "-req", "-in", home / "server.csr", "-CA", home / "ca.pem", "-CAkey", home / "ca.key", "-CAcreateserial", "-days", 2, "-extfile", home / "names", "-out", home / "server.pem")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--only", help="one part: bad_configurations, standby, tls, interruptions, move")
    options = parser.parse_args()
    with workspace() as folder:
        postgres = Postgres(hba=HBA)
        certificates(postgres.home)
        for file in postgres.home.iterdir():
            postgres.own(file)
        (postgres.home / "server.key").chmod(0o600)
        postgres.home.chmod(0o755)
        postgres.settings |= {"ssl": "on", "ssl_cert_file": postgres.home / "server.pem", "ssl_key_file": postgres.home / "server.key", "password_encryption": "scram-sha-256"}
        with postgres:
            for statement in ("CREATE ROLE ada LOGIN PASSWORD 'right-sw0rd'", "CREATE ROLE guest LOGIN", "CREATE DATABASE secret OWNER ada", "CREATE DATABASE plain",
                              "CREATE DATABASE tls", "CREATE DATABASE frozen", "ALTER DATABASE frozen SET default_transaction_read_only = on", "CREATE DATABASE foreign_one"):
                postgres.sql(statement)
            postgres.sql("ALTER DATABASE foreign_one RENAME TO \"foreign\"")
            postgres.sql("CREATE TABLE customers (id BIGINT)", "foreign")
            suite = Suite(options.binary, folder, postgres)
            for part in (suite.bad_configurations, suite.standby, suite.tls, suite.interruptions, suite.move):
                if options.only in (None, part.__name__):
                    part()
            return suite.ended()


if __name__ == "__main__":
    sys.exit(main())
