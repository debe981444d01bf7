#!/usr/bin/env bash
# Runs every test on a PostgreSQL 15 made for this run and gone after it (Debian 12), but for the few that say that they are about SQLite's own
# files; those of the storage on both engines. Then the seeds and kill -9 with the real process.
# Tests and binary must be built. Arguments go on to `swift test`. The server listens on a socket in its temporary directory only, and orders
# text by a language rather than by bytes, as most servers do, so that a query which leans on the default order is found out. It does not sync:
# what a loss of power does to PostgreSQL is not asked here, and kill -9 of our process leaves its server alone.
set -euo pipefail
cd "$(dirname "$0")/.."

bin=/usr/lib/postgresql/15/bin
home=
server=

fail() {
    echo "test-postgres: $*" >&2
    exit 1
}

# initdb and postgres refuse root. setpriv becomes the command, so the process id stays that of the server.
as_postgres() { if [ "$(id -u)" = 0 ]; then exec setpriv --reuid=postgres --regid=postgres --init-groups "$@"; else exec "$@"; fi; }

clean_up() {
    if [ -n "$server" ]; then
        kill -INT "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    if [ -n "$home" ]; then rm -rf "$home"; fi
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

scripts/setup.sh postgresql-15

home=$(mktemp -d /tmp/cloudapi-postgres.XXXXXX)
if [ "$(id -u)" = 0 ]; then chown postgres:postgres "$home"; fi

(as_postgres "$bin/initdb" --pgdata="$home/data" --username=postgres --auth=trust --encoding=UTF8 \
    --locale=C.UTF-8 --locale-provider=icu --icu-locale=en-US) >"$home/initdb.log" 2>&1 || {
    cat "$home/initdb.log" >&2
    fail "initdb failed."
}

(as_postgres "$bin/postgres" -D "$home/data" -k "$home" -c listen_addresses= -c fsync=off -c full_page_writes=off -c wal_level=minimal \
    -c max_wal_senders=0 -c shared_buffers=256MB -c max_connections=300) >"$home/server.log" 2>&1 &
server=$!
for _ in $(seq 300); do
    "$bin/pg_isready" -q -h "$home" -U postgres && break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
done
"$bin/pg_isready" -q -h "$home" -U postgres || {
    cat "$home/server.log" >&2
    fail "PostgreSQL did not start."
}

export CLOUDAPI_TEST_POSTGRES="postgres://postgres@/postgres?host=$home"
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=6
CLOUDAPI_TEST_ENGINE=postgres swift test --skip-build --ignore-lock "$@"

# The real process on databases of their own.
with_database() {
    local suite=$1 name
    shift
    name=$(basename "$suite" .py)
    "$bin/psql" -q -h "$home" -U postgres -c "CREATE DATABASE $name"
    CLOUDAPI_DATABASE="postgres://postgres@/$name?host=$home" python3 "$suite" --binary .build/debug/cloudapi "$@"
}
with_database Tests/Conformance/run.py
with_database Tests/Durability/durability.py --rounds 3
with_database Tests/Conformance/costs.py
with_database Tests/Durability/imports.py
